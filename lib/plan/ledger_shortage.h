/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_SHORTAGE_H
#define PLAN_LEDGER_SHORTAGE_H

#include "ledger_tables.h"

#include <stdbool.h>

/* Services that get less than they want because of what others have: service_state.is_node_full. */

/** ledger_shortage_follow() - a Service is one of them, or not; @key is copied */
void ledger_shortage_follow(struct ledger *ledger, const char *key, bool is_short);

/** ledger_has_shortage() - there are such Services */
bool ledger_has_shortage(const struct ledger *ledger);

/** ledger_shortage_each() - their keys, valid during the call */
void ledger_shortage_each(const struct ledger *ledger, void (*visit)(void *owner, const char *key),
			  void *owner);

void ledger_shortage_clear(struct ledger *ledger);

#endif
