/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "distinct.h"

#include "lib/base/memory.h"

#include <string.h>
#include <uthash.h>

#define SLOTS_MIN 32

/* So many are compared one by one, which is less work than a table; most Services have no more. */
#define FEW 8

static const void *item_of(const struct distinct *distinct, const void *items, uint32_t slot)
{
	return (const uint8_t *)items + (slot - 1) * distinct->item_size;
}

/* The slot with an item that begins with @key, or the free one where it belongs. */
static uint32_t *find(const struct distinct *distinct, const void *items, const void *key)
{
	size_t mask = distinct->slot_count - 1, at;
	unsigned int hash;

	HASH_VALUE(key, distinct->key_size, hash);
	at = hash & mask;
	while (distinct->slots[at] &&
	       memcmp(item_of(distinct, items, distinct->slots[at]), key, distinct->key_size) != 0)
		at = (at + 1) & mask;
	return &distinct->slots[at];
}

static void grow(struct distinct *distinct, const void *items)
{
	free(distinct->slots);
	distinct->slot_count = distinct->slot_count ? 2 * distinct->slot_count : SLOTS_MIN;
	distinct->slots = memory_array(distinct->slot_count, sizeof(*distinct->slots));
	for (uint32_t slot = 1; slot <= distinct->count; slot++)
		*find(distinct, items, item_of(distinct, items, slot)) = slot;
}

void distinct_clear(struct distinct *distinct)
{
	free(take(&distinct->slots));
	distinct->slot_count = 0;
	distinct->count = 0;
}

static bool is_among_few(const struct distinct *distinct, const void *items, const void *key,
			 uint32_t *ret)
{
	for (uint32_t slot = 1; slot <= distinct->count; slot++) {
		*ret = slot - 1;
		if (memcmp(item_of(distinct, items, slot), key, distinct->key_size) == 0)
			return true;
	}
	return false;
}

bool distinct_add(struct distinct *distinct, const void *items, const void *key, uint32_t *ret)
{
	uint32_t *slot;

	if (distinct->count < FEW) {
		if (is_among_few(distinct, items, key, ret))
			return false;
		*ret = distinct->count++;
		return true;
	}
	if (2 * (size_t)distinct->count >= distinct->slot_count)
		grow(distinct, items);
	slot = find(distinct, items, key);
	if (*slot) {
		*ret = *slot - 1;
		return false;
	}
	*slot = ++distinct->count;
	*ret = *slot - 1;
	return true;
}
