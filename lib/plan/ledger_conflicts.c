/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

void ledger_contest_begin(struct ledger *ledger, struct server_entry *entry)
{
	/* One for the cluster is contested whenever the one for everybody is. */
	if (entry->held.key.client_scope != CLIENT_SCOPE_ANY)
		return;
	if (entry->is_contested || entry->claimant_count < 2)
		return;
	ledger->contested = memory_grow(ledger->contested, ledger->contested_count,
					&ledger->contested_capacity, sizeof(*ledger->contested));
	ledger->contested[ledger->contested_count++] = entry;
	entry->is_contested = true;
}

void ledger_contest_end(struct ledger *ledger, struct server_entry *entry)
{
	size_t i = 0;

	if (!entry->is_contested)
		return;
	while (ledger->contested[i] != entry)
		i++;
	ledger->contested[i] = ledger->contested[--ledger->contested_count];
	entry->is_contested = false;
}

void ledger_contest_settle(struct ledger *ledger, struct server_entry *entry)
{
	if (!entry->is_contested)
		return;
	ledger->conflict_version++;
	if (entry->claimant_count < 2)
		ledger_contest_end(ledger, entry);
}

uint64_t ledger_conflict_version(const struct ledger *ledger)
{
	return ledger->conflict_version;
}

void ledger_each_conflict(const struct ledger *ledger,
			  void (*visit)(void *user, const struct ledger_conflict *conflict),
			  void *user)
{
	for (size_t i = 0; i < ledger->contested_count; i++) {
		const struct server_entry *entry = ledger->contested[i];
		const struct claimant *claimants = ledger_server_claimants(entry);
		const struct claimant *winner = ledger_server_winner(entry);

		for (uint32_t k = 0; k < entry->claimant_count; k++) {
			const struct ledger_conflict conflict = {.server = &entry->held.key,
								 .winner = winner->service->key,
								 .loser =
									 claimants[k].service->key};

			if (&claimants[k] != winner)
				visit(user, &conflict);
		}
	}
}
