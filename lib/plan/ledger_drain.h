/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_DRAIN_H
#define PLAN_LEDGER_DRAIN_H

#include "changes.h"

struct ledger;

/* Destinations that lost their endpoint and wait for their connections to end; how they come to
 * wait is told in ledger_reconcile.c. */

/** ledger_drain_count() - destinations with weight 0 that wait for their connections to end */
size_t ledger_drain_count(const struct ledger *ledger);

/** ledger_drain_each() - every virtual server that has a draining destination, once */
void ledger_drain_each(struct ledger *ledger,
		       void (*visit)(void *owner, const struct virtual_server_key *server),
		       void *owner);

/**
 * ledger_drain_each_destination() - those of one virtual server that drain
 * @visit:  @since is when that began, in milliseconds of the ledger's clock and to the second; for
 *          what an earlier agent let drain, when this one found it; 0 = more than 18 hours before
 *          its end, and not known
 */
void ledger_drain_each_destination(const struct ledger *ledger,
				   const struct virtual_server_key *server,
				   void (*visit)(void *owner, const struct destination *destination,
						 uint64_t since),
				   void *owner);

/**
 * ledger_drain_server() - look at the connections of a server's draining destinations
 * @usages:  all destinations of the server as just read; removal is appended for those without
 *           connections or past their deadline
 */
void ledger_drain_server(struct ledger *ledger, const struct virtual_server_key *server,
			 const struct destination_usage *usages, size_t count, uint64_t now,
			 struct changes *changes);

#endif
