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

bool service_state_next_member(const struct service_state *state, uint32_t *at,
			       struct set_member *ret)
{
	if (*at == state->member_bytes)
		return false;
	*ret = packed_member_value(state->members + *at);
	*at += (uint32_t)packed_member_length(state->members + *at);
	return true;
}

void service_state_add_member(struct service_state *state, size_t *capacity,
			      const struct set_member *member)
{
	struct packed_member packed = packed_member_of(member);

	memcpy(add_bytes(&state->members, &state->member_bytes, capacity, packed.length),
	       packed.bytes, packed.length);
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
