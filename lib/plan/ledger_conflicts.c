/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_conflicts.h"

#include "ledger_claims.h"

static void add(struct ledger *ledger, struct server_entry *entry)
{
	ledger->conflicts = memory_grow(ledger->conflicts, ledger->conflict_count,
					&ledger->conflict_capacity, sizeof(*ledger->conflicts));
	ledger->conflicts[ledger->conflict_count++] = entry;
	entry->conflict = (uint32_t)ledger->conflict_count;
}

static void drop(struct ledger *ledger, struct server_entry *entry)
{
	struct server_entry *last = ledger->conflicts[--ledger->conflict_count];

	ledger->conflicts[entry->conflict - 1] = last;
	last->conflict = entry->conflict;
	entry->conflict = 0;
}

void ledger_conflicts_follow(struct ledger *ledger, struct server_entry *entry)
{
	/* One for the cluster is contested whenever the one for everybody is. */
	bool is_conflict =
		entry->claimant_count > 1 && entry->held.key.client_scope == CLIENT_SCOPE_ANY;

	if (!is_conflict && !entry->conflict)
		return;
	ledger->conflict_version++;
	if (!is_conflict)
		drop(ledger, entry);
	else if (!entry->conflict)
		add(ledger, entry);
}

uint64_t ledger_conflicts_version(const struct ledger *ledger)
{
	return ledger->conflict_version;
}

void ledger_conflicts_of(const struct ledger *ledger, const struct virtual_server_key *server,
			 size_t limit, void (*visit)(void *owner, const char *loser), void *owner)
{
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	const struct claimant *claimants, *winner;

	if (!entry || entry->claimant_count < 2)
		return;
	claimants = ledger_servers_claimants(entry);
	winner = ledger_claims_winner(entry);
	for (uint32_t i = 0; i < entry->claimant_count && limit; i++) {
		if (&claimants[i] == winner)
			continue;
		visit(owner, claimants[i].service->key);
		limit--;
	}
}

void ledger_conflicts_each(const struct ledger *ledger, size_t limit,
			   void (*visit)(void *owner, const struct ledger_conflict *conflict),
			   void *owner)
{
	for (size_t i = 0; i < ledger->conflict_count && limit; i++) {
		struct server_entry *entry = ledger->conflicts[i];
		const struct claimant *claimants = ledger_servers_claimants(entry);
		const struct claimant *winner = ledger_claims_winner(entry);
		struct ledger_conflict conflict = {.server = &entry->held.key,
						   .winner = winner->service->key};

		for (uint32_t k = 0; k < entry->claimant_count && limit; k++) {
			if (&claimants[k] == winner)
				continue;
			conflict.loser = claimants[k].service->key;
			visit(owner, &conflict);
			limit--;
		}
	}
}
