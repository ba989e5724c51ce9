/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <string.h>

struct service_entry *ledger_service_find(const struct ledger *ledger, const char *key)
{
	struct service_entry *service;

	HASH_FIND_STR(ledger->services, key, service);
	return service;
}

static struct service_entry *get_service(struct ledger *ledger, const char *key)
{
	struct service_entry *service;
	size_t length = strlen(key);
	unsigned int hash;

	HASH_VALUE(key, length, hash);
	HASH_FIND_BYHASHVALUE(hh, ledger->services, key, length, hash, service);
	if (!service) {
		service = memory_allocate(offsetof(struct service_entry, key) + length + 1);
		memcpy(service->key, key, length + 1);
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, ledger->services, service->key, length, hash,
					    service);
	}
	return service;
}

void ledger_service_drop(struct ledger *ledger, struct service_entry *service)
{
	HASH_DEL(ledger->services, service);
	service_state_free(service->state);
	free(service);
}

static void withdraw_server(struct ledger *ledger, const struct virtual_server_key *key,
			    const struct service_entry *service)
{
	struct server_entry *entry = ledger_server_find(ledger, key);

	ledger_server_remove_claimant(ledger, entry, service);
	ledger_server_touch(ledger, entry);
}

static void claim_server(struct ledger *ledger, struct service_entry *service,
			 const struct service_state *state, uint32_t index)
{
	struct server_entry *entry = ledger_server_get(ledger, &state->servers[index].server.key);

	ledger_server_unfold(entry);
	ledger_server_add_claimant(ledger, entry,
				   (struct claimant){.service = service, .index = index});
	ledger_server_touch(ledger, entry);
	ledger_contest_begin(ledger, entry);
	ledger->unsettled_count += state->servers[index].destination_count;
	if (!entry->tied)
		entry->tied = service;
}

static void claim_unit(struct ledger *ledger, const struct set_member *value)
{
	struct unit_entry *unit = ledger_unit_get(ledger, value);

	if (unit->claims++ == 0)
		ledger_unit_touch(ledger, unit);
}

static void withdraw_unit(struct ledger *ledger, const struct set_member *value)
{
	struct unit_entry *unit = ledger_unit_find(ledger, value);

	if (--unit->claims == 0)
		ledger_unit_touch(ledger, unit);
}

/*
 * Members that say how one virtual server is to be treated (who may use it, whether its clients are
 * masqueraded, whether those in the cluster have another one) belong to that server: of the
 * Services which claim it, only the winner's count. A loser could otherwise close the winner's
 * address with source ranges of its own. Such a server is "tied" to the winner; ledger_settle()
 * unties it when another Service wins.
 *
 * Return: whether @member is of that sort; then @ret is the server
 */
static bool server_of_member(const struct set_member *member, struct virtual_server_key *ret)
{
	switch ((enum set_kind)member->kind) {
	case SET_KIND_LOAD_BALANCER_FIREWALL:
	case SET_KIND_LOAD_BALANCER_SOURCE_CIDR:
	case SET_KIND_LOAD_BALANCER_SOURCE_IP:
	case SET_KIND_CLUSTER_IP:
	case SET_KIND_EXTERNAL_IP:
	case SET_KIND_EXTERNAL_IP_LOCAL:
	case SET_KIND_LOAD_BALANCER:
	case SET_KIND_LOAD_BALANCER_LOCAL:
	case SET_KIND_NODE_PORT_SCTP:
	case SET_KIND_NODE_PORT_LOCAL_SCTP:
	case SET_KIND_NO_LOCAL:
	case SET_KIND_IN_CLUSTER:
		break;
	case SET_KIND_LOOP_BACK:
	case SET_KIND_NODE_PORT_TCP:
	case SET_KIND_NODE_PORT_UDP:
	case SET_KIND_NODE_PORT_LOCAL_TCP:
	case SET_KIND_NODE_PORT_LOCAL_UDP:
	case SET_KIND_HEALTH_CHECK_NODE_PORT:
	case SET_KIND_NODE_PORT_ADDRESS:
	case SET_KIND_MARK_NAMES:
	case SET_KIND_IPVS_IPS:
		return false;
	}
	memset(ret, 0, sizeof(*ret));
	ret->address = member->address;
	ret->port = member->port;
	ret->protocol = member->protocol;
	return true;
}

typedef void visit_unit(struct ledger *ledger, const struct set_member *value);

static void each_tied_member(struct ledger *ledger, const struct service_state *state,
			     const struct virtual_server_key *key, visit_unit *visit)
{
	struct virtual_server_key other;
	struct set_member member;
	uint32_t at = 0;

	while (service_state_next_member(state, &at, &member))
		if (server_of_member(&member, &other) && memcmp(&other, key, sizeof(other)) == 0)
			visit(ledger, &member);
}

void ledger_retie(struct ledger *ledger, struct server_entry *entry)
{
	const struct claimant *winner = ledger_server_winner(entry);
	struct service_entry *service = winner ? winner->service : NULL;

	if (service == entry->tied)
		return;
	if (service)
		each_tied_member(ledger, service->state, &entry->held.key, claim_unit);
	if (entry->tied)
		each_tied_member(ledger, entry->tied->state, &entry->held.key, withdraw_unit);
	entry->tied = service;
}

/* The units of @state that count while the servers are tied as they are. */
static void each_unit(struct ledger *ledger, const struct service_entry *service,
		      const struct service_state *state, visit_unit *visit)
{
	struct set_member member;
	uint32_t at = 0;

	while (service_state_next_member(state, &at, &member)) {
		struct virtual_server_key key;

		if (!server_of_member(&member, &key) ||
		    ledger_server_find(ledger, &key)->tied == service)
			visit(ledger, &member);
	}
	for (size_t i = 0; i < state->address_count; i++) {
		struct set_member value = ledger_unit_of_address(&state->addresses[i]);

		visit(ledger, &value);
	}
}

/* A server that the Service claims no more, with its members withdrawn, goes to the next in line.
 */
static void untie(struct ledger *ledger, const struct virtual_server_key *key,
		  const struct service_entry *service)
{
	struct server_entry *entry = ledger_server_find(ledger, key);

	if (entry->tied != service)
		return;
	for (uint32_t i = 0; i < entry->claimant_count; i++)
		if (ledger_server_claimants(entry)[i].service == service)
			return;
	entry->tied = NULL;
	ledger_retie(ledger, entry);
}

/* What is held is not told from what is wanted where both are the same, and that is about to end.
 */
static void unfold_servers(struct ledger *ledger, const struct service_state *state)
{
	for (size_t i = 0; i < state->server_count; i++) {
		struct server_entry *entry =
			ledger_server_find(ledger, &state->servers[i].server.key);

		if (entry)
			ledger_server_unfold(entry);
	}
}

void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state)
{
	static const struct service_state nothing;
	const struct service_state *new = state ? state : &nothing;
	struct service_entry *service = get_service(ledger, key);
	auto_free(service_state) struct service_state *old = service->state;
	const struct service_state *before = old ? old : &nothing;

	unfold_servers(ledger, before);
	service->state = state;
	service->created = created;
	for (size_t i = 0; i < before->server_count; i++)
		withdraw_server(ledger, &before->servers[i].server.key, service);
	for (size_t i = 0; i < new->server_count; i++)
		claim_server(ledger, service, new, (uint32_t)i);

	/* New unit claims come first: what is wanted as before need not be looked at again. */
	each_unit(ledger, service, new, claim_unit);
	each_unit(ledger, service, before, withdraw_unit);
	for (size_t i = 0; i < before->server_count; i++)
		untie(ledger, &before->servers[i].server.key, service);
	if (!new->server_count && !new->member_bytes && !new->address_count)
		ledger_service_drop(ledger, service);
}
