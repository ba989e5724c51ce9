/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_state.h"

#include "packed_member.h"

#include <string.h>

void service_state_free(struct service_state *state)
{
	if (!state)
		return;
	if (!state->is_packed) {
		free(state->servers);
		free(state->destinations);
		free(state->members);
		free(state->addresses);
	}
	free(state);
}

static void *copy_of(const void *bytes, size_t count, size_t size)
{
	void *copy = memory_array(count, size);

	if (count)
		memcpy(copy, bytes, count * size);
	return copy;
}

struct service_state *service_state_copy(const struct service_state *state)
{
	struct service_state *copy = copy_of(state, 1, sizeof(*state));

	copy->servers = copy_of(state->servers, state->server_count, sizeof(*state->servers));
	copy->destinations = copy_of(state->destinations, state->destination_bytes, 1);
	copy->members = copy_of(state->members, state->member_bytes, 1);
	copy->addresses =
		copy_of(state->addresses, state->address_count, sizeof(*state->addresses));
	copy->is_packed = false;
	return copy;
}

/* A destination as bytes: its address, and then this. */
struct destination_rest {
	uint16_t port;
	uint16_t weight;
};

static size_t destination_size(uint16_t family)
{
	return address_length(family) + sizeof(struct destination_rest);
}

struct destination service_state_destination(const struct service_state *state,
					     const struct wanted_server *wanted, uint32_t index)
{
	uint16_t family = wanted->server.key.address.family;
	const uint8_t *bytes =
		state->destinations + wanted->first_destination + index * destination_size(family);
	struct destination destination = {.address.family = family};
	struct destination_rest rest;

	memcpy(destination.address.bytes, bytes, address_length(family));
	memcpy(&rest, bytes + address_length(family), sizeof(rest));
	destination.port = rest.port;
	destination.weight = rest.weight;
	return destination;
}

/* Return: where @size more of @bytes are, of which there are @count */
static uint8_t *add_bytes(uint8_t **bytes, uint32_t *count, size_t *capacity, size_t size)
{
	uint8_t *next;

	if (*capacity - *count < size) {
		*capacity = 2 * (*capacity + size);
		*bytes = memory_resize(*bytes, *capacity, 1);
	}
	next = *bytes + *count;
	*count += (uint32_t)size;
	return next;
}

void service_state_expect_destinations(struct service_state *state, size_t *capacity, size_t count,
				       uint16_t family)
{
	size_t needed = state->destination_bytes + count * destination_size(family);

	if (needed <= *capacity)
		return;
	/* At least twice as many, lest every port of a Service has them moved. */
	*capacity = needed > 2 * *capacity ? needed : 2 * *capacity;
	state->destinations = memory_resize(state->destinations, *capacity, 1);
}

void service_state_add_destination(struct service_state *state, size_t *capacity,
				   const struct destination *destination)
{
	const struct destination_rest rest = {destination->port, destination->weight};
	size_t length = address_length(destination->address.family);
	uint8_t *next = add_bytes(&state->destinations, &state->destination_bytes, capacity,
				  length + sizeof(rest));

	memcpy(next, destination->address.bytes, length);
	memcpy(next + length, &rest, sizeof(rest));
}

bool service_state_is_empty(const struct service_state *state)
{
	return !state->server_count && !state->member_bytes && !state->address_count &&
	       !state->left_out;
}

struct member_range service_state_all_members(const struct service_state *state)
{
	return (struct member_range){0, state->member_bytes};
}

struct member_range service_state_free_members(const struct service_state *state)
{
	return (struct member_range){0, state->free_member_bytes};
}

struct member_range service_state_members_of(const struct wanted_server *wanted)
{
	return (struct member_range){wanted->first_member,
				     wanted->first_member + wanted->member_bytes};
}

bool service_state_next_member(const struct service_state *state, struct member_range *range,
			       struct set_member *ret)
{
	if (range->at == range->end)
		return false;
	*ret = packed_member_value(state->members + range->at);
	range->at += (uint32_t)packed_member_length(state->members + range->at);
	return true;
}

struct set_member service_state_member(const struct virtual_server_key *key, enum set_kind kind)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)key->address.family;
	member.port = key->port;
	if (set_kind_type(kind) == SET_TYPE_BITMAP_PORT)
		return member;
	member.protocol = (uint8_t)key->protocol;
	member.address = key->address;
	return member;
}

struct virtual_server_key service_state_server_of(const struct set_member *member)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = member->address;
	key.port = member->port;
	key.protocol = member->protocol;
	return key;
}

/* How many bytes the members of each server take, and of none, and where they begin. */
static void lay_out_members(struct service_state *state, const struct owned_member *members,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t length = packed_member_of(&members[i].member).length;

		if (members[i].server)
			state->servers[members[i].server - 1].member_bytes += length;
		else
			state->free_member_bytes += length;
	}
	state->member_bytes = state->free_member_bytes;
	for (uint32_t i = 0; i < state->server_count; i++) {
		state->servers[i].first_member = state->member_bytes;
		state->member_bytes += state->servers[i].member_bytes;
	}
}

void service_state_set_members(struct service_state *state, const struct owned_member *members,
			       size_t count)
{
	auto_memory uint32_t *next = memory_array(state->server_count + 1U, sizeof(*next));

	lay_out_members(state, members, count);
	state->members = memory_array(state->member_bytes, 1);
	for (uint32_t i = 0; i < state->server_count; i++)
		next[i + 1] = state->servers[i].first_member;
	for (size_t i = 0; i < count; i++) {
		struct packed_member packed = packed_member_of(&members[i].member);

		memcpy(state->members + next[members[i].server], packed.bytes, packed.length);
		next[members[i].server] += packed.length;
	}
}

struct service_state *service_state_pack(struct service_state *state)
{
	size_t size = sizeof(*state);
	size_t servers = memory_part_of(&size, state->servers, state->server_count);
	size_t destinations = memory_part_of(&size, state->destinations, state->destination_bytes);
	size_t members = memory_part_of(&size, state->members, state->member_bytes);
	size_t addresses = memory_part_of(&size, state->addresses, state->address_count);
	struct service_state *packed = memory_allocate(size);

	*packed = *state;
	packed->is_packed = true;
	packed->servers = memory_put_array(packed, servers, state->servers, state->server_count);
	packed->destinations = memory_put_array(packed, destinations, state->destinations,
						state->destination_bytes);
	packed->members = memory_put_array(packed, members, state->members, state->member_bytes);
	packed->addresses =
		memory_put_array(packed, addresses, state->addresses, state->address_count);
	service_state_free(state);
	return packed;
}
