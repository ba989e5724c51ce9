/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_sources.h"

#include "lib/base/memory.h"
#include "packed_member.h"
#include "service_state.h"

#include <string.h>
#include <uthash.h>

/* @value: as of struct packed_member */
struct left_source {
	struct left_source *next;
	uint8_t value[];
};

struct left_sources {
	UT_hash_handle hh;
	struct virtual_server_key key;
	struct left_source *first;
};

static struct left_sources *find(const struct ledger_sources *sources,
				 const struct virtual_server_key *key)
{
	struct left_sources *entry;

	HASH_FIND(hh, sources->table, key, sizeof(*key), entry);
	return entry;
}

void ledger_sources_clear(struct ledger_sources *sources)
{
	struct left_sources *entry, *next;

	HASH_ITER (hh, sources->table, entry, next) {
		HASH_DEL(sources->table, entry);
		ledger_sources_free(entry->first);
		free(entry);
	}
}

void ledger_sources_add(struct ledger_sources *sources, const struct set_member *member)
{
	const struct virtual_server_key key = service_state_server_of(member);
	struct packed_member packed = packed_member_of(member);
	struct left_sources *entry = find(sources, &key);
	struct left_source *source;

	if (!entry) {
		entry = memory_allocate(sizeof(*entry));
		entry->key = key;
		HASH_ADD(hh, sources->table, key, sizeof(entry->key), entry);
	}
	source = memory_allocate(offsetof(struct left_source, value) + packed.length);
	memcpy(source->value, packed.bytes, packed.length);
	source->next = entry->first;
	entry->first = source;
}

struct left_source *ledger_sources_take(struct ledger_sources *sources,
					const struct virtual_server_key *key)
{
	struct left_sources *entry = find(sources, key);
	struct left_source *chain;

	if (!entry)
		return NULL;
	chain = entry->first;
	HASH_DEL(sources->table, entry);
	free(entry);
	return chain;
}

bool ledger_sources_next(struct left_source **chain, struct set_member *ret)
{
	struct left_source *first = *chain;

	if (!first)
		return false;
	*ret = packed_member_value(first->value);
	*chain = first->next;
	free(first);
	return true;
}

void ledger_sources_free(struct left_source *chain)
{
	struct set_member member;

	while (ledger_sources_next(&chain, &member))
		continue;
}
