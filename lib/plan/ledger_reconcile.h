/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_RECONCILE_H
#define PLAN_LEDGER_RECONCILE_H

#include "ledger_tables.h"

/*
 * One object: what is wanted against what is held gives changes, after which it is held as they
 * leave it. @changes are appended.
 */

/** ledger_reconcile_server() - may drop @entry */
void ledger_reconcile_server(struct ledger *ledger, struct server_entry *entry, uint64_t now,
			     struct changes *changes);

/** ledger_reconcile_element() - may drop @entry */
void ledger_reconcile_element(struct ledger *ledger, struct element_entry *entry,
			      struct changes *changes);

/** ledger_reconcile_drop_server() - forget one that nobody wants and the kernel has not, unless it
 * is still to be settled or its removal is not confirmed */
void ledger_reconcile_drop_server(struct ledger *ledger, struct server_entry *entry);

/** ledger_reconcile_remove_server() - of one that nobody claims */
void ledger_reconcile_remove_server(struct ledger *ledger, struct server_entry *entry,
				    struct changes *changes);

/** ledger_reconcile_remove_destination() - that has drained */
void ledger_reconcile_remove_destination(const struct virtual_server_key *server,
					 const struct destination *destination,
					 struct changes *changes);

/** ledger_reconcile_result() - the outcome of a change that was emitted */
void ledger_reconcile_result(struct ledger *ledger, const struct change *change, uint64_t now);

#endif
