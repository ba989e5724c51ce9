/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_ELEMENTS_H
#define PLAN_LEDGER_ELEMENTS_H

#include "lib/base/shards.h"
#include "proxy_state.h"

#include <stdbool.h>

/*
 * An element is a member of a set, or an address on the dummy interface: it exists or not, and
 * there is nothing to edit. An address is written as a set member of a kind of its own.
 */
#define ELEMENT_KIND_ADDRESS SET_KIND_COUNT
#define ELEMENT_KIND_COUNT   (ELEMENT_KIND_ADDRESS + 1)

/**
 * struct element_entry
 * @claims:    how many Services want it
 * @seen:      ledger->generation when it was last observed or written
 * @guard:     changes_new_guard() while its addition is on its way and others depend on it; else 0
 * @is_held:   the kernel has it
 * @is_dirty:  in ledger_elements.dirty; kept until settled
 * @value:     as of struct packed_member
 */
struct element_entry {
	UT_hash_handle hh;
	uint32_t claims;
	uint32_t seen;
	uint32_t guard;
	bool is_held;
	bool is_dirty;
	uint8_t value[];
};

/**
 * struct ledger_elements - every element that somebody claims or that the kernel has
 * @tables:  one for each kind
 * @dirty:   whose claims changed since they were settled
 */
struct ledger_elements {
	struct element_entry *tables[ELEMENT_KIND_COUNT][SHARD_COUNT];
	struct element_entry **dirty;
	size_t dirty_count, dirty_capacity;
	size_t held_members, held_addresses;
};

void ledger_elements_clear(struct ledger_elements *elements);

struct element_entry *ledger_elements_find(const struct ledger_elements *elements,
					   const struct set_member *value);
/** ledger_elements_get() - find it, or add it without claims */
struct element_entry *ledger_elements_get(struct ledger_elements *elements,
					  const struct set_member *value);

/** ledger_elements_of_address() - how an address on the dummy interface is written */
struct set_member ledger_elements_of_address(const struct address *address);

void ledger_elements_mark_dirty(struct ledger_elements *elements, struct element_entry *entry);
void ledger_elements_set_held(struct ledger_elements *elements, struct element_entry *entry,
			      bool is_held);

/** ledger_elements_drop() - forget it; not while it is dirty */
void ledger_elements_drop(struct ledger_elements *elements, struct element_entry *entry);

#endif
