/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_CONFLICTS_H
#define PLAN_LEDGER_CONFLICTS_H

#include "ledger_types.h"

struct ledger;
struct server_entry;

/* Virtual servers that several Services claim; only one of them gets it, see ledger_claims.h. */

/** ledger_conflicts_follow() - the claims on @entry have settled */
void ledger_conflicts_follow(struct ledger *ledger, struct server_entry *entry);

/** ledger_conflicts_version() - another number whenever ledger_conflicts_each() may have other news
 */
uint64_t ledger_conflicts_version(const struct ledger *ledger);

/** ledger_conflicts_each() - every Service that does without a server, in no particular order; at
 *  most @limit */
void ledger_conflicts_each(const struct ledger *ledger, size_t limit,
			   void (*visit)(void *owner, const struct ledger_conflict *conflict),
			   void *owner);

/** ledger_conflicts_of() - the Services that do without @server, which another one has, by their
 *  keys; at most @limit */
void ledger_conflicts_of(const struct ledger *ledger, const struct virtual_server_key *server,
			 size_t limit, void (*visit)(void *owner, const char *loser), void *owner);

#endif
