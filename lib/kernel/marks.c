/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "marks.h"

#include <string.h>
#include <uthash.h>

struct mark_entry {
	UT_hash_handle hh; /* by key */
	struct virtual_server_key key;
	uint32_t mark;
	unsigned int uses;
	unsigned int seen;
};

struct former {
	uint32_t mark;
	uint16_t family;
};

/**
 * struct marks
 * @entries:  by number, that is by the bits of the mark in @range.mask; NULL = no key has the mark
 * @foreign:  by number, whether somebody else has it
 * @seen:     bits of enum mark_use of which all have been seen once
 * @last:     number that was chosen last: one that was in use lately is not chosen again soon
 */
struct marks {
	struct mark_range range;
	struct mark_entry *by_key;
	struct mark_entry **entries;
	bool *foreign;
	struct former *former;
	size_t former_count, former_capacity;
	size_t foreign_count;
	unsigned int seen;
	uint32_t last;
	uint32_t limit; /* the largest number */
};

static unsigned int shift_of(uint32_t mask)
{
	return mask ? (unsigned int)__builtin_ctz(mask) : 0;
}

struct marks *marks_new(const struct mark_range *range)
{
	struct marks *marks = memory_allocate(sizeof(*marks));

	marks->range = *range;
	marks->limit = range->mask >> shift_of(range->mask);
	marks->entries = memory_array(marks->limit + 1U, sizeof(struct mark_entry *));
	marks->foreign = memory_array(marks->limit + 1U, sizeof(bool));
	return marks;
}

void marks_free(struct marks *marks)
{
	struct mark_entry *entry, *next;

	if (!marks)
		return;
	HASH_ITER (hh, marks->by_key, entry, next) {
		HASH_DEL(marks->by_key, entry);
		free(entry);
	}
	free(marks->entries);
	free(marks->foreign);
	free(marks->former);
	free(marks);
}

static struct mark_entry *find(const struct marks *marks, const struct virtual_server_key *key)
{
	struct mark_entry *entry;

	HASH_FIND(hh, marks->by_key, key, sizeof(*key), entry);
	return entry;
}

static uint32_t mark_of(const struct marks *marks, uint32_t number)
{
	return marks->range.base | number << shift_of(marks->range.mask);
}

/* Return: 0 for marks that are out of range */
static uint32_t number_of(const struct marks *marks, uint32_t mark)
{
	if (!marks->range.mask || (mark & ~marks->range.mask) != marks->range.base)
		return 0;
	return (mark & marks->range.mask) >> shift_of(marks->range.mask);
}

static void add(struct marks *marks, const struct virtual_server_key *key, uint32_t number)
{
	struct mark_entry *entry = memory_allocate(sizeof(*entry));

	entry->key = *key;
	entry->mark = mark_of(marks, number);
	HASH_ADD(hh, marks->by_key, key, sizeof(entry->key), entry);
	marks->entries[number] = entry;
}

struct virtual_server_key marks_key_of(const struct set_member *member)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = member->address;
	key.port = member->port;
	key.protocol = member->protocol;
	key.client_scope = CLIENT_SCOPE_IN_CLUSTER;
	return key;
}

uint32_t marks_find(const struct marks *marks, const struct virtual_server_key *key)
{
	const struct mark_entry *entry = find(marks, key);

	return entry ? entry->mark : 0;
}

uint32_t marks_unsealed(const struct marks *marks, const struct virtual_server_key *key)
{
	return marks_find(marks, key) & ~mark_range_seal(&marks->range);
}

uint32_t marks_take(struct marks *marks, const struct virtual_server_key *key)
{
	uint32_t mark = marks_find(marks, key);

	for (uint32_t i = 0; !mark && i < marks->limit; i++) {
		marks->last = marks->last % marks->limit + 1;
		if (marks->entries[marks->last] || marks->foreign[marks->last])
			continue;
		add(marks, key, marks->last);
		mark = mark_of(marks, marks->last);
	}
	return mark;
}

void marks_drop(struct marks *marks, const struct virtual_server_key *key)
{
	struct mark_entry *entry = find(marks, key);

	if (!entry)
		return;
	marks->entries[number_of(marks, entry->mark)] = NULL;
	HASH_DEL(marks->by_key, entry);
	free(entry);
}

static bool is_former(const struct marks *marks, uint16_t family, uint32_t mark)
{
	for (size_t i = 0; i < marks->former_count; i++)
		if (marks->former[i].mark == mark && marks->former[i].family == family)
			return true;
	return false;
}

bool marks_learn(struct marks *marks, const struct virtual_server_key *key, uint32_t mark)
{
	uint32_t number = number_of(marks, mark);

	if (mark && marks_find(marks, key) == mark)
		return true;
	if (number && !marks->entries[number] && !marks_find(marks, key)) {
		add(marks, key, number);
		return true;
	}
	if (mark && !(number && marks->entries[number]) &&
	    !is_former(marks, key->address.family, mark)) {
		marks->former = memory_grow(marks->former, marks->former_count,
					    &marks->former_capacity, sizeof(*marks->former));
		marks->former[marks->former_count++] =
			(struct former){.mark = mark, .family = key->address.family};
	}
	return false;
}

void marks_translate(struct marks *marks, struct virtual_server_key *key)
{
	uint32_t number = number_of(marks, key->firewall_mark);
	struct mark_entry *entry = number ? marks->entries[number] : NULL;

	if (entry && entry->key.address.family == key->address.family) {
		*key = entry->key;
	} else if (is_former(marks, key->address.family, key->firewall_mark)) {
		key->client_scope = CLIENT_SCOPE_IN_CLUSTER;
	} else if (number && !marks->foreign[number]) {
		marks->foreign[number] = true;
		marks->foreign_count++;
	}
}

void marks_set_use(struct marks *marks, const struct virtual_server_key *key, enum mark_use use,
		   bool is_used)
{
	struct mark_entry *entry = find(marks, key);

	if (!entry)
		return;
	entry->uses &= ~(unsigned int)use;
	entry->seen &= ~(unsigned int)use;
	if (is_used) {
		entry->uses |= (unsigned int)use;
		entry->seen |= (unsigned int)use; /* by a look that is under way */
	}
}

unsigned int marks_uses(const struct marks *marks, const struct virtual_server_key *key)
{
	const struct mark_entry *entry = find(marks, key);

	return entry ? entry->uses : 0;
}

bool marks_has_seen(const struct marks *marks, enum mark_use use)
{
	return marks->seen & (unsigned int)use;
}

void marks_look_begin(struct marks *marks, enum mark_use use)
{
	struct mark_entry *entry;

	for (entry = marks->by_key; entry; entry = entry->hh.next)
		entry->seen &= ~(unsigned int)use;
}

void marks_see(struct marks *marks, const struct virtual_server_key *key, enum mark_use use)
{
	struct mark_entry *entry = find(marks, key);

	if (entry)
		entry->seen |= (unsigned int)use;
}

void marks_look_end(struct marks *marks, enum mark_use use)
{
	struct mark_entry *entry;

	marks->seen |= (unsigned int)use;
	for (entry = marks->by_key; entry; entry = entry->hh.next)
		entry->uses =
			(entry->uses & ~(unsigned int)use) | (entry->seen & (unsigned int)use);
}

size_t marks_foreign_count(const struct marks *marks)
{
	return marks->foreign_count;
}

struct mark_name *marks_list(const struct marks *marks, size_t *ret_count)
{
	size_t count = HASH_COUNT(marks->by_key), used = 0;
	struct mark_name *names = memory_array(count, sizeof(*names));
	const struct mark_entry *entry;

	for (entry = marks->by_key; entry; entry = entry->hh.next)
		names[used++] = (struct mark_name){.key = entry->key, .mark = entry->mark};
	*ret_count = used;
	return names;
}
