/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPSETS_INTERNAL_H
#define KERNEL_IPSETS_INTERNAL_H

/* Shared by the files that together are ipsets; nobody else includes this. */

#include "marks.h"
#include "netlink.h"
#include "set_commands.h"
#include "set_listing.h"

/**
 * struct set - what is known of one set
 * @capacity:  0 = unlimited, or not known yet
 * @count:     members, or more: an addition counts even if the member was there already
 * @is_missing:  it was not there when ipsets_ensure_begin() looked
 * @cannot_grow:  the last attempt to give it more room failed; the next observation ends this
 */
struct set {
	enum set_kind kind;
	uint16_t family;
	uint32_t capacity;
	size_t count;
	bool is_missing;
	bool cannot_grow;
};

/** struct ipsets_ensuring - @next: the set that follows; @failure: the first one */
struct ipsets_ensuring {
	size_t next;
	struct error failure;
};

/**
 * struct ipsets_observation - one that is made in steps
 * @position:      among the listings, in their order; see ipsets_observe.c
 * @listed:        the set whose listing has begun and not ended; NULL = between two of them
 * @written:       members of @listed that we have added or removed since then
 * @wrong:         members that say something else than the table of marks
 * @has_names:     the sets of the names of marks are to be observed
 * @is_cut_short:  it cannot go on
 */
struct ipsets_observation {
	void (*on_member)(void *owner, const struct set_member *member);
	void *owner;
	size_t position;
	struct set *listed;
	struct set_listing listing;
	struct written_member *written;
	struct set_member *wrong;
	size_t wrong_count, wrong_capacity;
	bool has_names;
	bool is_cut_short;
};

enum growth_stage {
	GROWTH_STAGE_IDLE,
	GROWTH_STAGE_LISTING,
	GROWTH_STAGE_FILLING,
	GROWTH_STAGE_SWAPPING,
};

/**
 * struct ipsets_growth - a set that is copied into a larger one; see ipsets_grow.c for the stages.
 * While it is IDLE nothing else counts.
 * @set, @capacity:    what grows, and to what
 * @netlink, @listing: of @set
 * @members, @marks:   the last part that was listed, each with its mark where the set has marks
 * @filled:            how many of these were copied; @count: how many of all
 * @is_listed:         that part was the last one
 * @swap_until:        clock_now() until which it is tried
 */
struct ipsets_growth {
	enum growth_stage stage;
	struct set *set;
	uint32_t capacity;
	struct netlink *netlink;
	struct set_listing listing;
	struct changes *members;
	uint32_t *marks;
	size_t mark_count, mark_capacity;
	size_t filled, count;
	bool is_listed;
	double swap_until;
};

struct ipsets {
	struct set_commands *commands;
	struct netlink *netlink;
	struct netlink *observer; /* for observations in steps; from the first one on */
	struct ipsets_observation observation;
	struct ipsets_ensuring ensuring;
	struct ipsets_growth growth;
	struct marks *marks;
	char *marks_error; /* why there are no sets with marks; NULL = there are */
	struct set sets[2 * SET_KIND_COUNT];
};

const char *ipsets_name(const struct set *set);
bool ipsets_is_bitmap(const struct set *set);
struct set_shape ipsets_shape_of(const struct set *set, uint32_t hash_size, uint32_t capacity);

/** ipsets_read_header() - Return: 0 with what is known of the set brought up to date; -ENOENT if
 * there is none */
int ipsets_read_header(struct ipsets *ipsets, struct set *set, struct set_header *ret,
		       struct error *err);

/** ipsets_read_headers() - the same for all sets of ours, in their order; of those that are missing
 * everything is 0 */
int ipsets_read_headers(struct ipsets *ipsets, struct set_header ret[2 * SET_KIND_COUNT],
			struct error *err);

/* ipsets_observe.c */

/** ipsets_note_written() - changes of members of @set are sent */
void ipsets_note_written(struct ipsets *ipsets, const struct set *set, const struct change *changes,
			 size_t count);

/** ipsets_release() - the kernel shall not hold @set for an observation, which is cut short then */
void ipsets_release(struct ipsets *ipsets, const struct set *set);
void ipsets_observation_clear(struct ipsets *ipsets);

/* ipsets_grow.c */

/**
 * ipsets_make_room() - for so many members more, in steps of some hundred members to copy
 *
 * Return: 1 if there are more steps: nothing may be added to @set before; 0 at the end. A failure is
 * no reason not to add: the kernel refuses what does not fit, one by one.
 */
int ipsets_make_room(struct ipsets *ipsets, struct set *set, size_t additions);

/** ipsets_growth_clear() - give up what was begun; the set stays as it is */
void ipsets_growth_clear(struct ipsets *ipsets);
int ipsets_destroy_growing(struct ipsets *ipsets, struct error *err);

#endif
