/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <uthash.h>

static struct set_member name_of(const struct virtual_server_key *key)
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

static int compare_families(const void *a, const void *b)
{
	const struct mark_name *left = a, *right = b;

	return (int)left->key.address.family - (int)right->key.address.family;
}

/* All of one family. */
static int write_names(struct ipsets *ipsets, const struct mark_name *names, size_t count,
		       enum change_kind kind, struct error *err)
{
	auto_memory struct change *changes = memory_array(count, sizeof(*changes));
	auto_memory uint32_t *marks = memory_array(count, sizeof(*marks));
	bool is_addition = kind == CHANGE_KIND_MEMBER_ADD;
	struct set *set;
	int r;

	for (size_t i = 0; i < count; i++) {
		changes[i].kind = kind;
		changes[i].member = name_of(&names[i].key);
		marks[i] = names[i].mark;
	}
	set = ipsets_set_of(ipsets, &changes->member);
	if (is_addition)
		ipsets_make_room(ipsets, set, count);
	r = ipsets_send(ipsets, set, changes, is_addition ? marks : NULL, count, err);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].result < 0 && r >= 0)
			r = error_set(err, changes[i].result, "naming a mark: %s",
				      strerror(-changes[i].result));
		if (changes[i].result < 0)
			continue;
		set->count += is_addition;
		if (ipsets->marks)
			marks_set_use(ipsets->marks, &names[i].key, MARK_USE_NAME, is_addition);
	}
	return r;
}

int ipsets_write_names(struct ipsets *ipsets, const struct mark_name *names, size_t count,
		       bool is_removal, struct error *err)
{
	enum change_kind kind = is_removal ? CHANGE_KIND_MEMBER_REMOVE : CHANGE_KIND_MEMBER_ADD;
	auto_memory struct mark_name *sorted = memory_array(count, sizeof(*sorted));
	size_t first = 0;
	int result = 0;

	if (!count)
		return 0;
	memcpy(sorted, names, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_families);
	for (size_t i = 1; i <= count; i++) {
		struct error own = {0};
		int r;

		if (i < count && compare_families(&sorted[i], &sorted[first]) == 0)
			continue;
		r = write_names(ipsets, sorted + first, i - first, kind, &own);
		if (r < 0 && !result)
			result = error_set(err, r, "%s", own.text);
		first = i;
	}
	return result;
}

/* A member that was added or removed since the listing of its set began. */
struct object_text_member {
	UT_hash_handle hh;
	struct set_member member;
};

static bool is_written(const struct ipsets_observation *observation,
		       const struct set_member *member)
{
	struct object_text_member *written;

	HASH_FIND(hh, observation->written, member, sizeof(*member), written);
	return written;
}

static void forget_written(struct ipsets_observation *observation)
{
	struct object_text_member *written, *next;

	HASH_ITER (hh, observation->written, written, next) {
		HASH_DEL(observation->written, written);
		free(written);
	}
}

void ipsets_note_written(struct ipsets *ipsets, const struct set *set, const struct change *changes,
			 size_t count)
{
	struct ipsets_observation *observation = &ipsets->observation;

	if (observation->listed != set)
		return;
	for (size_t i = 0; i < count; i++) {
		struct object_text_member *written;

		if (is_written(observation, &changes[i].member))
			continue;
		written = memory_allocate(sizeof(*written));
		written->member = changes[i].member;
		HASH_ADD(hh, observation->written, member, sizeof(written->member), written);
	}
}

/*
 * The listing says what the kernel held when it prepared this part of it, or when it gave the set
 * a larger table, at any time since the listing began. Of members that we have written since, that
 * may be wrong by now: one that we removed would seem to be there, and the mark of one that we
 * added again would be its former one. Whoever wrote them knows what they are, so what the listing
 * says about them does not count. What it says about all the others only somebody else can have
 * changed since.
 */
static void on_name(void *user, const struct set_member *member, uint32_t mark)
{
	struct ipsets *ipsets = user;
	struct ipsets_observation *observation = &ipsets->observation;
	struct virtual_server_key key = marks_key_of(member);

	if (is_written(observation, member))
		return;
	if (marks_learn(ipsets->marks, &key, mark))
		marks_see(ipsets->marks, &key, MARK_USE_NAME);
	else
		changes_add(observation->wrong, CHANGE_KIND_MEMBER_REMOVE)->member = *member;
}

static void on_member(void *user, const struct set_member *member, uint32_t mark)
{
	struct ipsets *ipsets = user;
	struct ipsets_observation *observation = &ipsets->observation;
	struct virtual_server_key key = marks_key_of(member);

	if (is_written(observation, member))
		return;
	if (member->kind == SET_KIND_IN_CLUSTER && ipsets->marks) {
		if (!mark || mark != marks_unsealed(ipsets->marks, &key)) {
			changes_add(observation->wrong, CHANGE_KIND_MEMBER_REMOVE)->member =
				*member;
			return;
		}
		marks_see(ipsets->marks, &key, MARK_USE_MEMBER);
	}
	observation->on_member(observation->user, member);
}

/* Names that got lost come again; those of nothing go, once it is known that there is nothing. */
static int repair_names(struct ipsets *ipsets, struct error *err)
{
	size_t count, lost = 0, idle = 0;
	auto_memory struct mark_name *names = marks_list(ipsets->marks, &count);
	auto_memory struct mark_name *missing = memory_array(count, sizeof(*missing));
	auto_memory struct mark_name *unused = memory_array(count, sizeof(*unused));
	int r;

	for (size_t i = 0; i < count; i++) {
		unsigned int uses = marks_uses(ipsets->marks, &names[i].key);

		if (!(uses & MARK_USE_NAME))
			missing[lost++] = names[i];
		else if (uses == MARK_USE_NAME && marks_has_seen(ipsets->marks, MARK_USE_SERVER))
			unused[idle++] = names[i];
	}
	r = ipsets_write_names(ipsets, missing, lost, false, err);
	if (r >= 0)
		r = ipsets_write_names(ipsets, unused, idle, true, err);
	for (size_t i = 0; i < idle; i++)
		if (!marks_uses(ipsets->marks, &unused[i].key))
			marks_drop(ipsets->marks, &unused[i].key);
	return r;
}

/* Members of the listed set that are not to be there. */
static int remove_wrong(struct ipsets *ipsets, struct error *err)
{
	struct changes *wrong = ipsets->observation.wrong;
	int r;

	if (!wrong->count)
		return 0;
	r = set_commands_send(ipsets->commands, ipsets_name(ipsets->observation.listed),
			      wrong->items, NULL, wrong->count, err);
	changes_clear(wrong);
	return r;
}

/* The names of marks come first, since they say what the marks of IN_CLUSTER mean. */
#define NAME_SETS 2
#define LISTINGS  (NAME_SETS + 2 * SET_KIND_COUNT)

/* Return: the set to be listed at @position; NULL if there is none */
static struct set *set_at(struct ipsets *ipsets, size_t position)
{
	struct set *set;

	if (position < NAME_SETS)
		return ipsets->observation.has_names
			       ? &ipsets->sets[position * SET_KIND_COUNT + SET_KIND_MARK_NAMES]
			       : NULL;
	set = &ipsets->sets[position - NAME_SETS];
	return set->kind == SET_KIND_MARK_NAMES ? NULL : set;
}

/* What is due before the listing at @position, or after the last. */
static int pass(struct ipsets *ipsets, size_t position, struct error *err)
{
	bool has_names = ipsets->observation.has_names;
	int r = 0;

	if (position == 0 && has_names)
		marks_look_begin(ipsets->marks, MARK_USE_NAME);
	if (position == NAME_SETS && has_names) {
		marks_look_end(ipsets->marks, MARK_USE_NAME);
		r = repair_names(ipsets, err);
	}
	if (position == NAME_SETS && ipsets->marks)
		marks_look_begin(ipsets->marks, MARK_USE_MEMBER);
	if (position == LISTINGS && ipsets->marks)
		marks_look_end(ipsets->marks, MARK_USE_MEMBER);
	return r;
}

static int begin_listing(struct ipsets *ipsets, struct set *set, struct error *err)
{
	struct ipsets_observation *observation = &ipsets->observation;

	observation->listed = set;
	return set_listing_begin(&observation->listing, ipsets->observer, set->kind, set->family,
				 set->kind == SET_KIND_MARK_NAMES ? on_name : on_member, ipsets,
				 err);
}

static void end_listing(struct ipsets *ipsets)
{
	netlink_dump_end(ipsets->observer);
	forget_written(&ipsets->observation);
	changes_clear(ipsets->observation.wrong);
	ipsets->observation.listed = NULL;
}

void ipsets_release(struct ipsets *ipsets, const struct set *set)
{
	if (ipsets->observation.listed != set)
		return;
	end_listing(ipsets);
	ipsets->observation.is_cut_short = true;
}

int ipsets_observe_begin(struct ipsets *ipsets,
			 void (*on_our_member)(void *user, const struct set_member *member),
			 void *user, struct error *err)
{
	struct ipsets_observation *observation = &ipsets->observation;
	int r;

	if (!ipsets->observer) {
		r = netlink_open(NETLINK_NETFILTER, &ipsets->observer, err);
		if (r < 0)
			return r;
	}
	if (!observation->wrong)
		observation->wrong = changes_new();
	end_listing(ipsets);
	observation->on_member = on_our_member;
	observation->user = user;
	observation->position = 0;
	observation->has_names = ipsets->marks && !ipsets->marks_error;
	observation->is_cut_short = false;
	return pass(ipsets, 0, err);
}

/* Receives some of the listed set; Return: 1 if there is more of it, 0 at its end */
static int read_some(struct ipsets *ipsets, struct error *err)
{
	struct error own = {0};
	int r = set_listing_step(&ipsets->observation.listing, &own), removed;

	/* A set that is not there has no members. */
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", own.text);
	/* At once, as long as they are what the listing says. */
	removed = remove_wrong(ipsets, err);
	return removed < 0 ? removed : r > 0;
}

static int step(struct ipsets *ipsets, struct error *err)
{
	struct ipsets_observation *observation = &ipsets->observation;
	struct set *set = set_at(ipsets, observation->position);
	int r = 0;

	if (set && !observation->listed)
		r = begin_listing(ipsets, set, err);
	if (set && r >= 0)
		r = read_some(ipsets, err);
	if (r != 0)
		return r;
	end_listing(ipsets);
	r = pass(ipsets, ++observation->position, err);
	return r < 0 ? r : observation->position < LISTINGS;
}

int ipsets_observe_step(struct ipsets *ipsets, struct error *err)
{
	int r;

	if (ipsets->observation.is_cut_short)
		return error_set(err, -EINTR, "a set was replaced while it was listed");
	r = step(ipsets, err);
	if (r < 0)
		end_listing(ipsets);
	return r;
}

int ipsets_observe(struct ipsets *ipsets,
		   void (*on_our_member)(void *user, const struct set_member *member), void *user,
		   struct error *err)
{
	int r = ipsets_observe_begin(ipsets, on_our_member, user, err);

	if (r < 0)
		return r;
	do
		r = ipsets_observe_step(ipsets, err);
	while (r > 0);
	return r;
}

void ipsets_observation_clear(struct ipsets *ipsets)
{
	forget_written(&ipsets->observation);
	changes_free(ipsets->observation.wrong);
	netlink_close(take(&ipsets->observer));
	ipsets->observation = (struct ipsets_observation){.is_cut_short = true};
}
