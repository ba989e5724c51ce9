/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "draft.h"

#include <netinet/in.h>
#include <string.h>

void draft_begin(struct draft *draft)
{
	*draft = (struct draft){
		.state = memory_allocate(sizeof(*draft->state)),
		.servers = {.item_size = sizeof(struct wanted_server),
			    .key_size = sizeof(struct virtual_server_key)},
		.distinct_members = {.item_size = sizeof(struct owned_member),
				     .key_size = sizeof(struct set_member)},
		.addresses = {.item_size = sizeof(struct address),
			      .key_size = sizeof(struct address)},
	};
}

void draft_clear(struct draft *draft)
{
	service_state_free(take(&draft->state));
	free(take(&draft->members));
	distinct_clear(&draft->servers);
	distinct_clear(&draft->distinct_members);
	distinct_clear(&draft->addresses);
}

uint32_t draft_add_server(struct draft *draft, const struct wanted_server *wanted)
{
	struct service_state *state = draft->state;
	uint32_t position;

	if (!distinct_add(&draft->servers, state->servers, &wanted->server.key, &position))
		return position + 1;
	state->servers = memory_grow(state->servers, state->server_count, &draft->server_capacity,
				     sizeof(*state->servers));
	state->servers[state->server_count++] = *wanted;
	return state->server_count;
}

/* @server: about which it says something, as of struct owned_member */
static void add_member(struct draft *draft, uint32_t server, const struct set_member *member)
{
	uint32_t position;

	if (!distinct_add(&draft->distinct_members, draft->members, member, &position))
		return;
	draft->members = memory_grow(draft->members, position, &draft->member_capacity,
				     sizeof(*draft->members));
	draft->members[position] = (struct owned_member){.member = *member, .server = server};
}

static const struct virtual_server_key *key_of(const struct draft *draft, uint32_t server)
{
	return &draft->state->servers[server - 1].server.key;
}

void draft_add_server_member(struct draft *draft, uint32_t server, enum set_kind kind)
{
	struct set_member member = service_state_member(key_of(draft, server), kind);

	add_member(draft, server, &member);
}

void draft_add_source(struct draft *draft, uint32_t server, enum set_kind kind,
		      const struct address *source, uint16_t length)
{
	struct set_member member = service_state_member(key_of(draft, server), kind);

	member.source = *source;
	member.prefix_length = (uint8_t)length;
	add_member(draft, server, &member);
}

void draft_add_address_member(struct draft *draft, enum set_kind kind,
			      const struct address *address)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)address->family;
	member.address = *address;
	add_member(draft, 0, &member);
}

void draft_add_port_member(struct draft *draft, enum set_kind kind, uint16_t family, uint16_t port)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)family;
	member.port = port;
	add_member(draft, 0, &member);
}

void draft_add_health_port(struct draft *draft, const struct address *address, uint16_t port)
{
	struct set_member member;

	if (!port)
		return;
	memset(&member, 0, sizeof(member));
	member.kind = SET_KIND_LOAD_BALANCER_HEALTH;
	member.family = (uint8_t)address->family;
	member.address = *address;
	member.protocol = IPPROTO_TCP;
	member.port = port;
	add_member(draft, 0, &member);
}

void draft_add_loop_back(struct draft *draft, const struct destination *destination,
			 uint8_t protocol)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = SET_KIND_LOOP_BACK;
	member.family = (uint8_t)destination->address.family;
	member.address = destination->address;
	member.source = destination->address;
	member.protocol = protocol;
	member.port = destination->port;
	add_member(draft, 0, &member);
}

void draft_bind(struct draft *draft, const struct address *address)
{
	struct service_state *state = draft->state;
	uint32_t position;

	if (!distinct_add(&draft->addresses, state->addresses, address, &position))
		return;
	state->addresses = memory_grow(state->addresses, state->address_count,
				       &draft->address_capacity, sizeof(*state->addresses));
	state->addresses[state->address_count++] = *address;
	draft_add_address_member(draft, SET_KIND_IPVS_IPS, address);
}

size_t draft_size(const struct draft *draft)
{
	return (size_t)draft->servers.count + draft->distinct_members.count +
	       draft->addresses.count;
}

void draft_finish(struct draft *draft)
{
	address_sort(draft->state->addresses, draft->state->address_count);
	service_state_set_members(draft->state, draft->members, draft->distinct_members.count);
}

struct service_state *draft_pack(struct draft *draft)
{
	struct service_state *state = service_state_pack(take(&draft->state));

	draft_clear(draft);
	return state;
}
