/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks, from mangle to IPVS and back
 *
 * Where a Service has externalTrafficPolicy Local, clients outside get the endpoints of this node,
 * and clients in the cluster all of them, at the same address and port. IPVS has room for one
 * virtual server there. But it looks for one by firewall mark first, so the second one is by mark:
 *
 *   mangle    packets of pods and of the node pass "SET --map-set KUBE-IN-CLUSTER dst,dst
 *             --map-mark", which gives them the mark of the member for their address and port
 *   nat,      in chains that kube-proxy would empty, the mark gets its last bit, the valid bit.
 *   filter    Without it the mark means nothing: where kube-proxy takes over, virtual servers that
 *             nobody keeps up to date any more get no packet
 *   IPVS      the virtual server by that mark, with all endpoints
 *   filter    the mark ends, see ruleset.c
 *
 * So a mark is three things in the kernel: a virtual server, a member of IN_CLUSTER, and a member
 * of MARK_NAMES. IPVS shows the first as a bare number. MARK_NAMES is there for who comes after
 * this process: it says for which address, port and protocol the number stands. The order is always
 * name, server, member, and in reverse when they go; kernel.c writes names around servers, the
 * order of changes sees to members. Cut anywhere, no packet has a mark without a server, and no
 * server lacks a name.
 *
 * This table knows which uses each mark has, as enum mark_use. Each use is found out in its own
 * scan: names and members when sets are read, servers when IPVS is. What a scan did not see is not
 * used. What is written during a scan counts as seen, since the kernel may have prepared its answer
 * before. From the uses follow the repairs: a mark in use without a name gets one, a name without a
 * use goes, once servers were scanned; a member with another mark than its server's goes, and
 * whoever wants it adds it again.
 *
 * IPVS looks for a mark in one of 256 lists, by its eight lowest bits. Marks that have none of these
 * are all in one list, which each new connection walks, and so does each virtual server that is
 * added: 10,000 took 7 s. So the default range has six of these bits, and the first numbers differ
 * in them.
 *
 * A number that somebody else's virtual server has is foreign and never chosen. A mark that
 * MARK_NAMES gives to a key, but that is out of range by now or not the mark of that key, is stale: a
 * server with it is ours, and is removed.
 */
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

struct stale_mark {
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
	struct stale_mark *stale;
	size_t stale_count, stale_capacity;
	size_t foreign_count;
	unsigned int seen;
	uint32_t last;
	uint32_t limit; /* the largest number */
};

/* Puts the bits of @number, from the lowest on, where @mask has bits. */
static uint32_t spread(uint32_t number, uint32_t mask)
{
	uint32_t bits = 0;

	for (; mask; mask &= mask - 1, number >>= 1)
		if (number & 1)
			bits |= mask & -mask;
	return bits;
}

/* The other way round */
static uint32_t gather(uint32_t bits, uint32_t mask)
{
	uint32_t number = 0;

	for (uint32_t at = 1; mask; mask &= mask - 1, at <<= 1)
		if (bits & mask & -mask)
			number |= at;
	return number;
}

struct marks *marks_new(const struct mark_range *range)
{
	struct marks *marks = memory_allocate(sizeof(*marks));

	marks->range = *range;
	marks->limit = gather(range->mask, range->mask);
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
	free(marks->stale);
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
	return marks->range.base | spread(number, marks->range.mask);
}

/* Return: 0 for marks that are out of range */
static uint32_t number_of(const struct marks *marks, uint32_t mark)
{
	if (!marks->range.mask || (mark & ~marks->range.mask) != marks->range.base)
		return 0;
	return gather(mark, marks->range.mask);
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

uint32_t marks_set_value(const struct marks *marks, const struct virtual_server_key *key)
{
	return marks_find(marks, key) & ~mark_range_valid_bit(&marks->range);
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

static bool is_stale(const struct marks *marks, uint16_t family, uint32_t mark)
{
	for (size_t i = 0; i < marks->stale_count; i++)
		if (marks->stale[i].mark == mark && marks->stale[i].family == family)
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
	    !is_stale(marks, key->address.family, mark)) {
		marks->stale = memory_grow(marks->stale, marks->stale_count, &marks->stale_capacity,
					   sizeof(*marks->stale));
		marks->stale[marks->stale_count++] =
			(struct stale_mark){.mark = mark, .family = key->address.family};
	}
	return false;
}

void marks_translate(struct marks *marks, struct virtual_server_key *key)
{
	uint32_t number = number_of(marks, key->firewall_mark);
	struct mark_entry *entry = number ? marks->entries[number] : NULL;

	if (entry && entry->key.address.family == key->address.family) {
		*key = entry->key;
	} else if (is_stale(marks, key->address.family, key->firewall_mark)) {
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

void marks_scan_begin(struct marks *marks, enum mark_use use)
{
	struct mark_entry *entry;

	for (entry = marks->by_key; entry; entry = entry->hh.next)
		entry->seen &= ~(unsigned int)use;
}

void marks_scan_see(struct marks *marks, const struct virtual_server_key *key, enum mark_use use)
{
	struct mark_entry *entry = find(marks, key);

	if (entry)
		entry->seen |= (unsigned int)use;
}

void marks_scan_end(struct marks *marks, enum mark_use use)
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

struct set_member marks_name_of(const struct virtual_server_key *key)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = SET_KIND_MARK_NAMES;
	member.family = (uint8_t)key->address.family;
	member.protocol = (uint8_t)key->protocol;
	member.port = key->port;
	member.address = key->address;
	return member;
}

static void plan(struct changes *changes, enum change_kind kind, const struct set_member *member)
{
	changes_add(changes, kind)->member = *member;
}

void marks_plan_removal(const struct marks *marks, const struct set_member *wrong,
			struct changes *changes)
{
	struct virtual_server_key key = marks_key_of(wrong);
	bool is_name = wrong->kind == SET_KIND_MARK_NAMES;

	/* One that has been written since it was listed, or will be, is as it should be then. */
	if (is_name ? !marks_find(marks, &key) : !(marks_uses(marks, &key) & MARK_USE_MEMBER))
		plan(changes, CHANGE_KIND_MEMBER_REMOVE, wrong);
}

void marks_plan_names(const struct marks *marks, struct changes *changes)
{
	const struct mark_entry *entry;

	for (entry = marks->by_key; entry; entry = entry->hh.next) {
		struct set_member name = marks_name_of(&entry->key);

		if (!(entry->uses & MARK_USE_NAME))
			plan(changes, CHANGE_KIND_MEMBER_ADD, &name);
		else if (entry->uses == MARK_USE_NAME && marks_has_seen(marks, MARK_USE_SERVER))
			plan(changes, CHANGE_KIND_MEMBER_REMOVE, &name);
	}
}
