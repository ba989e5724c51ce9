/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_FAKE_KERNEL_H
#define FAKE_FAKE_KERNEL_H

#include "lib/base/memory.h"
#include "lib/plan/changes.h"
#include "lib/plan/ledger.h"
#include "lib/plan/proxy_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct fake_server - a virtual server; @destinations sorted by destination_compare() */
struct fake_server {
	struct virtual_server server;
	struct destination_usage *destinations;
	size_t destination_count;
	size_t destination_capacity;
};

/**
 * struct fake_kernel - what IPVS, ipset and the dummy interface would hold, in memory
 * @servers:    sorted by their key's bytes
 * @members:    sorted by their bytes
 * @addresses:  sorted by address_compare()
 * @applied:    changes carried out or refused so far
 * @redundant:  of those, successful ones that changed nothing
 * @fail_in:    the how manieth change from now on is refused with @fail_code; 0 = none
 *
 * Public to read. Answers as the kernel does, with the errors that lib/kernel passes on: adding a
 * server or destination that exists is -EEXIST, a missing server -ESRCH, a missing destination
 * -ENOENT; adding a present member or address, or removing a missing one, is a success. Removing a
 * server removes its destinations. All sets and the dummy interface exist.
 */
struct fake_kernel {
	struct fake_server *servers;
	size_t server_count;
	size_t server_capacity;
	struct set_member *members;
	size_t member_count;
	size_t member_capacity;
	struct address *addresses;
	size_t address_count;
	size_t address_capacity;
	size_t applied;
	size_t redundant;
	size_t fail_in;
	int fail_code;
};

struct fake_kernel *fake_kernel_new(void);
void fake_kernel_free(struct fake_kernel *kernel);
AUTO_FREE_DEFINE(fake_kernel);

/** fake_kernel_copy() - an independent kernel that holds the same; the caller frees it */
struct fake_kernel *fake_kernel_copy(const struct fake_kernel *kernel);

/** fake_kernel_is_equal() - same objects; connections and the counters do not matter */
bool fake_kernel_is_equal(const struct fake_kernel *a, const struct fake_kernel *b);

/**
 * fake_kernel_fail() - refuse the @nth change from now on (1 = the next one)
 * @code:  the negative errno that it gets; nothing is altered then
 */
void fake_kernel_fail(struct fake_kernel *kernel, size_t nth, int code);

/**
 * fake_kernel_apply() - carry out changes in the order given
 *
 * Each gets its result. To cut a sequence, pass only its beginning.
 * Return: how many were refused
 */
size_t fake_kernel_apply(struct fake_kernel *kernel, struct change *changes, size_t count);

/**
 * fake_kernel_observe() - tell @ledger everything that one facility holds
 *
 * ledger_observe_begin(), every object, ledger_observe_end(); Return: what that returned
 */
size_t fake_kernel_observe(const struct fake_kernel *kernel, struct ledger *ledger,
			   enum facility facility, uint64_t now, struct changes *changes);

/** fake_kernel_drain() - ledger_drain_server() for every server that has draining destinations */
void fake_kernel_drain(const struct fake_kernel *kernel, struct ledger *ledger, uint64_t now,
		       struct changes *changes);

/** fake_kernel_find_server() - NULL if there is none */
struct fake_server *fake_kernel_find_server(const struct fake_kernel *kernel,
					    const struct virtual_server_key *key);

/** fake_server_find_destination() - by address and port; NULL if there is none */
struct destination_usage *fake_server_find_destination(const struct fake_server *server,
						       const struct destination *destination);

bool fake_kernel_has_member(const struct fake_kernel *kernel, const struct set_member *member);
bool fake_kernel_has_address(const struct fake_kernel *kernel, const struct address *address);

#endif
