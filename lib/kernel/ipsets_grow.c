/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "ipsets_internal.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/*
 * The capacity of a set is fixed when it is created, and its members are looked up for every packet.
 * So one that gets too small is copied: a larger one is created under a name that no rule knows, it
 * gets all members, and the kernel exchanges the two. Rules see the old set or the new one, each with
 * all members.
 *
 * Tens of thousands of members take longer than a turn of the event loop may. So this is done in
 * steps, and whoever wants to add members waits until the last:
 *
 *   IDLE      nothing to do
 *   LISTING   the larger set is there; a step lists a part of the old one, about a thousand members
 *   FILLING   a step adds some of those that were listed
 *   SWAPPING  all are copied; the kernel exchanges no set that somebody lists, so this may take several
 *             attempts
 *
 * IDLE -> LISTING -> FILLING -> LISTING, and so on, -> SWAPPING -> IDLE; and from anywhere to IDLE if a step fails, if somebody writes
 * to the old set after all, or if the connection is another one. What is left of the larger set then
 * is removed, at the latest when the next growth begins.
 */

#define LARGEST_CAPACITY (1U << 30)

/* 1.2 ms in the test kernel, where a member costs 5 us; listing a part costs as much. */
#define FILL_PER_STEP 256

/* The larger set while it is being filled. Not a name of enum set_kind, and one is enough. */
#define GROWING_NAME "KUBE-GROWING"

/* For others to come to the end of their listing, which takes tens of milliseconds. */
#define SWAP_SECONDS_MAX 0.2

/* Members of which the kernel keeps one bucket each: with so few it never makes the table larger, which
 * it does for all members at once, while a packet of messages is handled. */
#define MEMBERS_PER_BUCKET 2

static void copy_member(void *owner, const struct set_member *member, uint32_t mark)
{
	struct ipsets_growth *growth = owner;

	changes_add(growth->members, CHANGE_KIND_MEMBER_ADD)->member = *member;
	growth->marks = memory_grow(growth->marks, growth->mark_count, &growth->mark_capacity,
				    sizeof(*growth->marks));
	growth->marks[growth->mark_count++] = mark;
}

int ipsets_destroy_growing(struct ipsets *ipsets, struct error *err)
{
	return set_commands_destroy(ipsets->commands, GROWING_NAME, err);
}

void ipsets_growth_clear(struct ipsets *ipsets)
{
	struct ipsets_growth *growth = &ipsets->growth;
	struct error ignored = {0};

	if (growth->stage == GROWTH_STAGE_IDLE)
		return;
	netlink_close(growth->netlink);
	changes_free(growth->members);
	free(growth->marks);
	*growth = (struct ipsets_growth){.stage = GROWTH_STAGE_IDLE};
	ipsets_destroy_growing(ipsets, &ignored);
}

/* Return: 1 */
static int begin(struct ipsets *ipsets, struct set *set, uint32_t capacity, struct error *err)
{
	struct ipsets_growth *growth = &ipsets->growth;
	struct set_shape shape = ipsets_shape_of(set, capacity / MEMBERS_PER_BUCKET, capacity);
	int r;

	/* The kernel would refuse to swap a set that we are just listing. */
	ipsets_release(ipsets, set);
	*growth = (struct ipsets_growth){.stage = GROWTH_STAGE_LISTING,
					 .set = set,
					 .capacity = capacity,
					 .members = changes_new()};

	/* Left over from an agent that was killed while it did this. */
	r = ipsets_destroy_growing(ipsets, err);
	if (r < 0 && r != -ENOENT)
		return r;
	r = set_commands_create(ipsets->commands, GROWING_NAME, &shape, err);
	if (r < 0)
		return r;
	r = netlink_open(NETLINK_NETFILTER, &growth->netlink, err);
	if (r < 0)
		return r;
	r = set_listing_begin(&growth->listing, growth->netlink, set->kind, set->family,
			      copy_member, growth, err);
	return r < 0 ? r : 1;
}

static int list_part(struct ipsets *ipsets, struct error *err)
{
	struct ipsets_growth *growth = &ipsets->growth;
	int r;

	changes_clear(growth->members);
	growth->mark_count = growth->filled = 0;
	r = set_listing_step(&growth->listing, err);
	if (r < 0)
		return r;
	growth->is_listed = !r;
	growth->stage = GROWTH_STAGE_FILLING;
	return 1;
}

static int send_some(struct ipsets *ipsets, size_t count, struct error *err)
{
	struct ipsets_growth *growth = &ipsets->growth;
	struct change *members = growth->members->items + growth->filled;
	const uint32_t *marks =
		set_kind_has_marks(growth->set->kind) ? growth->marks + growth->filled : NULL;
	int r = set_commands_send(ipsets->commands, GROWING_NAME, members, marks, count, err);

	for (size_t i = 0; i < count && r >= 0; i++) {
		if (members[i].result < 0)
			r = error_set(err, members[i].result, "filling set %s: %s", GROWING_NAME,
				      strerror(-members[i].result));
	}
	growth->filled += count;
	growth->count += count;
	return r;
}

static int fill_some(struct ipsets *ipsets, struct error *err)
{
	struct ipsets_growth *growth = &ipsets->growth;
	size_t left = growth->members->count - growth->filled;
	size_t count = left < FILL_PER_STEP ? left : FILL_PER_STEP;
	int r = count ? send_some(ipsets, count, err) : 0;

	if (r < 0)
		return r;
	if (count < left)
		return 1;
	growth->stage = growth->is_listed ? GROWTH_STAGE_SWAPPING : GROWTH_STAGE_LISTING;
	if (growth->is_listed) {
		netlink_dump_end(growth->netlink);
		growth->swap_until = clock_now() + SWAP_SECONDS_MAX;
	}
	return 1;
}

static int swap(struct ipsets *ipsets, struct error *err)
{
	struct ipsets_growth *growth = &ipsets->growth;
	int r = set_commands_swap(ipsets->commands, GROWING_NAME, ipsets_name(growth->set), err);

	if (r == -EBUSY && clock_now() < growth->swap_until)
		return 1;
	if (r < 0)
		return r;
	growth->set->capacity = growth->capacity;
	growth->set->count = growth->count;
	return 0;
}

static int step(struct ipsets *ipsets, struct error *err)
{
	switch (ipsets->growth.stage) {
	case GROWTH_STAGE_LISTING:
		return list_part(ipsets, err);
	case GROWTH_STAGE_FILLING:
		return fill_some(ipsets, err);
	case GROWTH_STAGE_SWAPPING:
		return swap(ipsets, err);
	case GROWTH_STAGE_IDLE:
		break;
	}
	return 0;
}

static bool is_close_to_full(const struct set *set, size_t additions)
{
	return set_capacity_is_tight(set->capacity, set->count + additions);
}

/* Return: what @set needs for @additions; 0 if there is room, or cannot be more */
static uint32_t needed_capacity(struct ipsets *ipsets, struct set *set, size_t additions)
{
	struct set_header header;
	uint64_t capacity;
	struct error err;

	if (ipsets_is_bitmap(set) || set->cannot_grow || !is_close_to_full(set, additions))
		return 0;
	/* Our count may be too high, so ask before going to any length. */
	if (ipsets_read_header(ipsets, set, &header, &err) < 0 || !is_close_to_full(set, additions))
		return 0;
	capacity = set->capacity;
	while (capacity - capacity / 4 < set->count + additions && capacity < LARGEST_CAPACITY)
		capacity *= 2;
	return capacity > set->capacity && capacity <= LARGEST_CAPACITY ? (uint32_t)capacity : 0;
}

int ipsets_make_room(struct ipsets *ipsets, struct set *set, size_t additions)
{
	struct ipsets_growth *growth = &ipsets->growth;
	struct error err = {0};
	uint32_t capacity;
	int r;

	if (growth->stage != GROWTH_STAGE_IDLE && growth->set == set) {
		r = step(ipsets, &err);
	} else {
		capacity = needed_capacity(ipsets, set, additions);
		if (!capacity)
			return 0;
		ipsets_growth_clear(ipsets);
		r = begin(ipsets, set, capacity, &err);
	}
	if (r <= 0)
		ipsets_growth_clear(ipsets);
	set->cannot_grow = r < 0;
	return r > 0;
}
