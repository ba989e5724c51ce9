/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_TYPES_H
#define PLAN_LEDGER_TYPES_H

#include "proxy_state.h"

#include <stddef.h>
#include <stdint.h>

/* What the ledger is told and what it tells, as values. Times are in milliseconds. */

/**
 * struct ledger_options
 * @drain_milliseconds:        how long a destination that lost its endpoint may keep its
 *                             connections
 * @retry_first_milliseconds:  wait before a failed object is tried again; doubles each time up to
 * @retry_max_milliseconds:    this
 * @order_seed:                where the list of a new virtual server's destinations begins; nodes
 *                             with different seeds send their first connections to different ones.
 *                             0 = it is sorted
 */
struct ledger_options {
	uint64_t drain_milliseconds;
	uint64_t retry_first_milliseconds;
	uint64_t retry_max_milliseconds;
	uint32_t order_seed;
};

/**
 * enum claim_state - how a Service's wish for one virtual server fares
 *   PROGRAMMED  the kernel holds it
 *   FAILED      the kernel refused it, or one of its destinations; it will be tried again
 *   CONFLICT    another Service has it, see ledger_claims_winner()
 */
enum claim_state { CLAIM_STATE_PROGRAMMED, CLAIM_STATE_FAILED, CLAIM_STATE_CONFLICT };

/**
 * struct claim_report
 * @winner:     key of the Service that has it, in case of CONFLICT; valid until the next change
 * @code:       negative errno in case of FAILED
 * @element_code: 0, or the negative errno with which its address, or a set member that it needs,
 *              failed
 * @draining:   destinations with weight 0
 */
struct claim_report {
	enum claim_state state;
	const char *winner;
	int code;
	int element_code;
	uint32_t draining;
};

/** struct ledger_conflict - two Services claim @server; the keys are valid until the next change */
struct ledger_conflict {
	const struct virtual_server_key *server;
	const char *winner;
	const char *loser;
};

/** struct ledger_counts - for metrics and status */
struct ledger_counts {
	size_t servers;
	size_t destinations;
	size_t members;
	size_t addresses;
};

#endif
