/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "changes.h"

#include <stdio.h>
#include <string.h>

struct changes *changes_new(void)
{
	return memory_allocate(sizeof(struct changes));
}

void changes_free(struct changes *changes)
{
	if (!changes)
		return;
	free(changes->items);
	free(changes->spare);
	free(changes->sorting);
	free(changes->has_failed);
	free(changes);
}

void changes_clear(struct changes *changes)
{
	changes->count = 0;
	changes->guard_count = 0;
	changes->cause = CHANGE_CAUSE_PLAN;
	free(take(&changes->has_failed));
}

struct change *changes_add(struct changes *changes, enum change_kind kind)
{
	struct change *change;

	changes->items = memory_grow(changes->items, changes->count, &changes->capacity,
				     sizeof(*changes->items));
	change = &changes->items[changes->count++];
	memset(change, 0, sizeof(*change));
	change->kind = kind;
	return change;
}

uint32_t changes_begin_guard(struct changes *changes, struct change *change)
{
	change->is_guard = true;
	change->guard = ++changes->guard_count;
	return change->guard;
}

void changes_note_guards(struct changes *changes, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct change *change = &changes->items[i];

		if (!change->is_guard || change->result >= 0)
			continue;
		if (!changes->has_failed)
			changes->has_failed = memory_array(changes->guard_count, sizeof(bool));
		changes->has_failed[change->guard - 1] = true;
	}
}

bool changes_is_barred(const struct changes *changes, const struct change *change)
{
	return changes->has_failed && change->guard && !change->is_guard &&
	       changes->has_failed[change->guard - 1];
}

/**
 * enum step - the order of changes; cut anywhere, the node forwards correctly or not at all
 *   RESTRICT          members that restrict, masquerade, or allow a source
 *   END_EXEMPTIONS    allowed sources and exemptions from masquerading that are over, before
 *                     destinations come for which they were not meant
 *   ADD_SERVERS ...   a virtual server before its destinations, new ones before old ones go
 *   DIVERT            clients in the cluster go to the virtual server for them, or to the one for
 *                     everybody again: each is complete here, and neither has lost anything yet
 *   BEGIN_EXEMPTIONS  exemptions from masquerading: only destinations of this node are left
 *   REMOVE_ADDRESSES  now the VIP does not answer, and its virtual servers go
 *   ADD_ADDRESSES     now it answers; no virtual server that nobody wants is left on it
 */
enum step {
	STEP_RESTRICT,
	STEP_END_EXEMPTIONS,
	STEP_ADD_SERVERS,
	STEP_EDIT_SERVERS,
	STEP_ADD_DESTINATIONS,
	STEP_RAISE_WEIGHTS,
	STEP_DIVERT,
	STEP_LOWER_WEIGHTS,
	STEP_REMOVE_DESTINATIONS,
	STEP_BEGIN_EXEMPTIONS,
	STEP_REMOVE_ADDRESSES,
	STEP_REMOVE_SERVERS,
	STEP_ADD_ADDRESSES,
	STEP_REMOVE_MEMBERS,
};
#define STEP_COUNT (STEP_REMOVE_MEMBERS + 1)

/* Traffic that is not masqueraded can only be answered by endpoints of this node. */
static bool is_masquerade_exemption(enum set_kind kind)
{
	return kind == SET_KIND_LOAD_BALANCER_LOCAL || kind == SET_KIND_NODE_PORT_LOCAL_TCP ||
	       kind == SET_KIND_NODE_PORT_LOCAL_UDP || kind == SET_KIND_NODE_PORT_LOCAL_SCTP;
}

static enum step step_of_member(const struct change *change)
{
	enum set_kind set = (enum set_kind)change->member.kind;
	bool is_addition = change->kind == CHANGE_KIND_MEMBER_ADD;

	if (set == SET_KIND_IN_CLUSTER)
		return STEP_DIVERT;
	if (is_masquerade_exemption(set))
		return is_addition ? STEP_BEGIN_EXEMPTIONS : STEP_END_EXEMPTIONS;
	if (set_kind_is_allowed_source(set) && !is_addition && !change->is_unrestricted)
		return STEP_END_EXEMPTIONS;
	return is_addition ? STEP_RESTRICT : STEP_REMOVE_MEMBERS;
}

static enum step step_of(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_KIND_MEMBER_ADD:
	case CHANGE_KIND_MEMBER_REMOVE:
		return step_of_member(change);
	case CHANGE_KIND_SERVER_ADD:
		return STEP_ADD_SERVERS;
	case CHANGE_KIND_SERVER_EDIT:
		return STEP_EDIT_SERVERS;
	case CHANGE_KIND_DESTINATION_ADD:
		return STEP_ADD_DESTINATIONS;
	case CHANGE_KIND_DESTINATION_EDIT:
		return change->destination.value.weight ? STEP_RAISE_WEIGHTS : STEP_LOWER_WEIGHTS;
	case CHANGE_KIND_ADDRESS_ADD:
		return STEP_ADD_ADDRESSES;
	case CHANGE_KIND_ADDRESS_REMOVE:
		return STEP_REMOVE_ADDRESSES;
	case CHANGE_KIND_DESTINATION_REMOVE:
		return STEP_REMOVE_DESTINATIONS;
	case CHANGE_KIND_SERVER_REMOVE:
		return STEP_REMOVE_SERVERS;
	}
	return STEP_REMOVE_MEMBERS;
}

/* A small number that orders changes: their step, then the set they are about. */
static unsigned int rank(const struct change *change)
{
	unsigned int rank = (unsigned int)step_of(change) * SET_KIND_COUNT;

	if (change->kind == CHANGE_KIND_MEMBER_ADD)
		rank += change->member.kind;
	if (change->kind == CHANGE_KIND_MEMBER_REMOVE)
		rank += SET_KIND_COUNT - 1U - change->member.kind;
	return rank;
}

#define RANK_COUNT (STEP_COUNT * SET_KIND_COUNT)

/* Where those of each rank begin, and how many have been put there. */
struct changes_sorting {
	size_t starts[RANK_COUNT + 1];
	size_t moved;
};

static bool is_sorted(const struct changes *changes)
{
	unsigned int last = 0;

	for (size_t i = 0; i < changes->count; i++) {
		unsigned int next = rank(&changes->items[i]);

		if (next < last)
			return false;
		last = next;
	}
	return true;
}

/*
 * A counting sort: stable, and linear for the hundred thousand changes of a first start.
 * Return: false if there is nothing to do
 */
static bool begin_sorting(struct changes *changes)
{
	struct changes_sorting *sorting = changes->sorting;

	if (is_sorted(changes))
		return false;
	if (!sorting)
		sorting = changes->sorting = memory_allocate(sizeof(*sorting));
	memset(sorting, 0, sizeof(*sorting));
	for (size_t i = 0; i < changes->count; i++)
		sorting->starts[rank(&changes->items[i]) + 1]++;
	for (size_t i = 1; i <= RANK_COUNT; i++)
		sorting->starts[i] += sorting->starts[i - 1];

	/* With room for as much as @items, of which it takes the place. */
	if (changes->spare_capacity != changes->capacity) {
		free(changes->spare);
		changes->spare = memory_array(changes->capacity, sizeof(*changes->spare));
		changes->spare_capacity = changes->capacity;
	}
	changes->is_sorting = true;
	return true;
}

static void end_sorting(struct changes *changes)
{
	struct change *sorted = changes->spare;

	changes->spare = changes->items;
	changes->items = sorted;
	changes->is_sorting = false;
}

bool changes_sort_step(struct changes *changes, size_t *budget)
{
	struct changes_sorting *sorting;

	if (!changes->is_sorting && !begin_sorting(changes))
		return true;
	sorting = changes->sorting;
	for (; *budget && sorting->moved < changes->count; --*budget) {
		const struct change *change = &changes->items[sorting->moved++];

		changes->spare[sorting->starts[rank(change)]++] = *change;
	}
	if (sorting->moved < changes->count)
		return false;
	end_sorting(changes);
	return true;
}

void changes_sort(struct changes *changes)
{
	size_t budget = SIZE_MAX;

	changes_sort_step(changes, &budget);
}

enum facility change_facility(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_KIND_MEMBER_ADD:
	case CHANGE_KIND_MEMBER_REMOVE:
		return FACILITY_IPSET;
	case CHANGE_KIND_SERVER_ADD:
	case CHANGE_KIND_SERVER_EDIT:
	case CHANGE_KIND_SERVER_REMOVE:
	case CHANGE_KIND_DESTINATION_ADD:
	case CHANGE_KIND_DESTINATION_EDIT:
	case CHANGE_KIND_DESTINATION_REMOVE:
		return FACILITY_IPVS;
	case CHANGE_KIND_ADDRESS_ADD:
	case CHANGE_KIND_ADDRESS_REMOVE:
		return FACILITY_LINK;
	}
	return FACILITY_LINK;
}

const char *facility_name(enum facility facility)
{
	static const char *const names[FACILITY_COUNT] = {"ipset", "ipvs", "link"};

	return names[facility];
}

const char *change_text(const struct change *change, char buffer[6 * ADDRESS_TEXT_SIZE])
{
	const size_t size = 6 * ADDRESS_TEXT_SIZE;
	char first[3 * ADDRESS_TEXT_SIZE], second[2 * ADDRESS_TEXT_SIZE];
	const struct destination *destination = &change->destination.value;

	switch (change->kind) {
	case CHANGE_KIND_MEMBER_ADD:
	case CHANGE_KIND_MEMBER_REMOVE:
		snprintf(buffer, size,
			 change->kind == CHANGE_KIND_MEMBER_ADD ? "adding %s to set %s"
								: "removing %s from set %s",
			 set_member_text(&change->member, first),
			 set_kind_name((enum set_kind)change->member.kind, change->member.family));
		break;
	case CHANGE_KIND_SERVER_ADD:
		snprintf(buffer, size, "adding virtual server %s",
			 virtual_server_key_text(&change->server.key, second));
		break;
	case CHANGE_KIND_SERVER_EDIT:
		snprintf(buffer, size, "changing virtual server %s",
			 virtual_server_key_text(&change->server.key, second));
		break;
	case CHANGE_KIND_SERVER_REMOVE:
		snprintf(buffer, size, "removing virtual server %s",
			 virtual_server_key_text(&change->server.key, second));
		break;
	case CHANGE_KIND_DESTINATION_ADD:
		snprintf(buffer, size, "adding %s to %s",
			 address_port_text(&destination->address, destination->port, first),
			 virtual_server_key_text(&change->destination.server, second));
		break;
	case CHANGE_KIND_DESTINATION_EDIT:
		snprintf(buffer, size, "setting weight %u of %s in %s", destination->weight,
			 address_port_text(&destination->address, destination->port, first),
			 virtual_server_key_text(&change->destination.server, second));
		break;
	case CHANGE_KIND_DESTINATION_REMOVE:
		snprintf(buffer, size, "removing %s from %s",
			 address_port_text(&destination->address, destination->port, first),
			 virtual_server_key_text(&change->destination.server, second));
		break;
	case CHANGE_KIND_ADDRESS_ADD:
		snprintf(buffer, size, "binding %s", address_text(&change->address, second));
		break;
	case CHANGE_KIND_ADDRESS_REMOVE:
		snprintf(buffer, size, "unbinding %s", address_text(&change->address, second));
		break;
	}
	return buffer;
}
