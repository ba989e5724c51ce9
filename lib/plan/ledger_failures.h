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
	struct failure *previous, *next; /* in a queue */
	struct failed_object object;
	uint64_t retry_at;
	unsigned int attempts;
	int code;
	bool is_trying;
};

#define FAILURE_QUEUES 32

/**
 * struct ledger_failures - all of them, so that a few can be tried at a time
 * @table:    by object
 * @waiting:  by attempts: all of a queue wait equally long, so that the first is the first to be
 *            tried; the last queue is for all that are beyond
 * @trying:   those that are
 */
struct ledger_failures {
	struct failure *table;
	struct failure *waiting[FAILURE_QUEUES];
	struct failure *trying;
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

/** ledger_failures_try() - it is tried now */
void ledger_failures_try(struct ledger_failures *failures, struct failure *failure);

/**
 * ledger_failures_remove_tried() - those that were tried, and did not fail again
 * @budget:  so many at most; what was used is taken off
 * Return: whether that were all
 */
bool ledger_failures_remove_tried(struct ledger_failures *failures, size_t *budget);

/** ledger_failures_due() - one whose time has come; NULL: there is none */
struct failure *ledger_failures_due(const struct ledger_failures *failures, uint64_t now);

/** ledger_failures_next_retry() - when the first may be tried; UINT64_MAX = never */
uint64_t ledger_failures_next_retry(const struct ledger_failures *failures);

#endif
