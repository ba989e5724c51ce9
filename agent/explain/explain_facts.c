/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_facts.h"

#include <netinet/in.h>
#include <string.h>

static bool has_address(const struct address *addresses, size_t count,
			const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		if (address_is_equal(&addresses[i], address))
			return true;
	return false;
}

static bool is_of_node(const struct explain_facts *facts)
{
	const struct node_view *node = facts->sources->node;
	const struct address *address = &facts->query->address;

	return address_is_loopback(address) ||
	       address_is_among(address, node->local_addresses, node->local_address_count);
}

static bool is_port(const struct explain_facts *facts, const struct service_port *port,
		    enum explain_mention mention)
{
	uint16_t number = mention == EXPLAIN_MENTION_NODE_PORT ? port->node_port : port->port;

	return port->protocol == facts->query->protocol && number == facts->query->port;
}

static bool has_port(const struct explain_facts *facts, const struct service *service,
		     enum explain_mention mention)
{
	if (mention == EXPLAIN_MENTION_NONE || mention == EXPLAIN_MENTION_HEALTH_PORT)
		return false;
	for (size_t i = 0; i < service->port_count; i++)
		if (is_port(facts, &service->ports[i], mention))
			return true;
	return false;
}

static enum explain_mention mention_of(const struct explain_facts *facts,
				       const struct service *service)
{
	const struct address *address = &facts->query->address;

	if (has_address(service->cluster_ips, service->cluster_ip_count, address))
		return EXPLAIN_MENTION_CLUSTER_IP;
	if (has_address(service->external_ips, service->external_ip_count, address))
		return EXPLAIN_MENTION_EXTERNAL_IP;
	if (has_address(service->load_balancer_ips, service->load_balancer_ip_count, address))
		return EXPLAIN_MENTION_LOAD_BALANCER_IP;
	if (has_port(facts, service, EXPLAIN_MENTION_NODE_PORT))
		return EXPLAIN_MENTION_NODE_PORT;
	if (service->health_check_node_port == facts->query->port)
		return EXPLAIN_MENTION_HEALTH_PORT;
	return EXPLAIN_MENTION_NONE;
}

/* A NodePort, too, can be one of several Services that come and go; the last one counts. */
static void note_namer(struct explain_facts *facts, const struct service_view *view,
		       enum explain_mention mention)
{
	bool names_port = has_port(facts, view->service, mention);

	if (mention == EXPLAIN_MENTION_HEALTH_PORT ||
	    (mention == EXPLAIN_MENTION_NODE_PORT && !is_of_node(facts)))
		return;
	if (facts->namer.service && !names_port)
		return;
	facts->namer = *view;
	facts->mention = mention;
	facts->has_port |= names_port;
}

static bool concerns(const struct explain_facts *facts, const struct set_member *member)
{
	const struct explain_query *query = facts->query;

	if (member->kind == SET_KIND_LOOP_BACK)
		return address_is_equal(&member->source, &query->source);
	if (set_kind_type((enum set_kind)member->kind) == SET_TYPE_BITMAP_PORT)
		return member->port == query->port && member->family == query->address.family;
	return address_is_equal(&member->address, &query->address);
}

static void take_members(struct explain_facts *facts, const struct service_state *state,
			 struct member_range range)
{
	struct set_member member;

	while (service_state_next_member(state, &range, &member)) {
		if (!concerns(facts, &member))
			continue;
		facts->members = memory_grow(facts->members, facts->member_count,
					     &facts->member_capacity, sizeof(*facts->members));
		facts->members[facts->member_count++] = member;
	}
}

static bool is_wanted_key(const struct explain_facts *facts, const struct virtual_server_key *key)
{
	const struct explain_query *query = facts->query;

	return key->port == query->port && key->protocol == query->protocol &&
	       address_is_equal(&key->address, &query->address);
}

/*
 * Of two Services that want it one has it, and only what that one wants of the sets is in them. One
 * that works takes the place of one that does not.
 */
static void take_server(struct explain_facts *facts, const struct service_view *view,
			const struct service_state *state, size_t index)
{
	const struct wanted_server *wanted = &state->servers[index];
	struct explain_server *server = &facts->servers[wanted->server.key.client_scope];
	struct claim_report claim;

	ledger_claim(facts->sources->ledger, view->key, index, &claim);
	if (claim.state != CLAIM_STATE_CONFLICT)
		take_members(facts, state, service_state_members_of(wanted));
	if (server->wanted && server->claim.state == CLAIM_STATE_PROGRAMMED)
		return;
	*server = (struct explain_server){*view, state, wanted, claim};
}

/* A Service that is about to be planned again may have fewer ports by now. */
static bool serves_node_port(const struct explain_facts *facts, const struct service *service,
			     const struct wanted_server *wanted)
{
	return wanted->port_index < service->port_count &&
	       is_port(facts, &service->ports[wanted->port_index], EXPLAIN_MENTION_NODE_PORT);
}

/* As agent/relay/localhost_ports.c chooses: a NodePort on an address of the node, or the ClusterIP. */
static void take_relay(struct explain_facts *facts, const struct service_view *view,
		       const struct service_state *state)
{
	const struct explain_query *query = facts->query;
	bool is_ipv6 = query->address.family == AF_INET6;
	enum loopback_use use = facts->sources->loopbacks[is_ipv6];

	if (use == LOOPBACK_USE_NONE || query->protocol == IPPROTO_SCTP)
		return;
	for (size_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *wanted = &state->servers[i];
		const struct virtual_server_key *key = &wanted->server.key;
		bool is_node_port = wanted->origin == ADDRESS_ORIGIN_NODE_PORT;

		if (key->address.family != query->address.family ||
		    key->client_scope != CLIENT_SCOPE_ANY ||
		    !serves_node_port(facts, view->service, wanted))
			continue;
		if (!is_node_port && (use != LOOPBACK_USE_ALWAYS || facts->relay.wanted ||
				      wanted->origin != ADDRESS_ORIGIN_CLUSTER_IP))
			continue;
		facts->relay =
			(struct explain_server){.view = *view, .state = state, .wanted = wanted};
		if (is_node_port)
			return;
	}
}

static void take_health(struct explain_facts *facts, const struct service_view *view,
			const struct service_state *state)
{
	const struct node_view *node = facts->sources->node;

	if (facts->query->protocol == IPPROTO_TCP &&
	    state->health_check_port == facts->query->port &&
	    address_is_among(&facts->query->address, node->node_port_addresses,
			     node->node_port_address_count))
		facts->health = (struct explain_server){.view = *view, .state = state};
}

static void look_at(const struct service_view *view, void *owner)
{
	struct explain_facts *facts = owner;
	enum explain_mention mention =
		view->service ? mention_of(facts, view->service) : EXPLAIN_MENTION_NONE;
	const struct service_state *state;

	if (mention == EXPLAIN_MENTION_NONE)
		return;
	note_namer(facts, view, mention);
	state = ledger_state(facts->sources->ledger, view->key);
	if (!state)
		return;
	take_members(facts, state, service_state_free_members(state));
	facts->is_bound |=
		has_address(state->addresses, state->address_count, &facts->query->address);
	if (state->health_check_port)
		take_health(facts, view, state);
	for (size_t i = 0; i < state->server_count; i++)
		if (is_wanted_key(facts, &state->servers[i].server.key))
			take_server(facts, view, state, i);
	if (mention == EXPLAIN_MENTION_NODE_PORT && address_is_loopback(&facts->query->address))
		take_relay(facts, view, state);
}

/* Of several Services that name it, the one that has it is the one to speak of. */
static void prefer_winner(struct explain_facts *facts)
{
	const struct explain_server *server = &facts->servers[CLIENT_SCOPE_ANY];

	if (!server->wanted || server->claim.state == CLAIM_STATE_CONFLICT)
		return;
	facts->namer = server->view;
	facts->mention = mention_of(facts, server->view.service);
	facts->has_port = true;
}

void explain_facts_gather(struct explain_facts *facts, const struct explain_sources *sources,
			  const struct explain_query *query)
{
	*facts = (struct explain_facts){.sources = sources, .query = query};
	store_each(sources->store, false, look_at, facts);
	prefer_winner(facts);
}

void explain_facts_clear(struct explain_facts *facts)
{
	free(take(&facts->members));
}

bool explain_facts_is_local(const void *owner, const struct address *address)
{
	const struct explain_facts *facts = owner;
	const struct node_view *node = facts->sources->node;

	if (address_is_loopback(address) ||
	    address_is_among(address, node->local_addresses, node->local_address_count))
		return true;
	return facts->is_bound && address_is_equal(address, &facts->query->address);
}

const struct explain_server *explain_facts_server(const struct explain_facts *facts,
						  enum client_scope scope)
{
	const struct explain_server *server = &facts->servers[scope];

	return server->wanted && server->claim.state == CLAIM_STATE_PROGRAMMED ? server : NULL;
}
