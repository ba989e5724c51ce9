/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs.h"

#include "ipvs_message.h"
#include "ipvs_table.h"
#include "netlink.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <string.h>

struct server_list {
	struct ipvs *ipvs;
	const struct ipvs_visitor *visitor;
	void *owner;
	struct error *err;
	struct virtual_server_key *keys; /* collected if destinations are wanted */
	size_t count;
	size_t capacity;
	bool is_in_steps;
};

/* The message that was written last, if it is about a destination. @command: 0 = it is not. */
struct destination_message {
	struct virtual_server_key server;
	uint8_t command;
};

/*
 * @observer: for a dump that is read in steps, so that others can be asked meanwhile; from the
 * first one on. @observed: that dump.
 */
struct ipvs {
	struct netlink *netlink;
	struct netlink *observer;
	struct ipvs_table *table;
	struct server_list observed;
	struct marks *marks; /* NULL = none are used */
	struct destination_message last;
	uint16_t family;
};

/* No virtual server of ours has it: a range never includes all bits. */
#define MARK_OF_NOBODY UINT32_MAX

/*
 * Of a step of an observation: some hundred virtual servers, each of which may be new to the ledger
 */
#define PARTS_PER_STEP 2

/**
 * enum stage - changes that may share a batch
 *
 * A change that the kernel refuses is tried a second time after its batch, and must not overtake
 * changes of another stage to the same object: an edit, or a removal.
 */
enum stage { STAGE_ADD = 1, STAGE_EDIT, STAGE_REMOVE };

/**
 * struct method - how a change is carried out
 * @command:         0 = not our kind of change
 * @refusal:         when the kernel answers this the object was not as expected,
 * @second_command:  and this does what was meant
 * @absences:        when it answers one of these the object is gone already, which is fine
 */
struct method {
	enum stage stage;
	uint8_t command;
	uint8_t second_command;
	int refusal;
	int absences[2];
};

static const struct method methods[] = {
	[CHANGE_KIND_SERVER_ADD] = {.stage = STAGE_ADD,
				    .command = IPVS_CMD_NEW_SERVICE,
				    .refusal = -EEXIST,
				    .second_command = IPVS_CMD_SET_SERVICE},
	[CHANGE_KIND_SERVER_EDIT] = {.stage = STAGE_EDIT, .command = IPVS_CMD_SET_SERVICE},
	[CHANGE_KIND_DESTINATION_ADD] = {.stage = STAGE_ADD,
					 .command = IPVS_CMD_NEW_DEST,
					 .refusal = -EEXIST,
					 .second_command = IPVS_CMD_SET_DEST},
	[CHANGE_KIND_DESTINATION_EDIT] = {.stage = STAGE_EDIT,
					  .command = IPVS_CMD_SET_DEST,
					  .refusal = -ENOENT,
					  .second_command = IPVS_CMD_NEW_DEST},
	/* The virtual server is missing, or the destination. */
	[CHANGE_KIND_DESTINATION_REMOVE] = {.stage = STAGE_REMOVE,
					    .command = IPVS_CMD_DEL_DEST,
					    .absences = {-ESRCH, -ENOENT}},
	[CHANGE_KIND_SERVER_REMOVE] = {.stage = STAGE_REMOVE,
				       .command = IPVS_CMD_DEL_SERVICE,
				       .absences = {-ESRCH}},
	[CHANGE_KIND_MEMBER_REMOVE] = {.command = 0},
};

/* A request that needs the privilege and changes nothing. */
static int probe(struct netlink *netlink, uint16_t family, struct error *err)
{
	struct nl_msg *message = netlink_message(netlink);
	int r = ipvs_message_plain(message, family, IPVS_CMD_GET_INFO, 0);

	if (r >= 0)
		r = netlink_ask(netlink, message, NULL, NULL, err);
	if (r == -EPERM)
		return error_set(err, r, "using IPVS needs CAP_NET_ADMIN");
	return r < 0 ? error_wrap(err, r, "looking up the IPVS netlink family") : 0;
}

static int connect_to_ipvs(struct netlink **ret, uint16_t *ret_family, struct error *err)
{
	struct netlink *netlink = NULL;
	int family, r;

	r = netlink_open(NETLINK_GENERIC, &netlink, err);
	if (r < 0)
		return r;
	family = genl_ctrl_resolve(netlink_socket(netlink), IPVS_GENL_NAME);
	if (family < 0)
		r = error_set(err, -ENOENT, "the kernel has no IPVS; is the module ip_vs loaded?");
	else
		r = probe(netlink, (uint16_t)family, err);
	if (r < 0) {
		netlink_close(netlink);
		return r;
	}
	*ret = netlink;
	*ret_family = (uint16_t)family;
	return 0;
}

int ipvs_open(struct ipvs **ret, struct error *err)
{
	struct netlink *netlink;
	struct ipvs *ipvs;
	uint16_t family;
	int r = connect_to_ipvs(&netlink, &family, err);

	if (r < 0)
		return r;
	ipvs = memory_allocate(sizeof(*ipvs));
	ipvs->netlink = netlink;
	ipvs->family = family;
	ipvs->table = ipvs_table_new();
	*ret = ipvs;
	return 0;
}

/* A module that was unloaded and loaded again has another number. */
int ipvs_reopen(struct ipvs *ipvs, struct error *err)
{
	struct netlink *netlink;
	uint16_t family;
	int r = connect_to_ipvs(&netlink, &family, err);

	if (r < 0)
		return r;
	netlink_close(ipvs->netlink);
	netlink_close(take(&ipvs->observer));
	ipvs->netlink = netlink;
	r = family != ipvs->family;
	ipvs->family = family;
	return r;
}

void ipvs_close(struct ipvs *ipvs)
{
	if (!ipvs)
		return;
	netlink_close(ipvs->netlink);
	netlink_close(ipvs->observer);
	ipvs_table_free(ipvs->table);
	free(ipvs);
}

void ipvs_use_marks(struct ipvs *ipvs, struct marks *marks)
{
	ipvs->marks = marks;
}

static bool is_by_mark_of_ours(const struct virtual_server_key *key)
{
	return key->client_scope == CLIENT_SCOPE_IN_CLUSTER && !key->firewall_mark;
}

/* The kernel's name of a virtual server. */
static struct virtual_server_key kernel_key(const struct ipvs *ipvs,
					    const struct virtual_server_key *key)
{
	struct virtual_server_key ret = *key;
	uint32_t mark;

	if (is_by_mark_of_ours(key)) {
		mark = ipvs->marks ? marks_find(ipvs->marks, key) : 0;
		ret.firewall_mark = mark ? mark : MARK_OF_NOBODY;
	}
	return ret;
}

static int on_server(void *owner, const struct nlmsghdr *message)
{
	struct server_list *list = owner;
	struct virtual_server server;
	struct ipvs_traffic traffic;
	int r;

	r = ipvs_message_parse_server(message, &server);
	if (r < 0)
		return error_set(list->err, r, "malformed IPVS_CMD_GET_SERVICE reply");
	if (list->ipvs->marks && server.key.firewall_mark) {
		marks_translate(list->ipvs->marks, &server.key);
		marks_scan_see(list->ipvs->marks, &server.key, MARK_USE_SERVER);
	}
	if (list->visitor->destination && !list->is_in_steps) {
		list->keys =
			memory_grow(list->keys, list->count, &list->capacity, sizeof(*list->keys));
		list->keys[list->count++] = server.key;
	}
	r = list->visitor->server ? list->visitor->server(list->owner, &server) : 0;
	if (r < 0 || !list->visitor->traffic || ipvs_message_parse_traffic(message, &traffic) < 0)
		return r;
	return list->visitor->traffic(list->owner, &server.key, &traffic);
}

/* @server: the one whose destinations are being read; @count: of destinations, of all servers */
struct destination_visit {
	const struct virtual_server_key *server;
	const struct ipvs_visitor *visitor;
	void *owner;
	struct error *err;
	size_t count;
};

static int on_destination(void *owner, const struct destination_usage *usage)
{
	struct destination_visit *visit = owner;

	visit->count++;
	return visit->visitor->destination(visit->owner, visit->server, usage);
}

static int on_destination_message(void *owner, const struct nlmsghdr *message)
{
	struct destination_visit *visit = owner;
	struct destination_usage usage;
	char text[2 * ADDRESS_TEXT_SIZE];
	int r;

	r = ipvs_message_parse_destination(message, visit->server->address.family, &usage);
	if (r < 0)
		return error_set(visit->err, r, "malformed IPVS_CMD_GET_DEST reply for %s",
				 virtual_server_key_text(visit->server, text));
	return on_destination(visit, &usage);
}

/* By netlink where the older interface cannot tell all. */
static int visit_destinations(struct ipvs *ipvs, struct destination_visit *visit)
{
	struct virtual_server_key key = kernel_key(ipvs, visit->server);
	struct nl_msg *message;
	int r;

	r = ipvs_table_destinations(ipvs->table, &key, on_destination, visit);
	if (r != 0)
		return r;
	message = netlink_message(ipvs->netlink);
	r = ipvs_message_server_key(message, ipvs->family, IPVS_CMD_GET_DEST, NLM_F_DUMP, &key);
	return r < 0 ? r
		     : netlink_ask(ipvs->netlink, message, on_destination_message, visit,
				   visit->err);
}

static int observe_destinations(struct ipvs *ipvs, const struct virtual_server_key *servers,
				size_t count, const struct ipvs_visitor *visitor, void *owner,
				size_t *ret_seen, struct error *err)
{
	struct destination_visit visit = {.visitor = visitor, .owner = owner, .err = err};
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		visit.server = &servers[i];
		r = visit_destinations(ipvs, &visit);
	}
	*ret_seen = visit.count;
	return r < 0 ? error_wrap(err, r, "reading destinations") : 0;
}

static int
ask_for_servers(struct ipvs *ipvs, struct netlink *netlink,
		int (*ask)(struct netlink *netlink, struct nl_msg *request,
			   int (*on_message)(void *owner, const struct nlmsghdr *message),
			   void *owner, struct error *err),
		struct server_list *list)
{
	struct nl_msg *message = netlink_message(netlink);
	int r = ipvs_message_plain(message, ipvs->family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);

	if (r >= 0)
		r = ask(netlink, message, on_server, list, list->err);
	return r < 0 ? error_wrap(list->err, r, "reading virtual servers") : 0;
}

static void begin_scan(struct ipvs *ipvs)
{
	if (ipvs->marks)
		marks_scan_begin(ipvs->marks, MARK_USE_SERVER);
}

void ipvs_observe_end(struct ipvs *ipvs)
{
	if (ipvs->marks)
		marks_scan_end(ipvs->marks, MARK_USE_SERVER);
}

int ipvs_observe(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *owner,
		 struct error *err)
{
	struct server_list list = {.ipvs = ipvs, .visitor = visitor, .owner = owner, .err = err};
	size_t seen;
	int r;

	begin_scan(ipvs);
	r = ask_for_servers(ipvs, ipvs->netlink, netlink_ask, &list);
	if (r >= 0)
		ipvs_observe_end(ipvs);
	if (r >= 0 && visitor->destination)
		r = observe_destinations(ipvs, list.keys, list.count, visitor, owner, &seen, err);
	free(list.keys);
	return r < 0 ? r : 0;
}

int ipvs_observe_begin(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *owner,
		       struct error *err)
{
	ipvs->observed = (struct server_list){
		.ipvs = ipvs, .visitor = visitor, .owner = owner, .is_in_steps = true};
	begin_scan(ipvs);
	return ipvs_observe_again(ipvs, err);
}

int ipvs_observe_again(struct ipvs *ipvs, struct error *err)
{
	int r = 0;

	if (!ipvs->observer)
		r = netlink_open(NETLINK_GENERIC, &ipvs->observer, err);
	if (r < 0)
		return r;
	ipvs->observed.err = err;
	return ask_for_servers(ipvs, ipvs->observer, netlink_dump_begin, &ipvs->observed);
}

int ipvs_observe_step(struct ipvs *ipvs, struct error *err)
{
	int r;

	ipvs->observed.err = err;
	r = netlink_dump_step(ipvs->observer, PARTS_PER_STEP, err);
	return r < 0 ? error_wrap(err, r, "reading virtual servers") : r;
}

/* Return: 0, -ESRCH if there is none, or another negative errno */
static int ask_for_server(struct ipvs *ipvs, const struct virtual_server_key *server,
			  int (*on_message)(void *owner, const struct nlmsghdr *message),
			  void *owner, struct error *err)
{
	struct nl_msg *message = netlink_message(ipvs->netlink);
	struct virtual_server_key key = kernel_key(ipvs, server);
	char text[2 * ADDRESS_TEXT_SIZE];
	int r = ipvs_message_server_key(message, ipvs->family, IPVS_CMD_GET_SERVICE, 0, &key);

	if (r >= 0)
		r = netlink_ask(ipvs->netlink, message, on_message, owner, err);
	if (r < 0)
		return error_wrap(err, r, "reading %s", virtual_server_key_text(server, text));
	return 0;
}

/* Tells the visitor of @list of those that exist. */
static int ask_for_each(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
			struct server_list *list, struct error *err)
{
	struct error absence = {0};
	int r = 0;

	list->err = &absence;
	for (size_t i = 0; i < count && (r >= 0 || r == -ESRCH); i++)
		r = ask_for_server(ipvs, &servers[i], on_server, list, &absence);
	list->err = NULL;
	if (r >= 0 || r == -ESRCH)
		return 0;
	*err = absence;
	return r;
}

int ipvs_observe_left_out(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
			  struct error *err)
{
	return ask_for_each(ipvs, servers, count, &ipvs->observed, err);
}

int ipvs_observe_these(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
		       const struct ipvs_visitor *visitor, void *owner, struct error *err)
{
	struct server_list list = {
		.ipvs = ipvs, .visitor = visitor, .owner = owner, .is_in_steps = true};
	size_t seen;
	int r = ask_for_each(ipvs, servers, count, &list, err);

	return r < 0 ? r : observe_destinations(ipvs, servers, count, visitor, owner, &seen, err);
}

int ipvs_observe_destinations(struct ipvs *ipvs, const struct virtual_server_key *server,
			      const struct ipvs_visitor *visitor, void *owner, struct error *err)
{
	size_t seen;
	int r = observe_destinations(ipvs, server, 1, visitor, owner, &seen, err);

	if (r < 0 || seen)
		return r;
	/* The dump for a virtual server that is not there is empty, too. */
	return ask_for_server(ipvs, server, NULL, NULL, err);
}

int ipvs_observe_destinations_of(struct ipvs *ipvs, const struct virtual_server_key *servers,
				 size_t count, const struct ipvs_visitor *visitor, void *owner,
				 struct error *err)
{
	size_t seen;

	return observe_destinations(ipvs, servers, count, visitor, owner, &seen, err);
}

/* Where the kinds of change keep it, the key of the virtual server that they are about. */
static const struct virtual_server_key *server_of(const struct change *change)
{
	if (change->kind == CHANGE_KIND_SERVER_ADD || change->kind == CHANGE_KIND_SERVER_EDIT ||
	    change->kind == CHANGE_KIND_SERVER_REMOVE)
		return &change->server.key;
	return &change->destination.server;
}

static int build_destination(struct ipvs *ipvs, uint8_t command,
			     const struct virtual_server_key *key,
			     const struct destination *destination)
{
	struct destination_message *last = &ipvs->last;
	int r;

	if (last->command == command && memcmp(&last->server, key, sizeof(*key)) == 0) {
		ipvs_message_replace_destination(netlink_last_message(ipvs->netlink), destination);
		return 0;
	}
	r = ipvs_message_destination(netlink_message(ipvs->netlink), ipvs->family, command, key,
				     destination);
	*last = (struct destination_message){.server = *key, .command = r < 0 ? 0 : command};
	return r;
}

/* Writes the message about @change. */
static int build(struct ipvs *ipvs, uint8_t command, const struct change *change)
{
	struct virtual_server_key key = kernel_key(ipvs, server_of(change));
	struct virtual_server server;
	struct nl_msg *message;

	if (key.firewall_mark == MARK_OF_NOBODY)
		return command == IPVS_CMD_NEW_SERVICE ? -ENOSPC : -ESRCH;
	if (command == IPVS_CMD_NEW_DEST || command == IPVS_CMD_SET_DEST ||
	    command == IPVS_CMD_DEL_DEST)
		return build_destination(ipvs, command, &key, &change->destination.value);

	ipvs->last.command = 0;
	message = netlink_message(ipvs->netlink);
	switch (command) {
	case IPVS_CMD_NEW_SERVICE:
	case IPVS_CMD_SET_SERVICE:
		server = change->server;
		server.key = key;
		return ipvs_message_server(message, ipvs->family, command, &server);
	default:
		return ipvs_message_server_key(message, ipvs->family, command, 0, &key);
	}
}

/* @is_lost: the answer is; what was to be added may be there, as the next observation will tell */
static void note_uses(struct ipvs *ipvs, const struct change *changes, size_t count, bool is_lost)
{
	for (size_t i = 0; ipvs->marks && i < count; i++) {
		const struct change *change = &changes[i];
		bool is_addition = change->kind == CHANGE_KIND_SERVER_ADD;

		if (!is_addition && change->kind != CHANGE_KIND_SERVER_REMOVE)
			continue;
		if (change->result >= 0 || (is_addition && is_lost))
			marks_set_use(ipvs->marks, &change->server.key, MARK_USE_SERVER,
				      is_addition);
	}
}

/* Return: whether the change needs no more room in this batch */
static bool enqueue(struct ipvs *ipvs, uint8_t command, struct change *change)
{
	change->result = build(ipvs, command, change);
	return change->result < 0 ||
	       netlink_batch_add(ipvs->netlink, netlink_last_message(ipvs->netlink),
				 &change->result);
}

/* Puts changes of one stage into the batch until it is full; Return: how many are done with */
static size_t fill_batch(struct ipvs *ipvs, struct change *changes, size_t count)
{
	enum stage stage = 0;
	size_t i;

	ipvs->last.command = 0;
	for (i = 0; i < count; i++) {
		const struct method *method = &methods[changes[i].kind];

		if (!method->command)
			continue;
		if (stage && method->stage != stage)
			break;
		stage = method->stage;
		if (!enqueue(ipvs, method->command, &changes[i]))
			break;
	}
	return i;
}

/* What the kernel refused because the object was, or was not, there; it all fits one batch. */
static void fill_second_batch(struct ipvs *ipvs, struct change *changes, size_t count)
{
	ipvs->last.command = 0;
	for (size_t i = 0; i < count; i++) {
		const struct method *method = &methods[changes[i].kind];

		if (method->second_command && changes[i].result == method->refusal)
			enqueue(ipvs, method->second_command, &changes[i]);
	}
}

static void forgive_absences(struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct method *method = &methods[changes[i].kind];

		for (size_t j = 0; method->command && j < COUNT(method->absences); j++)
			if (method->absences[j] && changes[i].result == method->absences[j])
				changes[i].result = 0;
	}
}

int ipvs_apply(struct ipvs *ipvs, struct change *changes, size_t count, struct error *err)
{
	size_t done = 0, taken;
	int r = 0;

	while (done < count && r >= 0) {
		taken = fill_batch(ipvs, changes + done, count - done);
		r = netlink_batch_send(ipvs->netlink, err);
		if (r >= 0) {
			fill_second_batch(ipvs, changes + done, taken);
			r = netlink_batch_send(ipvs->netlink, err);
		}
		if (r >= 0)
			forgive_absences(changes + done, taken);
		note_uses(ipvs, changes + done, taken, r < 0);
		done += taken;
	}
	if (r >= 0)
		return 0;

	for (size_t i = done; i < count; i++)
		if (methods[changes[i].kind].command)
			changes[i].result = r;
	return error_wrap(err, r, "changing virtual servers");
}

int ipvs_set_timeouts(struct ipvs *ipvs, const struct ipvs_timeouts *timeouts, struct error *err)
{
	struct nl_msg *message = netlink_message(ipvs->netlink);
	int r;

	r = ipvs_message_timeouts(message, ipvs->family, timeouts);
	if (r >= 0)
		r = netlink_ask(ipvs->netlink, message, NULL, NULL, err);
	return r < 0 ? error_wrap(err, r, "setting IPVS timeouts") : 0;
}
