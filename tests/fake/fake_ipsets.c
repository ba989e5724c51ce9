/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_facilities_internal.h"

#include <errno.h>
#include <string.h>

/* Nobody calls it here. */
int ipsets_open(struct ipsets **ret, struct error *err)
{
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

/* Nobody calls it here. */
void ipsets_use_marks(struct ipsets *ipsets, struct marks *marks)
{
	(void)ipsets;
	(void)marks;
}

int ipsets_reopen(struct ipsets *ipsets, struct error *err)
{
	return fake_reopen(ipsets->facilities, FACILITY_IPSET, err);
}

void ipsets_close(struct ipsets *ipsets)
{
	if (!ipsets)
		return;
	free(ipsets->written);
	free(ipsets->wrong);
	free(ipsets);
}

int ipsets_ensure_begin(struct ipsets *ipsets, struct error *err)
{
	return fake_call(ipsets->facilities, FACILITY_IPSET, err);
}

int ipsets_ensure_step(struct ipsets *ipsets, struct error *err)
{
	int r = fake_call(ipsets->facilities, FACILITY_IPSET, err);

	return r >= 0 && fake_happens(ipsets->facilities, 30) ? 1 : r;
}

/* Refused twice as often as others, since there are not many of them. */
static void apply_name(struct fake_facilities *facilities, struct change *change)
{
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = marks_key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;
	bool is_in_use = marks_uses(marks, &key) & (MARK_USE_SERVER | MARK_USE_MEMBER);

	change->result = 0;
	if (is_addition && !marks_find(marks, &key))
		change->result = -EAGAIN;
	else if (fake_happens(facilities, facilities->refuse_percent))
		change->result = -ENOMEM;
	if (change->result < 0 || (!is_addition && is_in_use))
		return;
	if (is_addition)
		mark_list_note(&facilities->names, &key, marks_find(marks, &key));
	else
		mark_list_forget(&facilities->names, &key);
	marks_set_use(marks, &key, MARK_USE_NAME, is_addition);
	if (!marks_uses(marks, &key))
		marks_drop(marks, &key);
}

static void apply_member(struct fake_facilities *facilities, struct change *change)
{
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = marks_key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;

	if (!set_kind_has_marks(change->member.kind)) {
		fake_apply_plain(facilities, change);
		return;
	}
	if (change->member.kind == SET_KIND_MARK_NAMES) {
		apply_name(facilities, change);
		return;
	}
	if (is_addition && !marks_find(marks, &key)) {
		change->result = -EAGAIN;
		return;
	}
	fake_apply_plain(facilities, change);
	if (is_addition)
		mark_list_note(&facilities->member_marks, &key, marks_set_value(marks, &key));
	else
		mark_list_forget(&facilities->member_marks, &key);
}

int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		ipsets->written = memory_grow(ipsets->written, ipsets->written_count,
					      &ipsets->written_capacity, sizeof(*ipsets->written));
		ipsets->written[ipsets->written_count++] = changes[i].member;
	}
	r = fake_apply_all(ipsets->facilities, changes, count, apply_member, err);
	for (size_t i = 0; i < count; i++) {
		struct virtual_server_key key = marks_key_of(&changes[i].member);

		if (changes[i].member.kind == SET_KIND_IN_CLUSTER)
			fake_note_use(ipsets->facilities, &changes[i], &key, MARK_USE_MEMBER,
				      r < 0);
	}
	return r;
}

static void note_wrong(struct ipsets *ipsets, const struct set_member *member)
{
	ipsets->wrong = memory_grow(ipsets->wrong, ipsets->wrong_count, &ipsets->wrong_capacity,
				    sizeof(*ipsets->wrong));
	ipsets->wrong[ipsets->wrong_count++] = *member;
}

static void observe_names(struct ipsets *ipsets)
{
	struct marks *marks = ipsets->facilities->kernel.marks;
	const struct mark_list *names = &ipsets->facilities->names;

	marks_scan_begin(marks, MARK_USE_NAME);
	for (size_t i = 0; i < names->count; i++) {
		struct set_member name = marks_name_of(&names->items[i].key);

		if (marks_learn(marks, &names->items[i].key, names->items[i].mark))
			marks_scan_see(marks, &names->items[i].key, MARK_USE_NAME);
		else
			note_wrong(ipsets, &name);
	}
	marks_scan_end(marks, MARK_USE_NAME);
}

void ipsets_plan_repairs(const struct ipsets *ipsets, struct changes *changes)
{
	for (size_t i = 0; i < ipsets->wrong_count; i++)
		marks_plan_removal(ipsets->facilities->kernel.marks, &ipsets->wrong[i], changes);
	marks_plan_names(ipsets->facilities->kernel.marks, changes);
}

static bool is_written(const struct ipsets *ipsets, const struct set_member *member)
{
	for (size_t i = 0; i < ipsets->written_count; i++)
		if (memcmp(&ipsets->written[i], member, sizeof(*member)) == 0)
			return true;
	return false;
}

static void tell_member(struct ipsets *ipsets, const struct set_member *member)
{
	struct fake_facilities *facilities = ipsets->facilities;
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = marks_key_of(member);
	const struct mark_name *has;

	if (is_written(ipsets, member))
		return;
	if (member->kind == SET_KIND_IN_CLUSTER) {
		has = mark_list_find(&facilities->member_marks, &key);
		if (!has || has->mark != marks_set_value(marks, &key)) {
			note_wrong(ipsets, member);
			return;
		}
		marks_scan_see(marks, &key, MARK_USE_MEMBER);
	}
	ipsets->on_member(ipsets->owner, member);
}

static void prepare_members(struct ipsets *ipsets)
{
	const struct fake_kernel *held = ipsets->facilities->held;
	size_t count = fake_next_part(ipsets->facilities, &ipsets->part, held->member_count);

	if (count)
		memcpy(ipsets->members, held->members + ipsets->part.position,
		       count * sizeof(*ipsets->members));
	ipsets->part.position += count;
}

/*
 * The kernel's table of a set stays as it is while it is listed, except that members come and go in
 * their places; here they move, so that those which stay are listed all the same.
 */
static void follow_moves(struct ipsets *ipsets)
{
	const struct fake_kernel *held = ipsets->facilities->held;
	const struct set_member *last;
	size_t position = 0;

	if (!ipsets->part.count)
		return;
	last = &ipsets->members[ipsets->part.count - 1];
	while (position < held->member_count &&
	       memcmp(&held->members[position], last, sizeof(*last)) <= 0)
		position++;
	ipsets->part.position = position;
	ipsets->part.is_last = ipsets->part.is_last && position == held->member_count;
}

int ipsets_observe_begin(struct ipsets *ipsets,
			 void (*on_member)(void *owner, const struct set_member *member),
			 void *owner, struct error *err)
{
	int r = fake_call(ipsets->facilities, FACILITY_IPSET, err);

	ipsets->on_member = on_member;
	ipsets->owner = owner;
	ipsets->written_count = 0;
	ipsets->part.position = 0;
	ipsets->wrong_count = 0;
	if (r < 0)
		return r;
	observe_names(ipsets);
	marks_scan_begin(ipsets->facilities->kernel.marks, MARK_USE_MEMBER);
	prepare_members(ipsets);
	return 0;
}

int ipsets_observe_step(struct ipsets *ipsets, struct error *err)
{
	struct set_member members[PART_MAX];
	size_t count = ipsets->part.count;
	bool is_last;
	int r = fake_call(ipsets->facilities, FACILITY_IPSET, err);

	if (r < 0)
		return r;
	if (fake_happens(ipsets->facilities, ipsets->facilities->interrupt_percent))
		return error_set(err, -EINTR, "%s", strerror(EINTR));
	follow_moves(ipsets);
	is_last = ipsets->part.is_last;
	memcpy(members, ipsets->members, sizeof(members));
	prepare_members(ipsets);
	for (size_t i = 0; i < count; i++)
		tell_member(ipsets, &members[i]);
	if (is_last)
		marks_scan_end(ipsets->facilities->kernel.marks, MARK_USE_MEMBER);
	return !is_last;
}
