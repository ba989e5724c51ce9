/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_facilities_internal.h"

#include <errno.h>
#include <string.h>

/* Nobody calls it here. */
int ipvs_open(struct ipvs **ret, struct error *err)
{
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

/* Nobody calls it here. */
void ipvs_use_marks(struct ipvs *ipvs, struct marks *marks)
{
	(void)ipvs;
	(void)marks;
}

int ipvs_reopen(struct ipvs *ipvs, struct error *err)
{
	return fake_reopen(ipvs->facilities, FACILITY_IPVS, err);
}

void ipvs_close(struct ipvs *ipvs)
{
	free(ipvs);
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
	const struct mark_name *has = mark_list_find(&facilities->server_marks, key);

	if (has && fake_kernel_find_server(facilities->held, key) && has->mark != mark)
		fake_complain(facilities, "a virtual server changed its mark");
	for (size_t i = 0; i < facilities->server_marks.count; i++) {
		const struct mark_name *other = &facilities->server_marks.items[i];

		if (other->mark == mark && memcmp(&other->key, key, sizeof(*key)) != 0 &&
		    fake_kernel_find_server(facilities->held, &other->key))
			fake_complain(facilities, "two virtual servers have the same mark");
	}
}

static void apply_to_server(struct fake_facilities *facilities, struct change *change)
{
	const struct virtual_server_key *key =
		is_about_server(change) ? &change->server.key : &change->destination.server;
	struct marks *marks = facilities->kernel.marks;
	uint32_t mark;

	if (!fake_is_by_mark(key)) {
		fake_apply_plain(facilities, change);
		return;
	}
	mark = marks_find(marks, key);
	if (!mark) {
		if (fake_kernel_find_server(facilities->held, key))
			fake_complain(facilities, "the mark of a virtual server was forgotten");
		change->result = change->kind == CHANGE_KIND_SERVER_ADD ? -ENOSPC : -ESRCH;
		if (change->kind == CHANGE_KIND_SERVER_REMOVE ||
		    change->kind == CHANGE_KIND_DESTINATION_REMOVE)
			change->result = 0;
		return;
	}
	check_mark(facilities, key, mark);
	fake_apply_plain(facilities, change);
	if (change->kind == CHANGE_KIND_SERVER_ADD && change->result >= 0)
		mark_list_note(&facilities->server_marks, key, mark);
	if (change->kind == CHANGE_KIND_SERVER_REMOVE && change->result >= 0)
		mark_list_forget(&facilities->server_marks, key);
}

int ipvs_apply(struct ipvs *ipvs, struct change *changes, size_t count, struct error *err)
{
	int r = fake_apply_all(ipvs->facilities, changes, count, apply_to_server, err);

	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHANGE_KIND_SERVER_ADD ||
		    changes[i].kind == CHANGE_KIND_SERVER_REMOVE)
			fake_note_use(ipvs->facilities, &changes[i], &changes[i].server.key,
				      MARK_USE_SERVER, r < 0);
	return r;
}

static void prepare_servers(struct ipvs *ipvs)
{
	struct fake_facilities *facilities = ipvs->facilities;
	const struct fake_kernel *held = facilities->held;
	size_t count;

	if (ipvs->is_disturbed && fake_happens(facilities, 50))
		ipvs->part.position += facilities->random(facilities->owner, PART_MAX);
	count = fake_next_part(facilities, &ipvs->part, held->server_count);
	for (size_t i = 0; i < count; i++)
		ipvs->servers[i] = held->servers[ipvs->part.position++].server;
}

int ipvs_observe_begin(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *owner,
		       struct error *err)
{
	ipvs->visitor = visitor;
	ipvs->owner = owner;
	marks_scan_begin(ipvs->facilities->kernel.marks, MARK_USE_SERVER);
	return ipvs_observe_again(ipvs, err);
}

int ipvs_observe_again(struct ipvs *ipvs, struct error *err)
{
	int r = fake_call(ipvs->facilities, FACILITY_IPVS, err);

	ipvs->part.position = 0;
	if (r < 0)
		return r;
	ipvs->is_disturbed = !ipvs->is_disturbed &&
			     fake_happens(ipvs->facilities, ipvs->facilities->disturb_percent);
	prepare_servers(ipvs);
	return 0;
}

void ipvs_observe_end(struct ipvs *ipvs)
{
	marks_scan_end(ipvs->facilities->kernel.marks, MARK_USE_SERVER);
}

/* As the kernel names it, and then as its mark tells. */
static void tell_server(struct ipvs *ipvs, struct virtual_server server)
{
	struct marks *marks = ipvs->facilities->kernel.marks;
	const struct mark_name *has = mark_list_find(&ipvs->facilities->server_marks, &server.key);
	struct virtual_server_key key = {.address.family = server.key.address.family};

	if (fake_is_by_mark(&server.key) && has) {
		key.firewall_mark = has->mark;
		server.key = key;
	}
	if (server.key.firewall_mark) {
		marks_translate(marks, &server.key);
		marks_scan_see(marks, &server.key, MARK_USE_SERVER);
	}
	ipvs->visitor->server(ipvs->owner, &server);
}

int ipvs_observe_step(struct ipvs *ipvs, struct error *err)
{
	struct virtual_server servers[PART_MAX];
	size_t count = ipvs->part.count;
	bool is_last = ipvs->part.is_last;
	int r = fake_call(ipvs->facilities, FACILITY_IPVS, err);

	if (r < 0)
		return r;
	memcpy(servers, ipvs->servers, sizeof(servers));
	prepare_servers(ipvs);
	for (size_t i = 0; i < count; i++)
		tell_server(ipvs, servers[i]);
	return !is_last;
}

int ipvs_observe_left_out(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
			  struct error *err)
{
	int r = fake_call(ipvs->facilities, FACILITY_IPVS, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		const struct fake_server *server =
			fake_kernel_find_server(ipvs->facilities->held, &servers[i]);

		if (server)
			tell_server(ipvs, server->server);
	}
	return r;
}

/* Return: how many destinations @key has, or -ESRCH; each is told */
static int tell_destinations(struct ipvs *ipvs, const struct virtual_server_key *key,
			     const struct ipvs_visitor *visitor, void *owner)
{
	const struct fake_server *server = fake_kernel_find_server(ipvs->facilities->held, key);

	if (!server || (fake_is_by_mark(key) && !marks_find(ipvs->facilities->kernel.marks, key)))
		return -ESRCH;
	for (size_t i = 0; i < server->destination_count; i++)
		visitor->destination(owner, key, &server->destinations[i]);
	return (int)server->destination_count;
}

int ipvs_observe_destinations(struct ipvs *ipvs, const struct virtual_server_key *server,
			      const struct ipvs_visitor *visitor, void *owner, struct error *err)
{
	int r = fake_call(ipvs->facilities, FACILITY_IPVS, err);

	if (r >= 0)
		r = tell_destinations(ipvs, server, visitor, owner);
	return r < 0 ? error_set(err, r, "%s", strerror(-r)) : 0;
}

int ipvs_observe_destinations_of(struct ipvs *ipvs, const struct virtual_server_key *servers,
				 size_t count, const struct ipvs_visitor *visitor, void *owner,
				 struct error *err)
{
	int r = fake_call(ipvs->facilities, FACILITY_IPVS, err);

	for (size_t i = count; r >= 0 && i > 0; i--)
		tell_destinations(ipvs, &servers[i - 1], visitor, owner);
	return r;
}
