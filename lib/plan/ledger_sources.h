/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_SOURCES_H
#define PLAN_LEDGER_SOURCES_H

#include "proxy_state.h"

#include <stdbool.h>

/*
 * Allowed sources (loadBalancerSourceRanges) that the kernel was found to hold and no Service claimed
 * then, by virtual server. Of other members about a virtual server it is known which there can be; of
 * these there is any number. They are remembered until somebody claims the virtual server, or all are
 * swept: nothing is kept about Services that have none.
 */
struct ledger_sources {
	struct left_sources *table;
};

/** struct left_source - a chain of them; NULL: none */
struct left_source;

void ledger_sources_clear(struct ledger_sources *sources);

/** ledger_sources_add() - @member is of a set of allowed sources */
void ledger_sources_add(struct ledger_sources *sources, const struct set_member *member);

/** ledger_sources_take() - those of the virtual server, which are forgotten here; the caller goes
 *  through the chain to its end with ledger_sources_next(), or frees it */
struct left_source *ledger_sources_take(struct ledger_sources *sources,
					const struct virtual_server_key *key);

/** ledger_sources_next() - take the first off; Return: whether there was one */
bool ledger_sources_next(struct left_source **chain, struct set_member *ret);

void ledger_sources_free(struct left_source *chain);

#endif
