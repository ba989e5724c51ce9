/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_servers.h"

#include "lib/base/memory.h"

#include <string.h>
#include <utlist.h>

void ledger_servers_clear(struct ledger_servers *servers)
{
	struct server_entry *entry, *next;

	SHARDS_EACH (servers->table, entry, next) {
		ledger_servers_drop(servers, entry);
	}
	free(take(&servers->dirty));
	servers->dirty_count = servers->dirty_capacity = 0;
}

struct server_entry *ledger_servers_find(const struct ledger_servers *servers,
					 const struct virtual_server_key *key)
{
	struct server_entry *entry;

	SHARDS_FIND(servers->table, key, sizeof(*key), entry);
	return entry;
}

struct server_entry *ledger_servers_get(struct ledger_servers *servers,
					const struct virtual_server_key *key)
{
	struct server_entry *entry;
	unsigned int hash;

	HASH_VALUE(key, sizeof(*key), hash);
	SHARDS_FIND_BYHASHVALUE(servers->table, key, sizeof(*key), hash, entry);
	if (!entry) {
		entry = memory_allocate(sizeof(*entry));
		entry->held.key = *key;
		SHARDS_ADD_BYHASHVALUE(servers->table, &entry->held.key, sizeof(entry->held.key),
				       hash, entry);
	}
	return entry;
}

void ledger_servers_mark_dirty(struct ledger_servers *servers, struct server_entry *entry)
{
	if (entry->is_dirty)
		return;
	servers->dirty = memory_grow(servers->dirty, servers->dirty_count, &servers->dirty_capacity,
				     sizeof(*servers->dirty));
	servers->dirty[servers->dirty_count++] = entry;
	entry->is_dirty = true;
}

void ledger_servers_drop(struct ledger_servers *servers, struct server_entry *entry)
{
	ledger_servers_set_destinations(servers, entry, NULL, 0);
	SHARDS_DELETE(servers->table, entry);
	if (entry->claimant_count > 1)
		free(entry->claimants);
	free(entry);
}

struct claimant *ledger_servers_claimants(struct server_entry *entry)
{
	return entry->claimant_count < 2 ? &entry->claimant : entry->claimants;
}

static void count_held(struct ledger_servers *servers, const struct server_entry *entry)
{
	servers->held_count += entry->state == SERVER_STATE_HELD;
	servers->held_destination_count += entry->destination_count;
}

static void discount_held(struct ledger_servers *servers, const struct server_entry *entry)
{
	servers->held_count -= entry->state == SERVER_STATE_HELD;
	servers->held_destination_count -= entry->destination_count;
}

void ledger_servers_add_claimant(struct ledger_servers *servers, struct server_entry *entry,
				 struct claimant claimant)
{
	uint32_t count = entry->claimant_count;
	struct claimant *claimants;

	if (!count) {
		entry->claimant = claimant;
		count_held(servers, entry);
	} else {
		claimants = memory_array(count + 1U, sizeof(*claimants));
		memcpy(claimants, ledger_servers_claimants(entry), count * sizeof(*claimants));
		claimants[count] = claimant;
		if (count > 1)
			free(entry->claimants);
		entry->claimants = claimants;
	}
	entry->claimant_count++;
}

void ledger_servers_remove_claimant(struct ledger_servers *servers, struct server_entry *entry,
				    uint32_t position)
{
	struct claimant *claimants = ledger_servers_claimants(entry);

	claimants[position] = claimants[--entry->claimant_count];
	if (entry->claimant_count == 1) {
		entry->claimant = claimants[0];
		free(claimants);
	}
	if (!entry->claimant_count)
		discount_held(servers, entry);
}

void ledger_servers_set_state(struct ledger_servers *servers, struct server_entry *entry,
			      enum server_state state)
{
	if (entry->claimant_count)
		discount_held(servers, entry);
	entry->state = state;
	if (entry->claimant_count)
		count_held(servers, entry);
}

uint32_t ledger_servers_draining_count(const struct server_entry *entry)
{
	return entry->draining ? entry->draining->count : 0;
}

static void set_draining(struct ledger_servers *servers, struct server_entry *entry, uint32_t count)
{
	struct draining *draining = entry->draining;

	servers->draining_count += count;
	servers->draining_count -= ledger_servers_draining_count(entry);
	if (count && !draining) {
		draining = entry->draining = memory_allocate(sizeof(*draining));
		draining->server = entry;
		DL_APPEND2(servers->draining, draining, previous, next);
	}
	if (draining)
		draining->count = count;
	if (!count && draining) {
		DL_DELETE2(servers->draining, draining, previous, next);
		free(take(&entry->draining));
	}
}

void ledger_servers_set_destinations(struct ledger_servers *servers, struct server_entry *entry,
				     struct held_destination *destinations, uint32_t count)
{
	uint32_t draining = 0;

	for (uint32_t i = 0; i < count; i++)
		draining += destinations[i].drain_deadline != 0;
	set_draining(servers, entry, draining);

	if (destinations != entry->destinations)
		free(entry->destinations);
	entry->destinations = destinations;
	if (entry->claimant_count) {
		servers->held_destination_count += count;
		servers->held_destination_count -= entry->destination_count;
	}
	entry->destination_count = count;
}

uint32_t ledger_servers_find_destination(const struct server_entry *entry,
					 const struct destination *destination, bool *is_found)
{
	uint32_t low = 0, high = entry->destination_count;

	*is_found = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order =
			destination_compare(&entry->destinations[middle].destination, destination);

		if (order == 0) {
			*is_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void ledger_servers_remove_destination(struct ledger_servers *servers, struct server_entry *entry,
				       uint32_t position)
{
	struct held_destination *destinations = entry->destinations;
	uint32_t rest = entry->destination_count - position - 1;

	memmove(destinations + position, destinations + position + 1, rest * sizeof(*destinations));
	ledger_servers_set_destinations(servers, entry, destinations, entry->destination_count - 1);
}

void ledger_servers_insert_destination(struct ledger_servers *servers, struct server_entry *entry,
				       uint32_t position,
				       const struct held_destination *destination)
{
	uint32_t count = entry->destination_count;
	struct held_destination *grown = memory_array(count + 1U, sizeof(*grown));

	if (count) {
		memcpy(grown, entry->destinations, position * sizeof(*grown));
		memcpy(grown + position + 1, entry->destinations + position,
		       (count - position) * sizeof(*grown));
	}
	grown[position] = *destination;
	ledger_servers_set_destinations(servers, entry, grown, count + 1);
}
