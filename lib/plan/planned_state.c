/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "planned_state.h"

#include <string.h>

#define LARGEST_CAPACITY (1U << 30)

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const struct virtual_server_key *a, const struct virtual_server_key *b)
{
	int order = address_compare(&a->address, &b->address);

	if (!order)
		order = compare_numbers(a->port, b->port);
	if (!order)
		order = compare_numbers(a->protocol, b->protocol);
	if (!order)
		order = compare_numbers(a->client_scope, b->client_scope);
	return order ? order : compare_numbers(a->firewall_mark, b->firewall_mark);
}

static int compare_servers(const void *a, const void *b)
{
	const struct planned_server *left = a, *right = b;

	return compare_keys(&left->server.key, &right->server.key);
}

static int compare_destinations(const void *a, const void *b)
{
	return destination_compare(a, b);
}

static int compare_sets(const struct set_member *a, const struct set_member *b)
{
	int order = compare_numbers(a->family, b->family);

	return order ? order : compare_numbers(a->kind, b->kind);
}

static int compare_members(const void *a, const void *b)
{
	const struct set_member *left = a, *right = b;
	int order = compare_sets(left, right);

	if (!order)
		order = address_compare(&left->address, &right->address);
	if (!order)
		order = compare_numbers(left->port, right->port);
	if (!order)
		order = compare_numbers(left->protocol, right->protocol);
	if (!order)
		order = address_compare(&left->source, &right->source);
	return order ? order : compare_numbers(left->prefix_length, right->prefix_length);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count)
		qsort(items, count, size, compare);
}

/* All but destinations, for which there is room for as many changes as there are. */
static void collect(struct planned_state *state, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		switch (change->kind) {
		case CHANGE_KIND_MEMBER_ADD:
			state->members[state->member_count++] = change->member;
			break;
		case CHANGE_KIND_SERVER_ADD:
			state->servers[state->server_count++].server = change->server;
			break;
		case CHANGE_KIND_ADDRESS_ADD:
			state->addresses[state->address_count++] = change->address;
			break;
		case CHANGE_KIND_DESTINATION_ADD:
		case CHANGE_KIND_SERVER_EDIT:
		case CHANGE_KIND_DESTINATION_EDIT:
		case CHANGE_KIND_ADDRESS_REMOVE:
		case CHANGE_KIND_DESTINATION_REMOVE:
		case CHANGE_KIND_SERVER_REMOVE:
		case CHANGE_KIND_MEMBER_REMOVE:
			break;
		}
	}
}

static void add_destination(const struct planned_state *state, const struct change *change)
{
	struct planned_server *server = planned_state_find(state, &change->destination.server);

	if (!server)
		return;
	server->destinations =
		memory_grow(server->destinations, server->destination_count,
			    &server->destination_capacity, sizeof(*server->destinations));
	server->destinations[server->destination_count++] = change->destination.value;
}

struct planned_state *planned_state_new(const struct changes *changes)
{
	struct planned_state *state = memory_allocate(sizeof(*state));

	state->servers = memory_array(changes->count, sizeof(*state->servers));
	state->members = memory_array(changes->count, sizeof(*state->members));
	state->addresses = memory_array(changes->count, sizeof(*state->addresses));
	collect(state, changes);
	sort(state->servers, state->server_count, sizeof(*state->servers), compare_servers);
	sort(state->members, state->member_count, sizeof(*state->members), compare_members);
	address_sort(state->addresses, state->address_count);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].kind == CHANGE_KIND_DESTINATION_ADD)
			add_destination(state, &changes->items[i]);
	for (size_t i = 0; i < state->server_count; i++)
		sort(state->servers[i].destinations, state->servers[i].destination_count,
		     sizeof(struct destination), compare_destinations);
	return state;
}

void planned_state_free(struct planned_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->server_count; i++)
		free(state->servers[i].destinations);
	free(state->servers);
	free(state->members);
	free(state->addresses);
	free(state);
}

struct planned_server *planned_state_find(const struct planned_state *state,
					  const struct virtual_server_key *key)
{
	const struct planned_server wanted = {.server = {.key = *key}};

	if (!state->server_count)
		return NULL;
	return bsearch(&wanted, state->servers, state->server_count, sizeof(wanted),
		       compare_servers);
}

/* Return: how many members are of sets before that of @wanted, or of that one as well */
static size_t count_members(const struct planned_state *state, const struct set_member *wanted,
			    bool is_inclusive)
{
	size_t low = 0, high = state->member_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_sets(&state->members[middle], wanted);

		if (order < 0 || (is_inclusive && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct set_member *planned_state_members(const struct planned_state *state,
					       enum set_kind kind, uint16_t family,
					       size_t *ret_count)
{
	const struct set_member wanted = {.kind = (uint8_t)kind, .family = (uint8_t)family};
	size_t first = count_members(state, &wanted, false);

	*ret_count = count_members(state, &wanted, true) - first;
	return state->members + first;
}

uint32_t planned_state_capacity(size_t member_count)
{
	uint32_t capacity = SET_DEFAULT_CAPACITY;

	while (set_capacity_is_tight(capacity, member_count) && capacity < LARGEST_CAPACITY)
		capacity *= 2;
	return capacity;
}
