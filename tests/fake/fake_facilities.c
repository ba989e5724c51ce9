/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_facilities.h"

#include "fake_backend.h"
#include "made_loop.h"

#include <errno.h>
#include <string.h>

/* Two bits that all marks have, and room for 65,535 of them. */
static const struct mark_range range = {.base = 0x60000000, .mask = 0x0ffff000};

#define PART_MOST 5

/* What a part of a dump is made of. */
struct part {
	size_t position; /* where in the kernel's table the next part begins */
	size_t count;
	bool is_last;
};

struct link {
	struct fake_facilities *owner;
	struct address *listed;
	size_t listed_count, listed_capacity, told;
	size_t position;
	size_t applied; /* changes of the kernel when the dump began */
};

struct ipsets {
	struct fake_facilities *owner;
	void (*on_member)(void *user, const struct set_member *member);
	void *user;
	struct part part;
	struct set_member members[PART_MOST];
	struct set_member *written; /* since the observation began */
	size_t written_count, written_capacity;
};

struct ipvs {
	struct fake_facilities *owner;
	const struct ipvs_visitor *visitor;
	void *user;
	struct part part;
	struct virtual_server servers[PART_MOST];
};

static bool happens(struct fake_facilities *facilities, unsigned int percent)
{
	return facilities->random(facilities->user, 100) < percent;
}

static void take_time(struct fake_facilities *facilities)
{
	made_loop_spend(facilities->loop, facilities->random(facilities->user, 3000) / 1e6);
}

/* Return: 0, or a negative errno because the connection broke */
static int call(struct fake_facilities *facilities, struct error *err)
{
	take_time(facilities);
	if (!happens(facilities, facilities->break_percent))
		return 0;
	return error_set(err, -ENOBUFS, "%s", strerror(ENOBUFS));
}

static void complain(struct fake_facilities *facilities, const char *complaint)
{
	if (!facilities->complaint)
		facilities->complaint = complaint;
}

static struct mark_name *find_mark(const struct mark_list *list,
				   const struct virtual_server_key *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (memcmp(&list->items[i].key, key, sizeof(*key)) == 0)
			return &list->items[i];
	return NULL;
}

static void forget_mark(struct mark_list *list, const struct virtual_server_key *key)
{
	struct mark_name *found = find_mark(list, key);

	if (found)
		*found = list->items[--list->count];
}

static void note_mark(struct mark_list *list, const struct virtual_server_key *key, uint32_t mark)
{
	forget_mark(list, key);
	list->items = memory_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct mark_name){.key = *key, .mark = mark};
}

struct fake_facilities *fake_facilities_new(struct ev_loop *loop,
					    unsigned int (*random)(void *user, unsigned int limit),
					    void *user)
{
	struct fake_facilities *facilities = memory_allocate(sizeof(*facilities));

	facilities->held = fake_kernel_new();
	facilities->loop = loop;
	facilities->random = random;
	facilities->user = user;
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
	kernel->link->owner = facilities;
	kernel->ipsets->owner = facilities;
	kernel->ipvs->owner = facilities;
}

void fake_facilities_disconnect(struct fake_facilities *facilities)
{
	link_close(take(&facilities->kernel.link));
	ipsets_close(take(&facilities->kernel.ipsets));
	ipvs_close(take(&facilities->kernel.ipvs));
	marks_free(take(&facilities->kernel.marks));
}

/* Those of lib/kernel/kernel.h that nobody calls here. */

int link_open(const char *name, struct link **ret, struct error *err)
{
	(void)name;
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

int ipsets_open(struct ipsets **ret, struct error *err)
{
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

int ipvs_open(struct ipvs **ret, struct error *err)
{
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

void ipsets_use_marks(struct ipsets *ipsets, struct marks *marks)
{
	(void)ipsets;
	(void)marks;
}

void ipvs_use_marks(struct ipvs *ipvs, struct marks *marks)
{
	(void)ipvs;
	(void)marks;
}

/* The dummy interface */

void link_close(struct link *link)
{
	if (!link)
		return;
	free(link->listed);
	free(link);
}

int link_ensure(struct link *link, bool *ret_is_new, struct error *err)
{
	*ret_is_new = false;
	return call(link->owner, err);
}

int link_deprecate(struct link *link, size_t *ret_count, struct error *err)
{
	*ret_count = 0;
	return call(link->owner, err);
}

int link_observe_begin(struct link *link, struct error *err)
{
	link->listed_count = link->told = link->position = 0;
	link->applied = link->owner->held->applied;
	return call(link->owner, err);
}

int link_observe_step(struct link *link,
		      void (*on_bound)(void *user, const struct address *address), void *user,
		      struct error *err)
{
	const struct fake_kernel *held = link->owner->held;
	size_t limit = 1 + link->owner->random(link->owner->user, PART_MOST);
	int r = call(link->owner, err);

	if (r < 0)
		return r;
	if (link->position < held->address_count) {
		for (; limit && link->position < held->address_count; limit--) {
			link->listed = memory_grow(link->listed, link->listed_count,
						   &link->listed_capacity, sizeof(*link->listed));
			link->listed[link->listed_count++] = held->addresses[link->position++];
		}
		if (link->applied != held->applied)
			return error_set(err, -EINTR, "%s", strerror(EINTR));
		return 1;
	}
	/* All have been read: what changes from now on does not interrupt. */
	link->position = SIZE_MAX;
	for (; limit && link->told < link->listed_count; limit--)
		on_bound(user, &link->listed[link->told++]);
	return link->told < link->listed_count;
}

/* Carries out one change of @changes after the other */
static void apply_each(struct fake_facilities *facilities, struct change *changes, size_t count,
		       void (*apply)(struct fake_facilities *facilities, struct change *change))
{
	for (size_t i = 0; i < count; i++) {
		made_loop_spend(facilities->loop, 0.00005);
		if (happens(facilities, facilities->refuse_percent))
			changes[i].result = -ENOMEM;
		else
			apply(facilities, &changes[i]);
	}
}

/* Return: as the appliers of lib/kernel; where the connection broke, a part was carried out */
static int apply_all(struct fake_facilities *facilities, struct change *changes, size_t count,
		     void (*apply)(struct fake_facilities *facilities, struct change *change),
		     struct error *err)
{
	int r = call(facilities, err);
	size_t end = r < 0 ? facilities->random(facilities->user, (unsigned int)count + 1) : count;

	apply_each(facilities, changes, end, apply);
	for (size_t i = 0; r < 0 && i < count; i++)
		changes[i].result = r;
	return r;
}

static void apply_plain(struct fake_facilities *facilities, struct change *change)
{
	fake_backend_apply(facilities->held, change, 1);
}

int link_apply(struct link *link, struct change *changes, size_t count, struct error *err)
{
	return apply_all(link->owner, changes, count, apply_plain, err);
}

/* Sets */

void ipsets_close(struct ipsets *ipsets)
{
	if (!ipsets)
		return;
	free(ipsets->written);
	free(ipsets);
}

int ipsets_ensure_begin(struct ipsets *ipsets, struct error *err)
{
	return call(ipsets->owner, err);
}

int ipsets_ensure_step(struct ipsets *ipsets, struct error *err)
{
	int r = call(ipsets->owner, err);

	return r >= 0 && happens(ipsets->owner, 30) ? 1 : r;
}

static struct virtual_server_key key_of(const struct set_member *member)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = member->address;
	key.port = member->port;
	key.protocol = member->protocol;
	key.audience = AUDIENCE_CLUSTER;
	return key;
}

static void apply_member(struct fake_facilities *facilities, struct change *change)
{
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = key_of(&change->member);
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;

	if (change->member.kind != SET_KIND_IN_CLUSTER) {
		apply_plain(facilities, change);
		return;
	}
	if (is_addition && !marks_find(marks, &key)) {
		change->result = -EAGAIN;
		return;
	}
	apply_plain(facilities, change);
	if (is_addition)
		note_mark(&facilities->member_marks, &key, marks_unsealed(marks, &key));
	else
		forget_mark(&facilities->member_marks, &key);
}

/* As lib/kernel does: what may be there is taken for granted until it is known. */
static void note_use(struct fake_facilities *facilities, const struct change *change,
		     const struct virtual_server_key *key, enum mark_use use, bool is_lost)
{
	bool is_addition =
		change->kind == CHANGE_KIND_MEMBER_ADD || change->kind == CHANGE_KIND_SERVER_ADD;
	bool is_done = change->result >= 0;

	if (is_done || is_lost || !is_addition)
		marks_set_use(facilities->kernel.marks, key, use, is_addition || !is_done);
}

int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		ipsets->written = memory_grow(ipsets->written, ipsets->written_count,
					      &ipsets->written_capacity, sizeof(*ipsets->written));
		ipsets->written[ipsets->written_count++] = changes[i].member;
	}
	r = apply_all(ipsets->owner, changes, count, apply_member, err);
	for (size_t i = 0; i < count; i++) {
		struct virtual_server_key key = key_of(&changes[i].member);

		if (changes[i].member.kind == SET_KIND_IN_CLUSTER)
			note_use(ipsets->owner, &changes[i], &key, MARK_USE_MEMBER, r < 0);
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
		if (happens(facilities, 2 * facilities->refuse_percent)) {
			r = error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
			continue;
		}
		if (is_removal)
			forget_mark(&facilities->names, &names[i].key);
		else
			note_mark(&facilities->names, &names[i].key, names[i].mark);
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
			forget_mark(names, &names->items[i - 1].key);
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
	for (size_t i = 0; i < ipsets->written_count; i++)
		if (memcmp(&ipsets->written[i], member, sizeof(*member)) == 0)
			return true;
	return false;
}

static void tell_member(struct ipsets *ipsets, const struct set_member *member)
{
	struct fake_facilities *facilities = ipsets->owner;
	struct marks *marks = facilities->kernel.marks;
	struct virtual_server_key key = key_of(member);
	const struct mark_name *has;

	if (is_written(ipsets, member))
		return;
	if (member->kind == SET_KIND_IN_CLUSTER) {
		has = find_mark(&facilities->member_marks, &key);
		if (!has || has->mark != marks_unsealed(marks, &key)) {
			struct change removal = {.kind = CHANGE_KIND_MEMBER_REMOVE,
						 .member = *member};

			forget_mark(&facilities->member_marks, &key);
			fake_kernel_apply(facilities->held, &removal, 1);
			return;
		}
		marks_see(marks, &key, MARK_USE_MEMBER);
	}
	ipsets->on_member(ipsets->user, member);
}

/* Begins the next part; Return: how much of @total belongs to it, from @position on */
static size_t next_part(struct fake_facilities *facilities, struct part *part, size_t total)
{
	size_t rest = part->position < total ? total - part->position : 0;

	part->count = 1 + facilities->random(facilities->user, PART_MOST);
	if (part->count > rest)
		part->count = rest;
	part->is_last = part->count == rest;
	return part->count;
}

static void prepare_members(struct ipsets *ipsets)
{
	const struct fake_kernel *held = ipsets->owner->held;
	size_t count = next_part(ipsets->owner, &ipsets->part, held->member_count);

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
	int r = call(ipsets->owner, err);

	ipsets->on_member = on_member;
	ipsets->user = user;
	ipsets->written_count = 0;
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
	struct set_member members[PART_MOST];
	size_t count = ipsets->part.count;
	bool is_last;
	int r = call(ipsets->owner, err);

	if (r < 0)
		return r;
	if (happens(ipsets->owner, 1))
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

/* Virtual servers */

void ipvs_close(struct ipvs *ipvs)
{
	free(ipvs);
}

static bool is_by_mark(const struct virtual_server_key *key)
{
	return key->audience == AUDIENCE_CLUSTER && !key->firewall_mark;
}

static bool is_about_server(const struct change *change)
{
	return change->kind == CHANGE_KIND_SERVER_ADD || change->kind == CHANGE_KIND_SERVER_EDIT ||
	       change->kind == CHANGE_KIND_SERVER_REMOVE;
}

/* What the kernel knows by @mark is not what the agent takes it for. */
static void check_mark(struct fake_facilities *facilities, const struct virtual_server_key *key,
		       uint32_t mark)
{
	const struct mark_name *has = find_mark(&facilities->server_marks, key);

	if (has && fake_kernel_find_server(facilities->held, key) && has->mark != mark)
		complain(facilities, "a virtual server changed its mark");
	for (size_t i = 0; i < facilities->server_marks.count; i++) {
		const struct mark_name *other = &facilities->server_marks.items[i];

		if (other->mark == mark && memcmp(&other->key, key, sizeof(*key)) != 0 &&
		    fake_kernel_find_server(facilities->held, &other->key))
			complain(facilities, "two virtual servers have the same mark");
	}
}

static void apply_to_server(struct fake_facilities *facilities, struct change *change)
{
	const struct virtual_server_key *key =
		is_about_server(change) ? &change->server.key : &change->destination.server;
	struct marks *marks = facilities->kernel.marks;
	uint32_t mark;

	if (!is_by_mark(key)) {
		apply_plain(facilities, change);
		return;
	}
	mark = marks_find(marks, key);
	if (!mark) {
		if (fake_kernel_find_server(facilities->held, key))
			complain(facilities, "the mark of a virtual server was forgotten");
		change->result = change->kind == CHANGE_KIND_SERVER_ADD ? -ENOSPC : -ESRCH;
		if (change->kind == CHANGE_KIND_SERVER_REMOVE ||
		    change->kind == CHANGE_KIND_DESTINATION_REMOVE)
			change->result = 0;
		return;
	}
	check_mark(facilities, key, mark);
	apply_plain(facilities, change);
	if (change->kind == CHANGE_KIND_SERVER_ADD && change->result >= 0)
		note_mark(&facilities->server_marks, key, mark);
	if (change->kind == CHANGE_KIND_SERVER_REMOVE && change->result >= 0)
		forget_mark(&facilities->server_marks, key);
}

int ipvs_apply(struct ipvs *ipvs, struct change *changes, size_t count, struct error *err)
{
	int r = apply_all(ipvs->owner, changes, count, apply_to_server, err);

	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHANGE_KIND_SERVER_ADD ||
		    changes[i].kind == CHANGE_KIND_SERVER_REMOVE)
			note_use(ipvs->owner, &changes[i], &changes[i].server.key, MARK_USE_SERVER,
				 r < 0);
	return r;
}

static void prepare_servers(struct ipvs *ipvs)
{
	const struct fake_kernel *held = ipvs->owner->held;
	size_t count = next_part(ipvs->owner, &ipvs->part, held->server_count);

	for (size_t i = 0; i < count; i++)
		ipvs->servers[i] = held->servers[ipvs->part.position++].server;
}

int ipvs_observe_begin(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *user,
		       struct error *err)
{
	int r = call(ipvs->owner, err);

	ipvs->visitor = visitor;
	ipvs->user = user;
	ipvs->part.position = 0;
	if (r < 0)
		return r;
	marks_look_begin(ipvs->owner->kernel.marks, MARK_USE_SERVER);
	prepare_servers(ipvs);
	return 0;
}

/* As the kernel names it, and then as its mark tells. */
static void tell_server(struct ipvs *ipvs, struct virtual_server server)
{
	struct marks *marks = ipvs->owner->kernel.marks;
	const struct mark_name *has = find_mark(&ipvs->owner->server_marks, &server.key);
	struct virtual_server_key key = {.address.family = server.key.address.family};

	if (is_by_mark(&server.key) && has) {
		key.firewall_mark = has->mark;
		server.key = key;
	}
	if (server.key.firewall_mark) {
		marks_translate(marks, &server.key);
		marks_see(marks, &server.key, MARK_USE_SERVER);
	}
	ipvs->visitor->server(ipvs->user, &server);
}

int ipvs_observe_step(struct ipvs *ipvs, struct error *err)
{
	struct virtual_server servers[PART_MOST];
	size_t count = ipvs->part.count;
	bool is_last = ipvs->part.is_last;
	int r = call(ipvs->owner, err);

	if (r < 0)
		return r;
	memcpy(servers, ipvs->servers, sizeof(servers));
	prepare_servers(ipvs);
	for (size_t i = 0; i < count; i++)
		tell_server(ipvs, servers[i]);
	if (is_last)
		marks_look_end(ipvs->owner->kernel.marks, MARK_USE_SERVER);
	return !is_last;
}

/* Return: how many destinations @key has, or -ESRCH; each is told */
static int tell_destinations(struct ipvs *ipvs, const struct virtual_server_key *key,
			     const struct ipvs_visitor *visitor, void *user)
{
	const struct fake_server *server = fake_kernel_find_server(ipvs->owner->held, key);

	if (!server || (is_by_mark(key) && !marks_find(ipvs->owner->kernel.marks, key)))
		return -ESRCH;
	for (size_t i = 0; i < server->destination_count; i++)
		visitor->destination(user, key, &server->destinations[i]);
	return (int)server->destination_count;
}

int ipvs_observe_destinations(struct ipvs *ipvs, const struct virtual_server_key *server,
			      const struct ipvs_visitor *visitor, void *user, struct error *err)
{
	int r = call(ipvs->owner, err);

	if (r >= 0)
		r = tell_destinations(ipvs, server, visitor, user);
	return r < 0 ? error_set(err, r, "%s", strerror(-r)) : 0;
}

int ipvs_observe_destinations_of(struct ipvs *ipvs, const struct virtual_server_key *servers,
				 size_t count, const struct ipvs_visitor *visitor, void *user,
				 struct error *err)
{
	int r = call(ipvs->owner, err);

	for (size_t i = count; r >= 0 && i > 0; i--)
		tell_destinations(ipvs, &servers[i - 1], visitor, user);
	return r;
}

const char *fake_facilities_check_marks(const struct fake_facilities *facilities, bool is_verified)
{
	const struct fake_kernel *held = facilities->held;
	size_t by_mark = 0;

	for (size_t i = 0; i < held->server_count; i++) {
		const struct virtual_server_key *key = &held->servers[i].server.key;
		const struct mark_name *mark = find_mark(&facilities->server_marks, key);
		const struct mark_name *name = find_mark(&facilities->names, key);

		if (!is_by_mark(key))
			continue;
		by_mark++;
		if (!mark || !name || mark->mark != name->mark)
			return "a virtual server by mark has no name";
	}
	for (size_t i = 0; i < held->member_count; i++) {
		struct virtual_server_key key = key_of(&held->members[i]);
		const struct mark_name *mark = find_mark(&facilities->server_marks, &key);
		const struct mark_name *has = find_mark(&facilities->member_marks, &key);

		if (held->members[i].kind != SET_KIND_IN_CLUSTER)
			continue;
		if (!fake_kernel_find_server(held, &key) || !mark || !has ||
		    has->mark != (mark->mark & ~mark_range_seal(&range)))
			return "a member gives packets a mark that leads nowhere";
	}
	if (is_verified && by_mark != facilities->names.count)
		return "a name of nothing is left";
	return NULL;
}
