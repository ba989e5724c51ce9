/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_elements.h"

#include "lib/base/memory.h"
#include "packed_member.h"

#include <string.h>

void ledger_elements_clear(struct ledger_elements *elements)
{
	struct element_entry *entry, *next;

	for (size_t kind = 0; kind < ELEMENT_KIND_COUNT; kind++) {
		SHARDS_EACH (elements->tables[kind], entry, next) {
			ledger_elements_drop(elements, entry);
		}
	}
	free(take(&elements->dirty));
	elements->dirty_count = elements->dirty_capacity = 0;
}

struct element_entry *ledger_elements_find(const struct ledger_elements *elements,
					   const struct set_member *value)
{
	struct packed_member packed = packed_member_of(value);
	struct element_entry *entry;

	SHARDS_FIND(elements->tables[value->kind], packed.bytes, packed.length, entry);
	return entry;
}

struct element_entry *ledger_elements_get(struct ledger_elements *elements,
					  const struct set_member *value)
{
	struct packed_member packed = packed_member_of(value);
	struct element_entry *entry;
	unsigned int hash;

	HASH_VALUE(packed.bytes, packed.length, hash);
	SHARDS_FIND_BYHASHVALUE(elements->tables[value->kind], packed.bytes, packed.length, hash,
				entry);
	if (!entry) {
		entry = memory_allocate(offsetof(struct element_entry, value) + packed.length);
		memcpy(entry->value, packed.bytes, packed.length);
		SHARDS_ADD_BYHASHVALUE(elements->tables[value->kind], entry->value, packed.length,
				       hash, entry);
	}
	return entry;
}

struct set_member ledger_elements_of_address(const struct address *address)
{
	struct set_member value;

	memset(&value, 0, sizeof(value));
	value.kind = ELEMENT_KIND_ADDRESS;
	value.family = (uint8_t)address->family;
	value.address = *address;
	return value;
}

void ledger_elements_mark_dirty(struct ledger_elements *elements, struct element_entry *entry)
{
	if (entry->is_dirty)
		return;
	elements->dirty = memory_grow(elements->dirty, elements->dirty_count,
				      &elements->dirty_capacity, sizeof(*elements->dirty));
	elements->dirty[elements->dirty_count++] = entry;
	entry->is_dirty = true;
}

void ledger_elements_set_held(struct ledger_elements *elements, struct element_entry *entry,
			      bool is_held)
{
	bool is_address = packed_member_value(entry->value).kind == ELEMENT_KIND_ADDRESS;
	size_t *count = is_address ? &elements->held_addresses : &elements->held_members;

	*count += is_held;
	*count -= entry->is_held;
	entry->is_held = is_held;
}

void ledger_elements_drop(struct ledger_elements *elements, struct element_entry *entry)
{
	SHARDS_DELETE(elements->tables[packed_member_value(entry->value).kind], entry);
	free(entry);
}
