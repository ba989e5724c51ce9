/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_FAILURES_H
#define PLAN_LEDGER_FAILURES_H

#include "ledger_types.h"

#include <stdbool.h>
#include <uthash.h>

/**
 * struct failed_object - names what the kernel refused
 * @server:   of a virtual server, else zero
 * @element:  of an element (see ledger_elements.h), else zero
 *
 * Without padding, unused fields zero: compare and hash it as bytes.
 */
struct failed_object {
	struct virtual_server_key server;
	struct set_member element;
};

/**
 * struct failure - a refused object that waits for another try
 * @code:       negative errno
 * @is_trying:  tried again by changes that were not reported yet
 */
struct failure {
	UT_hash_handle hh;
	struct failed_object object;
	uint64_t retry_at;
	unsigned int attempts;
	int code;
	bool is_trying;
};

/** struct ledger_failures - all of them, in the order in which they failed first: failure.hh.next
 */
struct ledger_failures {
	struct failure *first;
};

void ledger_failures_clear(struct ledger_failures *failures);
size_t ledger_failures_count(const struct ledger_failures *failures);

struct failure *ledger_failures_of_server(const struct ledger_failures *failures,
					  const struct virtual_server_key *key);
struct failure *ledger_failures_of_element(const struct ledger_failures *failures,
					   const struct set_member *value);

/** ledger_failures_add_server() - the kernel refused the server, or one of its destinations */
void ledger_failures_add_server(struct ledger_failures *failures,
				const struct virtual_server_key *key, int code, uint64_t now,
				const struct ledger_options *options);
void ledger_failures_add_element(struct ledger_failures *failures, const struct set_member *value,
				 int code, uint64_t now, const struct ledger_options *options);

/** ledger_failures_remove() - NULL is fine */
void ledger_failures_remove(struct ledger_failures *failures, struct failure *failure);

/** ledger_failures_remove_tried() - those that were tried, and did not fail again */
void ledger_failures_remove_tried(struct ledger_failures *failures);

/** ledger_failures_next_retry() - when the first may be tried; UINT64_MAX = never */
uint64_t ledger_failures_next_retry(const struct ledger_failures *failures);

#endif
