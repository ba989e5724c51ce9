/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "ipsets_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

const char *ipsets_name(const struct set *set)
{
	return set_kind_name(set->kind, set->family);
}

bool ipsets_is_bitmap(const struct set *set)
{
	return set_kind_type(set->kind) == SET_TYPE_BITMAP_PORT;
}

static struct set *set_of(struct ipsets *ipsets, const struct set_member *member)
{
	return &ipsets->sets[(member->family == AF_INET6 ? SET_KIND_COUNT : 0) + member->kind];
}

struct set_shape ipsets_shape_of(const struct set *set, uint32_t hash_size, uint32_t capacity)
{
	return (struct set_shape){
		.type = set_kind_type(set->kind),
		.family = set->family,
		.hash_size = hash_size,
		.capacity = capacity,
		.has_marks = set_kind_has_marks(set->kind),
	};
}

static void note_header(struct set *set, const struct set_header *header)
{
	set->capacity = header->capacity;
	set->count = header->member_count;
}

int ipsets_read_header(struct ipsets *ipsets, struct set *set, struct set_header *ret,
		       struct error *err)
{
	int r = set_listing_header(ipsets->netlink, ipsets_name(set), ret, err);

	if (r >= 0)
		note_header(set, ret);
	return r;
}

/* Every name of enum set_kind begins so. */
#define SET_NAME_PREFIX "KUBE-"

struct read_headers {
	struct ipsets *ipsets;
	struct set_header *ret;
};

static void on_header(void *owner, const char *name, const struct set_header *header)
{
	struct read_headers *read = owner;
	struct set *set;

	/* Most of what others have needs one comparison. */
	if (strncmp(name, SET_NAME_PREFIX, strlen(SET_NAME_PREFIX)) != 0)
		return;
	for (size_t i = 0; i < COUNT(read->ipsets->sets); i++) {
		set = &read->ipsets->sets[i];
		if (strcmp(name, ipsets_name(set)) != 0)
			continue;
		read->ret[i] = *header;
		note_header(set, header);
		return;
	}
}

int ipsets_read_headers(struct ipsets *ipsets, struct set_header ret[2 * SET_KIND_COUNT],
			struct error *err)
{
	struct read_headers read = {ipsets, ret};

	memset(ret, 0, 2 * SET_KIND_COUNT * sizeof(*ret));
	return set_listing_headers(ipsets->netlink, on_header, &read, err);
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

int ipsets_reopen(struct ipsets *ipsets, struct error *err)
{
	struct set_commands *commands = NULL;
	struct netlink *netlink = NULL;
	int r = set_commands_open(&commands, err);

	if (r >= 0)
		r = netlink_open(NETLINK_NETFILTER, &netlink, err);
	if (r < 0) {
		set_commands_close(commands);
		return r;
	}
	ipsets_observation_clear(ipsets);
	ipsets_growth_clear(ipsets);
	set_commands_close(ipsets->commands);
	netlink_close(ipsets->netlink);
	ipsets->commands = commands;
	ipsets->netlink = netlink;
	return 0;
}

void ipsets_close(struct ipsets *ipsets)
{
	if (!ipsets)
		return;
	ipsets_observation_clear(ipsets);
	ipsets_growth_clear(ipsets);
	set_commands_close(ipsets->commands);
	netlink_close(ipsets->netlink);
	free(ipsets->marks_error);
	free(ipsets);
}

void ipsets_use_marks(struct ipsets *ipsets, struct marks *marks)
{
	ipsets->marks = marks;
}

bool ipsets_has_marks(const struct ipsets *ipsets, const char **ret_reason)
{
	*ret_reason = ipsets->marks_error;
	return !ipsets->marks_error;
}

static bool is_member_change(const struct change *change)
{
	return change_facility(change->kind) == FACILITY_IPSET;
}

/* The marks that additions to a set need; NULL if they need none. */
static uint32_t *marks_for(const struct ipsets *ipsets, const struct change *changes, size_t count)
{
	bool is_name = changes->member.kind == SET_KIND_MARK_NAMES;
	uint32_t *marks;

	if (changes->kind != CHANGE_KIND_MEMBER_ADD || !set_kind_has_marks(changes->member.kind))
		return NULL;
	marks = memory_array(count, sizeof(*marks));
	for (size_t i = 0; i < count; i++) {
		struct virtual_server_key key = marks_key_of(&changes[i].member);

		marks[i] = is_name ? marks_find(ipsets->marks, &key)
				   : marks_set_value(ipsets->marks, &key);
	}
	return marks;
}

/* Without its mark a member would lead packets nowhere. */
static bool lacks_mark(const struct ipsets *ipsets, const struct change *change)
{
	struct virtual_server_key key = marks_key_of(&change->member);

	return change->kind == CHANGE_KIND_MEMBER_ADD && set_kind_has_marks(change->member.kind) &&
	       !(ipsets->marks && marks_find(ipsets->marks, &key));
}

/* The virtual server has come (back) since the removal of the name was planned. */
static bool is_name_in_use(const struct ipsets *ipsets, const struct change *change)
{
	struct virtual_server_key key = marks_key_of(&change->member);

	return change->kind == CHANGE_KIND_MEMBER_REMOVE &&
	       change->member.kind == SET_KIND_MARK_NAMES && ipsets->marks &&
	       marks_uses(ipsets->marks, &key) & (MARK_USE_SERVER | MARK_USE_MEMBER);
}

/* Return: whether @change has its result without being sent */
static bool is_decided(const struct ipsets *ipsets, struct change *change)
{
	if (lacks_mark(ipsets, change))
		change->result = -EAGAIN;
	else if (is_name_in_use(ipsets, change))
		change->result = 0;
	else
		return false;
	return true;
}

/*
 * @is_lost: the answer is; what was to be added may be there, as the next observation will tell.
 * One that is under way does not: what it says of members that were to be removed does not count.
 */
static void note_member(struct marks *marks, const struct change *change, bool is_lost)
{
	struct virtual_server_key key = marks_key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;
	bool is_done = change->result >= 0;

	if (is_done || is_lost || !is_addition)
		marks_set_use(marks, &key, MARK_USE_MEMBER, is_addition || !is_done);
}

static void note_name(struct marks *marks, const struct change *change)
{
	struct virtual_server_key key = marks_key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;

	if (change->result < 0)
		return;
	marks_set_use(marks, &key, MARK_USE_NAME, is_addition);
	if (!marks_uses(marks, &key))
		marks_drop(marks, &key);
}

static void note_marks(struct ipsets *ipsets, const struct change *changes, size_t count,
		       bool is_lost)
{
	for (size_t i = 0; i < count; i++) {
		if (changes[i].member.kind == SET_KIND_MARK_NAMES)
			note_name(ipsets->marks, &changes[i]);
		else
			note_member(ipsets->marks, &changes[i], is_lost);
	}
}

/* As set_commands_send(), for a set that may just be observed. */
static int send_changes(struct ipsets *ipsets, struct set *set, struct change *changes,
			const uint32_t *marks, size_t count, struct error *err)
{
	ipsets_note_written(ipsets, set, changes, count);
	/* Its copy would not know of them. */
	if (ipsets->growth.set == set)
		ipsets_growth_clear(ipsets);
	return set_commands_send(ipsets->commands, ipsets_name(set), changes, marks, count, err);
}

static int apply_run(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	auto_memory uint32_t *marks = marks_for(ipsets, changes, count);
	struct set *set = set_of(ipsets, &changes->member);
	int r;

	r = send_changes(ipsets, set, changes, marks, count, err);
	for (size_t i = 0; i < count; i++) {
		if (changes->kind == CHANGE_KIND_MEMBER_ADD && changes[i].result >= 0)
			set->count++;
	}
	if (set_kind_has_marks(set->kind) && ipsets->marks)
		note_marks(ipsets, changes, count, r < 0);
	return r;
}

/* Return: 1 if there are more steps before @changes can be applied */
static int make_room(struct ipsets *ipsets, const struct change *changes, size_t count)
{
	size_t additions[COUNT(ipsets->sets)] = {0};
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		if (changes[i].kind == CHANGE_KIND_MEMBER_ADD)
			additions[set_of(ipsets, &changes[i].member) - ipsets->sets]++;
	}
	for (size_t i = 0; i < COUNT(additions) && !r; i++) {
		if (additions[i])
			r = ipsets_make_room(ipsets, &ipsets->sets[i], additions[i]);
	}
	return r;
}

int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	size_t end;
	int r = make_room(ipsets, changes, count);

	if (r)
		return r;
	for (size_t i = 0; i < count; i = end) {
		end = i + 1;
		if (!is_member_change(&changes[i]))
			continue;
		if (r < 0) { /* the connection failed before */
			changes[i].result = r;
			continue;
		}
		if (is_decided(ipsets, &changes[i]))
			continue;
		while (end < count && changes[end].kind == changes[i].kind &&
		       set_of(ipsets, &changes[end].member) == set_of(ipsets, &changes[i].member) &&
		       !is_decided(ipsets, &changes[end]))
			end++;
		r = apply_run(ipsets, &changes[i], end - i, err);
	}
	return r;
}

size_t ipsets_usage(struct ipsets *ipsets, struct ipset_usage ret[2 * SET_KIND_COUNT])
{
	struct set_header headers[2 * SET_KIND_COUNT];
	struct error err;
	size_t count = 0;

	if (ipsets_read_headers(ipsets, headers, &err) < 0)
		return 0;
	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		if (!*headers[i].type)
			continue;
		ret[count++] = (struct ipset_usage){.kind = ipsets->sets[i].kind,
						    .family = ipsets->sets[i].family,
						    .member_count = headers[i].member_count,
						    .capacity = headers[i].capacity};
	}
	return count;
}

int ipsets_destroy(struct ipsets *ipsets, bool only_own, struct error *err)
{
	struct error own = {0};
	int result = 0, r;

	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		if (only_own && !set_kind_is_own(ipsets->sets[i].kind))
			continue;
		r = set_commands_destroy(ipsets->commands, ipsets_name(&ipsets->sets[i]), &own);
		if (r < 0 && r != -ENOENT && !result)
			result = error_set(err, r, "%s", own.text);
	}
	r = ipsets_destroy_growing(ipsets, &own);
	if (r < 0 && r != -ENOENT && !result)
		result = error_set(err, r, "%s", own.text);
	return result;
}
