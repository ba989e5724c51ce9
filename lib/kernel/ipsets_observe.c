/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_internal.h"

#include <errno.h>
#include <string.h>

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
	r = set_commands_send(ipsets->commands, ipsets_name(set), changes,
			      is_addition ? marks : NULL, count, err);
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

/* @wrong: members that say something else than the table of marks, to be removed */
struct observation {
	struct ipsets *ipsets;
	void (*on_member)(void *user, const struct set_member *member);
	void *user;
	struct changes *wrong;
};

static void on_name(void *user, const struct set_member *member, uint32_t mark)
{
	struct observation *observation = user;
	struct virtual_server_key key = ipsets_key_of(member);

	if (marks_learn(observation->ipsets->marks, &key, mark))
		marks_see(observation->ipsets->marks, &key, MARK_USE_NAME);
	else
		changes_add(observation->wrong, CHANGE_KIND_MEMBER_REMOVE)->member = *member;
}

static void on_member(void *user, const struct set_member *member, uint32_t mark)
{
	struct observation *observation = user;
	struct virtual_server_key key = ipsets_key_of(member);

	if (member->kind == SET_KIND_IN_CLUSTER && observation->ipsets->marks) {
		if (!mark || mark != marks_unsealed(observation->ipsets->marks, &key)) {
			changes_add(observation->wrong, CHANGE_KIND_MEMBER_REMOVE)->member =
				*member;
			return;
		}
		marks_see(observation->ipsets->marks, &key, MARK_USE_MEMBER);
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
	for (size_t i = 0; r >= 0 && i < idle; i++)
		marks_drop(ipsets->marks, &unused[i].key);
	return r;
}

/* Members of one set that are not to be there. */
static int remove_wrong(struct ipsets *ipsets, struct set *set, struct changes *wrong,
			struct error *err)
{
	int r = set_commands_send(ipsets->commands, ipsets_name(set), wrong->items, NULL,
				  wrong->count, err);

	changes_clear(wrong);
	return r;
}

static int observe_set(struct observation *observation, struct set *set, set_listing_visit *visit,
		       struct error *err)
{
	struct ipsets *ipsets = observation->ipsets;
	struct error own = {0};
	int r = set_listing_members(ipsets->netlink, set->kind, set->family, visit, observation,
				    &own);

	/* A set that is not there has no members. */
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", own.text);
	return observation->wrong->count ? remove_wrong(ipsets, set, observation->wrong, err) : 0;
}

static int observe_names(struct observation *observation, struct error *err)
{
	struct ipsets *ipsets = observation->ipsets;
	int r = 0;

	marks_look_begin(ipsets->marks, MARK_USE_NAME);
	for (size_t i = SET_KIND_MARK_NAMES; i < COUNT(ipsets->sets) && r >= 0; i += SET_KIND_COUNT)
		r = observe_set(observation, &ipsets->sets[i], on_name, err);
	if (r < 0)
		return r;
	marks_look_end(ipsets->marks, MARK_USE_NAME);
	return repair_names(ipsets, err);
}

int ipsets_observe_set(struct ipsets *ipsets, size_t index,
		       void (*on_our_member)(void *user, const struct set_member *member),
		       void *user, struct error *err)
{
	auto_free(changes) struct changes *wrong = changes_new();
	struct observation observation = {ipsets, on_our_member, user, wrong};
	struct set *set = &ipsets->sets[index];
	bool is_last = index + 1 == COUNT(ipsets->sets);
	int r = 0;

	if (index == 0 && ipsets->marks && !ipsets->marks_error)
		r = observe_names(&observation, err);
	if (r >= 0 && index == 0 && ipsets->marks)
		marks_look_begin(ipsets->marks, MARK_USE_MEMBER);
	if (r >= 0 && set->kind != SET_KIND_MARK_NAMES)
		r = observe_set(&observation, set, on_member, err);
	if (r >= 0 && is_last && ipsets->marks)
		marks_look_end(ipsets->marks, MARK_USE_MEMBER);
	return r < 0 ? r : !is_last;
}

int ipsets_observe(struct ipsets *ipsets,
		   void (*on_our_member)(void *user, const struct set_member *member), void *user,
		   struct error *err)
{
	size_t index = 0;
	int r;

	do
		r = ipsets_observe_set(ipsets, index++, on_our_member, user, err);
	while (r > 0);
	return r;
}
