/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bound_addresses.h"

#include "lib/base/memory.h"

struct bound_address *bound_addresses_find(const struct bound_addresses *bound,
					   const struct address *address)
{
	struct bound_address *entry;

	HASH_FIND(hh, bound->by_address, address, sizeof(*address), entry);
	return entry;
}

struct bound_address *bound_addresses_get(struct bound_addresses *bound,
					  const struct address *address)
{
	struct bound_address *entry = bound_addresses_find(bound, address);

	if (!entry) {
		entry = memory_allocate(sizeof(*entry));
		entry->address = *address;
		HASH_ADD(hh, bound->by_address, address, sizeof(entry->address), entry);
	}
	entry->round = bound->round;
	return entry;
}

static void drop(struct bound_addresses *bound, struct bound_address *entry)
{
	HASH_DEL(bound->by_address, entry);
	free(entry);
}

void bound_addresses_drop(struct bound_addresses *bound, const struct address *address)
{
	struct bound_address *entry = bound_addresses_find(bound, address);

	if (entry)
		drop(bound, entry);
}

void bound_addresses_clear(struct bound_addresses *bound)
{
	struct bound_address *entry, *next;

	HASH_ITER (hh, bound->by_address, entry, next) {
		drop(bound, entry);
	}
}

void bound_addresses_look_begin(struct bound_addresses *bound)
{
	bound->round++;
	bound->is_learning = bound->is_learning || !bound->by_address;
}

void bound_addresses_look_end(struct bound_addresses *bound)
{
	struct bound_address *entry, *next;

	HASH_ITER (hh, bound->by_address, entry, next) {
		if (entry->round != bound->round)
			drop(bound, entry);
	}
	bound->is_learning = false;
}
