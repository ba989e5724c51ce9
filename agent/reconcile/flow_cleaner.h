/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FLOW_CLEANER_H
#define AGENT_FLOW_CLEANER_H

#include "health.h"
#include "lib/base/error.h"
#include "lib/kernel/conntrack.h"
#include "lib/plan/changes.h"

#include <ev.h>

/** struct flow_cleaner - lets UDP clients notice what changed: see conntrack.h */
struct flow_cleaner;

/**
 * struct flow_cleaner_observer
 * @lost:    the conntrack table cannot be read, and why; "" = it can again
 * @walked:  it was walked, or that failed
 */
struct flow_cleaner_observer {
	void *owner;
	void (*lost)(void *owner, enum health_part part, const char *reason);
	void (*walked)(void *owner, const struct conntrack_report *report);
};

/** flow_cleaner_new() - @observer: copied */
int flow_cleaner_new(struct ev_loop *loop, const struct flow_cleaner_observer *observer,
		     struct flow_cleaner **ret, struct error *err);
void flow_cleaner_free(struct flow_cleaner *cleaner);

/**
 * flow_cleaner_follow() - after a batch of changes was applied
 *
 * UDP only. A removed destination, a removed virtual server, a new virtual server, and flows that
 * went nowhere while there was no destination (the VIP itself counts as who would answer).
 */
void flow_cleaner_follow(struct flow_cleaner *cleaner, const struct changes *changes);

#endif
