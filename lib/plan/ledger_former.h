/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_FORMER_H
#define PLAN_LEDGER_FORMER_H

#include "ledger_tables.h"
#include "lib/objects/store.h"
#include "service_state.h"

/*
 * Former VIPs: those that a Service has no longer. For a time the ledger claims them itself, on the
 * dummy interface and in the set of all VIPs, so that they are verified and repaired like any other:
 * the node answers for them, and refuses what comes. Without that, packets of connections that were
 * open would leave by the default route, and get no answer.
 *
 * Not while the ledger is ahead of the kernel, but for the moment before a Service is replaced.
 */

/** struct former_filter - @is_taken: whether @address is somebody else's than a Service's */
struct former_filter {
	bool (*is_taken)(void *owner, const struct address *address);
	void *owner;
};

/**
 * ledger_former_keep() - the VIPs that a Service is about to lose, but for those that are taken
 * @view:   that Service; what it, or another one, goes on naming without wanting it as a VIP is for
 *          somebody else to serve, and not kept
 * @after:  what it wants from now on
 */
void ledger_former_keep(struct ledger *ledger, const struct service_view *view,
			const struct service_state *after, const struct former_filter *filter,
			uint64_t now);

/** ledger_former_add() - one of them, or one that is told to have been */
void ledger_former_add(struct ledger *ledger, const struct address *address, uint64_t now);

/** ledger_former_yield() - @address is somebody's again; it goes at once unless a Service claims it */
void ledger_former_yield(struct ledger *ledger, const struct address *address);

/** ledger_former_yield_taken() - all those that are */
void ledger_former_yield_taken(struct ledger *ledger, const struct former_filter *filter);

/**
 * ledger_former_expire() - those go that were kept for @milliseconds
 * @limit:  of addresses; of the rest the time has still come
 */
void ledger_former_expire(struct ledger *ledger, uint64_t milliseconds, uint64_t now, size_t limit);

/** ledger_former_next() - when ledger_former_expire() has work; UINT64_MAX = never */
uint64_t ledger_former_next(const struct ledger *ledger, uint64_t milliseconds);

/** ledger_former_each() - in the order in which they were kept */
void ledger_former_each(const struct ledger *ledger,
			void (*visit)(void *owner, const struct address *address), void *owner);

/** ledger_former_count() - addresses that are kept */
size_t ledger_former_count(const struct ledger *ledger);

/** ledger_former_clear() - forget them, and leave the kernel alone */
void ledger_former_clear(struct ledger *ledger);

#endif
