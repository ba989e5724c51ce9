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
	return fake_reopen(ipsets->owner, FACILITY_IPSET, err);
}

void ipsets_close(struct ipsets *ipsets)
{
	if (!ipsets)
		return;
	free(ipsets->written);
	free(ipsets);
}

int ipsets_ensure_begin(struct ipsets *ipsets, struct error *err)
{
	return fake_call(ipsets->owner, FACILITY_IPSET, err);
}

int ipsets_ensure_step(struct ipsets *ipsets, struct error *err)
{
	int r = fake_call(ipsets->owner, FACILITY_IPSET, err);

	return r >= 0 && fake_happens(ipsets->owner, 30) ? 1 : r;
}

static void apply_member(struct fake_facilities *facilities, struct change *change)
{
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = marks_key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;

	if (change->member.kind != SET_KIND_IN_CLUSTER) {
		fake_apply_plain(facilities, change);
		return;
	}
	if (is_addition && !marks_find(marks, &key)) {
		change->result = -EAGAIN;
		return;
	}
	fake_apply_plain(facilities, change);
	if (is_addition)
		mark_list_note(&facilities->member_marks, &key, marks_unsealed(marks, &key));
	else
		mark_list_forget(&facilities->member_marks, &key);
}

int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		ipsets->written =
			memory_grow(ipsets->written, ipsets->object_text_count,
				    &ipsets->object_text_capacity, sizeof(*ipsets->written));
		ipsets->written[ipsets->object_text_count++] = changes[i].member;
	}
	r = fake_apply_all(ipsets->owner, changes, count, apply_member, err);
	for (size_t i = 0; i < count; i++) {
		struct virtual_server_key key = marks_key_of(&changes[i].member);

		if (changes[i].member.kind == SET_KIND_IN_CLUSTER)
			fake_note_use(ipsets->owner, &changes[i], &key, MARK_USE_MEMBER, r < 0);
	}
	return r;
}

int ipsets_write_names(struct ipsets *ipsets, const struct mark_name *names, size_t count,
		       bool is_removal, struct error *err)
{
	struct fake_facilities *facilities = ipsets->owner;
	int r = 0;

	/* Twice as often as others, since there are not many of them. */
	for (size_t i = 0; i < count; i++) {
		if (fake_happens(facilities, 2 * facilities->refuse_percent)) {
			r = error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
			continue;
		}
		if (is_removal)
			mark_list_forget(&facilities->names, &names[i].key);
		else
			mark_list_note(&facilities->names, &names[i].key, names[i].mark);
		marks_set_use(facilities->kernel.marks, &names[i].key, MARK_USE_NAME, !is_removal);
	}
	return r;
}

/* What ipsets_observe() makes up for between the marks and their names. */
static int observe_names(struct ipsets *ipsets, struct error *err)
{
	struct fake_facilities *facilities = ipsets->owner;
	struct marks *marks = facilities->kernel.marks;
	struct mark_list *names = &facilities->names;
	auto_memory struct mark_name *known = NULL;
	size_t count;
	int r = 0;

	marks_look_begin(marks, MARK_USE_NAME);
	for (size_t i = names->count; i > 0; i--) {
		if (marks_learn(marks, &names->items[i - 1].key, names->items[i - 1].mark))
			marks_see(marks, &names->items[i - 1].key, MARK_USE_NAME);
		else
			mark_list_forget(names, &names->items[i - 1].key);
	}
	marks_look_end(marks, MARK_USE_NAME);
	known = marks_list(marks, &count);
	for (size_t i = 0; i < count && r >= 0; i++) {
		unsigned int uses = marks_uses(marks, &known[i].key);
		bool is_missing = !(uses & MARK_USE_NAME);

		if (!is_missing &&
		    (uses != MARK_USE_NAME || !marks_has_seen(marks, MARK_USE_SERVER)))
			continue;
		r = ipsets_write_names(ipsets, &known[i], 1, !is_missing, err);
		if (!is_missing && !marks_uses(marks, &known[i].key))
			marks_drop(marks, &known[i].key);
	}
	return r;
}

static bool is_written(const struct ipsets *ipsets, const struct set_member *member)
{
	for (size_t i = 0; i < ipsets->object_text_count; i++)
		if (memcmp(&ipsets->written[i], member, sizeof(*member)) == 0)
			return true;
	return false;
}

static void tell_member(struct ipsets *ipsets, const struct set_member *member)
{
	struct fake_facilities *facilities = ipsets->owner;
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = marks_key_of(member);
	const struct mark_name *has;

	if (is_written(ipsets, member))
		return;
	if (member->kind == SET_KIND_IN_CLUSTER) {
		has = mark_list_find(&facilities->member_marks, &key);
		if (!has || has->mark != marks_unsealed(marks, &key)) {
			struct change removal = {.kind = CHANGE_KIND_MEMBER_REMOVE,
						 .member = *member};

			mark_list_forget(&facilities->member_marks, &key);
			fake_kernel_apply(facilities->held, &removal, 1);
			return;
		}
		marks_see(marks, &key, MARK_USE_MEMBER);
	}
	ipsets->on_member(ipsets->user, member);
}

static void prepare_members(struct ipsets *ipsets)
{
	const struct fake_kernel *held = ipsets->owner->held;
	size_t count = fake_next_part(ipsets->owner, &ipsets->part, held->member_count);

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
	const struct fake_kernel *held = ipsets->owner->held;
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
			 void (*on_member)(void *user, const struct set_member *member), void *user,
			 struct error *err)
{
	int r = fake_call(ipsets->owner, FACILITY_IPSET, err);

	ipsets->on_member = on_member;
	ipsets->user = user;
	ipsets->object_text_count = 0;
	ipsets->part.position = 0;
	if (r >= 0)
		r = observe_names(ipsets, err);
	if (r < 0)
		return r;
	marks_look_begin(ipsets->owner->kernel.marks, MARK_USE_MEMBER);
	prepare_members(ipsets);
	return 0;
}

int ipsets_observe_step(struct ipsets *ipsets, struct error *err)
{
	struct set_member members[PART_MAX];
	size_t count = ipsets->part.count;
	bool is_last;
	int r = fake_call(ipsets->owner, FACILITY_IPSET, err);

	if (r < 0)
		return r;
	if (fake_happens(ipsets->owner, 1))
		return error_set(err, -EINTR, "%s", strerror(EINTR));
	follow_moves(ipsets);
	is_last = ipsets->part.is_last;
	memcpy(members, ipsets->members, sizeof(members));
	prepare_members(ipsets);
	for (size_t i = 0; i < count; i++)
		tell_member(ipsets, &members[i]);
	if (is_last)
		marks_look_end(ipsets->owner->kernel.marks, MARK_USE_MEMBER);
	return !is_last;
}
