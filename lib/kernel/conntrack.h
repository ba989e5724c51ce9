/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_CONNTRACK_H
#define KERNEL_CONNTRACK_H

#include "lib/base/address.h"
#include "lib/base/error.h"
#include "lib/base/ip_family.h"

#include <ev.h>
#include <stddef.h>

/**
 * struct conntrack - forgets UDP flows that lead to where no endpoint is any more
 *
 * A UDP flow has no end, so its conntrack entry keeps steering a client's packets for as long as it
 * sends. Entries to be deleted are gathered; one walk over the table, in slices on the loop, serves
 * all that were gathered when it begins. A walk that fails is done again, with sockets of its own.
 * Source: kube-proxy 1.32 pkg/proxy/conntrack/cleanup.go, which does the same after each sync.
 */
struct conntrack;

/**
 * struct stale_flow - UDP entries to be deleted
 * @destination, @port:  what the client sends to
 * @endpoint:            who answers, so far; family 0 = whoever
 */
struct stale_flow {
	struct address destination;
	struct address endpoint;
	uint16_t port;
};

/**
 * struct conntrack_report - how a walk ended
 * @families:       it looked for entries of; bits
 * @deleted:        entries
 * @seconds:        it took
 * @error:          code 0 if the walk is complete
 * @retry_seconds:  after a failure, when the next walk looks for the same; 0 = none does, after many
 *                  failures: what is left ends by its own timeout
 */
struct conntrack_report {
	unsigned int families;
	size_t deleted[IP_FAMILY_COUNT];
	double seconds;
	const struct error *error;
	double retry_seconds;
};

/** conntrack_open() - @on_done: after each walk */
int conntrack_open(struct ev_loop *loop,
		   void (*on_done)(void *owner, const struct conntrack_report *report), void *owner,
		   struct conntrack **ret, struct error *err);
void conntrack_close(struct conntrack *conntrack);

/** conntrack_clear() - gather; a walk begins a moment later, or after the one under way */
void conntrack_clear(struct conntrack *conntrack, const struct stale_flow *flow);

#endif
