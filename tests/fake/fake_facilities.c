/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_facilities_internal.h"

#include "fake_backend.h"
#include "virtual_loop.h"

#include <errno.h>
#include <string.h>

/* Two bits that all marks have, and room for 65,535 of them. */
static const struct mark_range range = {.base = 0x60000000, .mask = 0x0ffff000};

bool fake_happens(struct fake_facilities *facilities, unsigned int percent)
{
	return facilities->random(facilities->owner, 100) < percent;
}

static void take_time(struct fake_facilities *facilities)
{
	virtual_loop_spend(facilities->loop, facilities->random(facilities->owner, 3000) / 1e6);
}

int fake_call(struct fake_facilities *facilities, enum facility facility, struct error *err)
{
	take_time(facilities);
	if (facilities->is_lost[facility])
		return error_set(err, -ENOENT, "%s", strerror(ENOENT));
	if (!fake_happens(facilities, facilities->break_percent))
		return 0;
	return error_set(err, -ENOBUFS, "%s", strerror(ENOBUFS));
}

int fake_reopen(struct fake_facilities *facilities, enum facility facility, struct error *err)
{
	bool is_replaced = facilities->is_replaced[facility];

	take_time(facilities);
	if (fake_happens(facilities, facilities->break_percent))
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	facilities->is_lost[facility] = facilities->is_replaced[facility] = false;
	return is_replaced;
}

static void remove_all(struct fake_facilities *facilities, enum facility facility)
{
	struct fake_kernel *held = facilities->held;

	switch (facility) {
	case FACILITY_IPVS:
		while (held->server_count) {
			struct change removal = {.kind = CHANGE_KIND_SERVER_REMOVE,
						 .server = held->servers[0].server};

			fake_kernel_apply(held, &removal, 1);
		}
		facilities->server_marks.count = 0;
		break;
	case FACILITY_IPSET:
		held->member_count = 0;
		facilities->names.count = facilities->member_marks.count = 0;
		break;
	case FACILITY_LINK:
		held->address_count = 0;
		break;
	}
	held->applied++;
}

void fake_facilities_lose(struct fake_facilities *facilities, enum facility facility, bool contents)
{
	facilities->is_lost[facility] = true;
	facilities->is_replaced[facility] = facilities->is_replaced[facility] || contents;
	if (contents)
		remove_all(facilities, facility);
}

void fake_complain(struct fake_facilities *facilities, const char *complaint)
{
	if (!facilities->complaint)
		facilities->complaint = complaint;
}

struct mark_name *mark_list_find(const struct mark_list *list, const struct virtual_server_key *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (memcmp(&list->items[i].key, key, sizeof(*key)) == 0)
			return &list->items[i];
	return NULL;
}

void mark_list_forget(struct mark_list *list, const struct virtual_server_key *key)
{
	struct mark_name *found = mark_list_find(list, key);

	if (found)
		*found = list->items[--list->count];
}

void mark_list_note(struct mark_list *list, const struct virtual_server_key *key, uint32_t mark)
{
	mark_list_forget(list, key);
	list->items = memory_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct mark_name){.key = *key, .mark = mark};
}

struct fake_facilities *fake_facilities_new(struct ev_loop *loop,
					    unsigned int (*random)(void *owner, unsigned int limit),
					    void *owner)
{
	struct fake_facilities *facilities = memory_allocate(sizeof(*facilities));

	facilities->held = fake_kernel_new();
	facilities->loop = loop;
	facilities->random = random;
	facilities->owner = owner;
	return facilities;
}

void fake_facilities_free(struct fake_facilities *facilities)
{
	fake_kernel_free(facilities->held);
	free(facilities->server_marks.items);
	free(facilities->names.items);
	free(facilities->member_marks.items);
	free(facilities);
}

void fake_facilities_connect(struct fake_facilities *facilities)
{
	struct kernel *kernel = &facilities->kernel;

	kernel->link = memory_allocate(sizeof(*kernel->link));
	kernel->ipsets = memory_allocate(sizeof(*kernel->ipsets));
	kernel->ipvs = memory_allocate(sizeof(*kernel->ipvs));
	kernel->marks = marks_new(&range);
	kernel->link->facilities = facilities;
	kernel->ipsets->facilities = facilities;
	kernel->ipvs->facilities = facilities;
}

void fake_facilities_disconnect(struct fake_facilities *facilities)
{
	link_close(take(&facilities->kernel.link));
	ipsets_close(take(&facilities->kernel.ipsets));
	ipvs_close(take(&facilities->kernel.ipvs));
	marks_free(take(&facilities->kernel.marks));
}

/* Carries out one change of @changes after the other */
static void apply_each(struct fake_facilities *facilities, struct change *changes, size_t count,
		       void (*apply)(struct fake_facilities *facilities, struct change *change))
{
	for (size_t i = 0; i < count; i++) {
		virtual_loop_spend(facilities->loop, 0.00005);
		if (fake_happens(facilities, facilities->refuse_percent))
			changes[i].result = -ENOMEM;
		else
			apply(facilities, &changes[i]);
	}
}

int fake_apply_all(struct fake_facilities *facilities, struct change *changes, size_t count,
		   void (*apply)(struct fake_facilities *facilities, struct change *change),
		   struct error *err)
{
	int r = fake_call(facilities, change_facility(changes->kind), err);
	size_t end = r == -ENOBUFS ? facilities->random(facilities->owner, (unsigned int)count + 1)
		     : r < 0	   ? 0
				   : count;

	apply_each(facilities, changes, end, apply);
	for (size_t i = 0; r < 0 && i < count; i++)
		changes[i].result = r;
	return r;
}

void fake_apply_plain(struct fake_facilities *facilities, struct change *change)
{
	fake_backend_apply(facilities->held, change, 1);
}

bool fake_is_by_mark(const struct virtual_server_key *key)
{
	return key->client_scope == CLIENT_SCOPE_IN_CLUSTER && !key->firewall_mark;
}

/* As lib/kernel does: what may be there is taken for granted until it is known. */
void fake_note_use(struct fake_facilities *facilities, const struct change *change,
		   const struct virtual_server_key *key, enum mark_use use, bool is_lost)
{
	bool is_addition =
		change->kind == CHANGE_KIND_MEMBER_ADD || change->kind == CHANGE_KIND_SERVER_ADD;
	bool is_done = change->result >= 0;

	if (is_done || is_lost || !is_addition)
		marks_set_use(facilities->kernel.marks, key, use, is_addition || !is_done);
}

/* Begins the next part; Return: how much of @total belongs to it, from @position on */
size_t fake_next_part(struct fake_facilities *facilities, struct part *part, size_t total)
{
	size_t rest = part->position < total ? total - part->position : 0;

	part->count = 1 + facilities->random(facilities->owner, PART_MAX);
	if (part->count > rest)
		part->count = rest;
	part->is_last = part->count == rest;
	return part->count;
}

const char *fake_facilities_check_marks(const struct fake_facilities *facilities, bool is_verified)
{
	const struct fake_kernel *held = facilities->held;
	size_t by_mark = 0;

	for (size_t i = 0; i < held->server_count; i++) {
		const struct virtual_server_key *key = &held->servers[i].server.key;
		const struct mark_name *mark = mark_list_find(&facilities->server_marks, key);
		const struct mark_name *name = mark_list_find(&facilities->names, key);

		if (!fake_is_by_mark(key))
			continue;
		by_mark++;
		if (!mark || !name || mark->mark != name->mark)
			return "a virtual server by mark has no name";
	}
	for (size_t i = 0; i < held->member_count; i++) {
		struct virtual_server_key key = marks_key_of(&held->members[i]);
		const struct mark_name *mark = mark_list_find(&facilities->server_marks, &key);
		const struct mark_name *has = mark_list_find(&facilities->member_marks, &key);

		if (held->members[i].kind != SET_KIND_IN_CLUSTER)
			continue;
		if (!fake_kernel_find_server(held, &key) || !mark || !has ||
		    has->mark != (mark->mark & ~mark_range_valid_bit(&range)))
			return "a member gives packets a mark that leads nowhere";
	}
	if (is_verified && by_mark != facilities->names.count)
		return "a name of nothing is left";
	return NULL;
}
