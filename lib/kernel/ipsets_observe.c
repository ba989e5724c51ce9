/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "ipsets_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <uthash.h>

/* A member that was added or removed since the listing of its set began. */
struct written_member {
	UT_hash_handle hh;
	struct set_member member;
};

static bool is_written(const struct ipsets_observation *observation,
		       const struct set_member *member)
{
	struct written_member *written;

	HASH_FIND(hh, observation->written, member, sizeof(*member), written);
	return written;
}

static void forget_written(struct ipsets_observation *observation)
{
	struct written_member *written, *next;

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
		struct written_member *written;

		if (is_written(observation, &changes[i].member))
			continue;
		written = memory_allocate(sizeof(*written));
		written->member = changes[i].member;
		HASH_ADD(hh, observation->written, member, sizeof(written->member), written);
	}
}

static void note_wrong(struct ipsets_observation *observation, const struct set_member *member)
{
	observation->wrong = memory_grow(observation->wrong, observation->wrong_count,
					 &observation->wrong_capacity, sizeof(*observation->wrong));
	observation->wrong[observation->wrong_count++] = *member;
}

/*
 * The listing says what the kernel held when it prepared this part of it, or when it gave the set
 * a larger table, at any time since the listing began. Of members that we have written since, that
 * may be wrong by now: one that we removed would seem to be there, and the mark of one that we
 * added again would be its former one. Whoever wrote them knows what they are, so what the listing
 * says about them does not count. What it says about all the others only somebody else can have
 * changed since.
 */
static void on_name(void *owner, const struct set_member *member, uint32_t mark)
{
	struct ipsets *ipsets = owner;
	struct ipsets_observation *observation = &ipsets->observation;
	struct virtual_server_key key = marks_key_of(member);

	if (is_written(observation, member))
		return;
	if (marks_learn(ipsets->marks, &key, mark))
		marks_scan_see(ipsets->marks, &key, MARK_USE_NAME);
	else
		note_wrong(observation, member);
}

static void on_member(void *owner, const struct set_member *member, uint32_t mark)
{
	struct ipsets *ipsets = owner;
	struct ipsets_observation *observation = &ipsets->observation;
	struct virtual_server_key key = marks_key_of(member);

	if (is_written(observation, member))
		return;
	if (member->kind == SET_KIND_IN_CLUSTER && ipsets->marks) {
		if (!mark || mark != marks_set_value(ipsets->marks, &key)) {
			note_wrong(observation, member);
			return;
		}
		marks_scan_see(ipsets->marks, &key, MARK_USE_MEMBER);
	}
	observation->on_member(observation->owner, member);
}

static void forget_wrong(struct ipsets_observation *observation)
{
	free(take(&observation->wrong));
	observation->wrong_count = observation->wrong_capacity = 0;
}

void ipsets_plan_repairs(const struct ipsets *ipsets, struct changes *changes)
{
	const struct ipsets_observation *observation = &ipsets->observation;

	for (size_t i = 0; i < observation->wrong_count; i++)
		marks_plan_removal(ipsets->marks, &observation->wrong[i], changes);
	if (observation->has_names)
		marks_plan_names(ipsets->marks, changes);
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
static void begin_position(struct ipsets *ipsets, size_t position)
{
	bool has_names = ipsets->observation.has_names;

	if (position == 0 && has_names)
		marks_scan_begin(ipsets->marks, MARK_USE_NAME);
	if (position == NAME_SETS && has_names)
		marks_scan_end(ipsets->marks, MARK_USE_NAME);
	if (position == NAME_SETS && ipsets->marks)
		marks_scan_begin(ipsets->marks, MARK_USE_MEMBER);
	if (position == LISTINGS && ipsets->marks)
		marks_scan_end(ipsets->marks, MARK_USE_MEMBER);
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
			 void (*on_our_member)(void *owner, const struct set_member *member),
			 void *owner, struct error *err)
{
	struct ipsets_observation *observation = &ipsets->observation;
	int r;

	if (!ipsets->observer) {
		r = netlink_open(NETLINK_NETFILTER, &ipsets->observer, err);
		if (r < 0)
			return r;
	}
	end_listing(ipsets);
	forget_wrong(observation);
	observation->on_member = on_our_member;
	observation->owner = owner;
	observation->position = 0;
	observation->has_names = ipsets->marks && !ipsets->marks_error;
	observation->is_cut_short = false;
	for (size_t i = 0; i < COUNT(ipsets->sets); i++)
		ipsets->sets[i].cannot_grow = false;
	begin_position(ipsets, 0);
	return 0;
}

/* Receives some of the listed set; Return: 1 if there is more of it, 0 at its end */
static int read_some(struct ipsets *ipsets, struct error *err)
{
	struct error own = {0};
	int r = set_listing_step(&ipsets->observation.listing, &own);

	/* A set that is not there has no members. */
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", own.text);
	return r > 0;
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
	begin_position(ipsets, ++observation->position);
	return observation->position < LISTINGS;
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
		   void (*on_our_member)(void *owner, const struct set_member *member), void *owner,
		   struct error *err)
{
	int r = ipsets_observe_begin(ipsets, on_our_member, owner, err);

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
	forget_wrong(&ipsets->observation);
	netlink_close(take(&ipsets->observer));
	ipsets->observation = (struct ipsets_observation){.is_cut_short = true};
}
