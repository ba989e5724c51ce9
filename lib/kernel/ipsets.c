/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "netlink.h"
#include "set_commands.h"
#include "set_listing.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* kube-proxy's parameters (pkg/proxy/ipvs/ipset); a set that needs more room is grown. */
#define DEFAULT_HASH_SIZE 1024
#define DEFAULT_CAPACITY  65536
#define LARGEST_CAPACITY  (1U << 30)

/* The larger set while it is being filled. Not a name of enum set_kind, and one is enough. */
#define GROWING_NAME "KUBE-GROWING"

#define SWAP_ATTEMPTS	       10
#define SWAP_PAUSE_NANOSECONDS 2000000

/**
 * struct set - what is known of one set
 * @capacity:  0 = unlimited, or not known yet
 * @count:     members, or more: an addition counts even if the member was there already
 */
struct set {
	enum set_kind kind;
	uint16_t family;
	uint32_t capacity;
	size_t count;
};

struct ipsets {
	struct set_commands *commands;
	struct netlink *netlink;
	struct set sets[2 * SET_KIND_COUNT];
};

static const char *set_name(const struct set *set)
{
	return set_kind_name(set->kind, set->family);
}

static bool is_bitmap(const struct set *set)
{
	return set_kind_type(set->kind) == SET_TYPE_BITMAP_PORT;
}

static struct set *set_of(struct ipsets *ipsets, const struct set_member *member)
{
	return &ipsets->sets[(member->family == AF_INET6 ? SET_KIND_COUNT : 0) + member->kind];
}

int ipsets_open(struct ipsets **ret, struct error *err)
{
	struct ipsets *ipsets = memory_allocate(sizeof(*ipsets));
	int r;

	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		ipsets->sets[i].kind = (enum set_kind)(i % SET_KIND_COUNT);
		ipsets->sets[i].family = i < SET_KIND_COUNT ? AF_INET : AF_INET6;
	}
	r = set_commands_open(&ipsets->commands, err);
	if (r >= 0)
		r = netlink_open(NETLINK_NETFILTER, &ipsets->netlink, err);
	if (r < 0) {
		ipsets_close(ipsets);
		return r;
	}
	*ret = ipsets;
	return 0;
}

void ipsets_close(struct ipsets *ipsets)
{
	if (!ipsets)
		return;
	set_commands_close(ipsets->commands);
	netlink_close(ipsets->netlink);
	free(ipsets);
}

/* Return: 0 with what is known of the set brought up to date; -ENOENT if there is none */
static int read_header(struct ipsets *ipsets, struct set *set, struct set_header *ret,
		       struct error *err)
{
	int r = set_listing_header(ipsets->netlink, set_name(set), ret, err);

	if (r >= 0) {
		set->capacity = ret->capacity;
		set->count = ret->member_count;
	}
	return r;
}

static const char *family_name(uint16_t family)
{
	switch (family) {
	case AF_INET:
		return "IPv4";
	case AF_INET6:
		return "IPv6";
	default:
		return "any family";
	}
}

static int ensure_set(struct ipsets *ipsets, struct set *set, struct error *err)
{
	const char *type = set_type_name(set_kind_type(set->kind));
	uint16_t family = is_bitmap(set) ? AF_UNSPEC : set->family;
	struct set_header header;
	int r;

	r = read_header(ipsets, set, &header, err);
	if (r == -ENOENT) {
		set->capacity = is_bitmap(set) ? 0 : DEFAULT_CAPACITY;
		set->count = 0;
		return set_commands_create(ipsets->commands, set_name(set),
					   set_kind_type(set->kind), set->family, DEFAULT_HASH_SIZE,
					   DEFAULT_CAPACITY, err);
	}
	if (r < 0)
		return r;
	if (strcmp(header.type, type) != 0 || header.family != family)
		return error_set(err, -EEXIST, "set %s exists as %s for %s, not as %s for %s",
				 set_name(set), header.type, family_name(header.family), type,
				 family_name(family));
	return 0;
}

int ipsets_ensure(struct ipsets *ipsets, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		struct error own = {0};
		int r = ensure_set(ipsets, &ipsets->sets[i], &own);

		if (r < 0 && !result)
			result = error_set(err, r, "%s", own.text);
	}
	return result;
}

int ipsets_observe_set(struct ipsets *ipsets, size_t index,
		       void (*on_member)(void *user, const struct set_member *member), void *user,
		       struct error *err)
{
	const struct set *set = &ipsets->sets[index];
	struct error own = {0};
	int r;

	r = set_listing_members(ipsets->netlink, set->kind, set->family, on_member, user, &own);
	/* A set that is not there has no members. */
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", own.text);
	return index + 1 < COUNT(ipsets->sets);
}

int ipsets_observe(struct ipsets *ipsets,
		   void (*on_member)(void *user, const struct set_member *member), void *user,
		   struct error *err)
{
	size_t index = 0;
	int r;

	do
		r = ipsets_observe_set(ipsets, index++, on_member, user, err);
	while (r > 0);
	return r;
}

static void collect_member(void *user, const struct set_member *member)
{
	changes_add(user, CHANGE_KIND_MEMBER_ADD)->member = *member;
}

static int fill(struct ipsets *ipsets, const char *name, struct changes *members, struct error *err)
{
	int r = set_commands_send(ipsets->commands, name, members->items, members->count, err);

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
	int r = set_commands_swap(ipsets->commands, GROWING_NAME, set_name(set), err);

	for (int i = 1; r == -EBUSY && i < SWAP_ATTEMPTS; i++) {
		nanosleep(&pause, NULL);
		r = set_commands_swap(ipsets->commands, GROWING_NAME, set_name(set), err);
	}
	return r;
}

/* The rules see the old set or the new one, each with all members. */
static int grow(struct ipsets *ipsets, struct set *set, uint32_t hash_size, uint32_t capacity,
		struct error *err)
{
	auto_free(changes) struct changes *members = changes_new();
	struct error ignored = {0};
	int r;

	/* Left over from an agent that was killed while it did this. */
	r = set_commands_destroy(ipsets->commands, GROWING_NAME, &ignored);
	if (r < 0 && r != -ENOENT)
		return error_set(err, r, "%s", ignored.text);

	r = set_listing_members(ipsets->netlink, set->kind, set->family, collect_member, members,
				err);
	if (r < 0)
		return r;
	r = set_commands_create(ipsets->commands, GROWING_NAME, set_kind_type(set->kind),
				set->family, hash_size, capacity, err);
	if (r < 0)
		return r;
	r = fill(ipsets, GROWING_NAME, members, err);
	if (r >= 0)
		r = swap(ipsets, set, err);
	set_commands_destroy(ipsets->commands, GROWING_NAME, &ignored);
	if (r < 0)
		return error_wrap(err, r, "growing set %s", set_name(set));
	set->capacity = capacity;
	set->count = members->count;
	return 0;
}

static bool is_close_to_full(const struct set *set, size_t additions)
{
	return set->count + additions > set->capacity - set->capacity / 16;
}

/* A failure here is no reason not to try: the kernel refuses what does not fit, one by one. */
static void make_room(struct ipsets *ipsets, struct set *set, size_t additions)
{
	struct set_header header;
	uint64_t capacity;
	struct error err;

	if (is_bitmap(set) || !is_close_to_full(set, additions))
		return;
	/* Our count may be too high, so ask before going to any length. */
	if (read_header(ipsets, set, &header, &err) < 0 || !is_close_to_full(set, additions))
		return;
	capacity = set->capacity;
	while (capacity - capacity / 4 < set->count + additions && capacity < LARGEST_CAPACITY)
		capacity *= 2;
	if (capacity > set->capacity && capacity <= LARGEST_CAPACITY)
		grow(ipsets, set, header.hash_size, (uint32_t)capacity, &err);
}

static bool is_member_change(const struct change *change)
{
	return change_facility(change->kind) == FACILITY_IPSET;
}

static int apply_run(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	struct set *set = set_of(ipsets, &changes->member);
	int r;

	if (changes->kind == CHANGE_KIND_MEMBER_ADD)
		make_room(ipsets, set, count);
	r = set_commands_send(ipsets->commands, set_name(set), changes, count, err);
	for (size_t i = 0; i < count; i++) {
		if (changes->kind == CHANGE_KIND_MEMBER_ADD && changes[i].result >= 0)
			set->count++;
	}
	return r;
}

int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	size_t end;
	int r = 0;

	for (size_t i = 0; i < count; i = end) {
		end = i + 1;
		if (!is_member_change(&changes[i]))
			continue;
		if (r < 0) { /* the connection failed before */
			changes[i].result = r;
			continue;
		}
		while (end < count && changes[end].kind == changes[i].kind &&
		       set_of(ipsets, &changes[end].member) == set_of(ipsets, &changes[i].member))
			end++;
		r = apply_run(ipsets, &changes[i], end - i, err);
	}
	return r;
}

size_t ipsets_usage(struct ipsets *ipsets, struct ipset_usage ret[2 * SET_KIND_COUNT])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		struct set *set = &ipsets->sets[i];
		struct set_header header;
		struct error err;

		if (read_header(ipsets, set, &header, &err) < 0)
			continue;
		ret[count++] = (struct ipset_usage){.kind = set->kind,
						    .family = set->family,
						    .member_count = header.member_count,
						    .capacity = header.capacity};
	}
	return count;
}

int ipsets_destroy(struct ipsets *ipsets, struct error *err)
{
	struct error own = {0};
	int result = 0, r;

	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		r = set_commands_destroy(ipsets->commands, set_name(&ipsets->sets[i]), &own);
		if (r < 0 && r != -ENOENT && !result)
			result = error_set(err, r, "%s", own.text);
	}
	r = set_commands_destroy(ipsets->commands, GROWING_NAME, &own);
	if (r < 0 && r != -ENOENT && !result)
		result = error_set(err, r, "%s", own.text);
	return result;
}
