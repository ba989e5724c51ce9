/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "ipsets_internal.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LARGEST_CAPACITY (1U << 30)

/* The larger set while it is being filled. Not a name of enum set_kind, and one is enough. */
#define GROWING_NAME "KUBE-GROWING"

#define SWAP_ATTEMPTS	       10
#define SWAP_PAUSE_NANOSECONDS 2000000

/* The members of a set, each with its mark where the set has marks. */
struct copied_members {
	struct changes *additions;
	uint32_t *marks;
	size_t mark_count, mark_capacity;
};

static void copy_member(void *owner, const struct set_member *member, uint32_t mark)
{
	struct copied_members *copied = owner;

	changes_add(copied->additions, CHANGE_KIND_MEMBER_ADD)->member = *member;
	copied->marks = memory_grow(copied->marks, copied->mark_count, &copied->mark_capacity,
				    sizeof(*copied->marks));
	copied->marks[copied->mark_count++] = mark;
}

static int fill(struct ipsets *ipsets, const char *name, const struct copied_members *copied,
		bool has_marks, struct error *err)
{
	struct changes *members = copied->additions;
	int r = set_commands_send(ipsets->commands, name, members->items,
				  has_marks ? copied->marks : NULL, members->count, err);

	for (size_t i = 0; i < members->count && r >= 0; i++) {
		if (members->items[i].result < 0)
			r = error_set(err, members->items[i].result, "filling set %s: %s", name,
				      strerror(-members->items[i].result));
	}
	return r;
}

/* The kernel refuses while somebody lists one of the two, which rarely takes long. */
static int swap(struct ipsets *ipsets, struct set *set, struct error *err)
{
	const struct timespec pause = {.tv_nsec = SWAP_PAUSE_NANOSECONDS};
	int r = set_commands_swap(ipsets->commands, GROWING_NAME, ipsets_name(set), err);

	for (int i = 1; r == -EBUSY && i < SWAP_ATTEMPTS; i++) {
		nanosleep(&pause, NULL);
		r = set_commands_swap(ipsets->commands, GROWING_NAME, ipsets_name(set), err);
	}
	return r;
}

/* The rules see the old set or the new one, each with all members. */
static int grow(struct ipsets *ipsets, struct set *set, uint32_t hash_size, uint32_t capacity,
		struct error *err)
{
	auto_free(changes) struct changes *members = changes_new();
	struct copied_members copied = {.additions = members};
	struct set_shape shape = ipsets_shape_of(set, hash_size, capacity);
	struct error ignored = {0};
	int r;

	/* The kernel would refuse to swap a set that we are just listing. */
	ipsets_release(ipsets, set);

	/* Left over from an agent that was killed while it did this. */
	r = set_commands_destroy(ipsets->commands, GROWING_NAME, &ignored);
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", ignored.text);

	r = set_listing_members(ipsets->netlink, set->kind, set->family, copy_member, &copied, err);
	if (r >= 0)
		r = set_commands_create(ipsets->commands, GROWING_NAME, &shape, err);
	if (r >= 0)
		r = fill(ipsets, GROWING_NAME, &copied, shape.has_marks, err);
	if (r >= 0)
		r = swap(ipsets, set, err);
	free(copied.marks);
	set_commands_destroy(ipsets->commands, GROWING_NAME, &ignored);
	if (r < 0)
		return error_wrap(err, r, "growing set %s", ipsets_name(set));
	set->capacity = capacity;
	set->count = members->count;
	return 0;
}

static bool is_close_to_full(const struct set *set, size_t additions)
{
	return set_capacity_is_tight(set->capacity, set->count + additions);
}

void ipsets_make_room(struct ipsets *ipsets, struct set *set, size_t additions)
{
	struct set_header header;
	uint64_t capacity;
	struct error err;

	if (ipsets_is_bitmap(set) || !is_close_to_full(set, additions))
		return;
	/* Our count may be too high, so ask before going to any length. */
	if (ipsets_read_header(ipsets, set, &header, &err) < 0 || !is_close_to_full(set, additions))
		return;
	capacity = set->capacity;
	while (capacity - capacity / 4 < set->count + additions && capacity < LARGEST_CAPACITY)
		capacity *= 2;
	if (capacity > set->capacity && capacity <= LARGEST_CAPACITY)
		grow(ipsets, set, header.hash_size, (uint32_t)capacity, &err);
}

int ipsets_destroy_growing(struct ipsets *ipsets, struct error *err)
{
	return set_commands_destroy(ipsets->commands, GROWING_NAME, err);
}
