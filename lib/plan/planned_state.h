/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_PLANNED_STATE_H
#define PLAN_PLANNED_STATE_H

#include "changes.h"
#include "lib/base/memory.h"

#include <stddef.h>

/** struct planned_server - @destinations: sorted by destination_compare() */
struct planned_server {
	struct virtual_server server;
	struct destination *destinations;
	size_t destination_count, destination_capacity;
};

/**
 * struct planned_state - what a kernel holds that held nothing before some changes
 * @servers:    by address, port, protocol and whose packets they are for
 * @members:    by family, set, address, port, protocol and source
 * @addresses:  on the dummy interface, as address_sort() has them
 */
struct planned_state {
	struct planned_server *servers;
	struct set_member *members;
	struct address *addresses;
	size_t server_count, member_count, address_count;
};

/** planned_state_new() - @changes: additions only, none twice; in any order */
struct planned_state *planned_state_new(const struct changes *changes);
void planned_state_free(struct planned_state *state);
AUTO_FREE_DEFINE(planned_state);

/** planned_state_find() - NULL if there is no such virtual server */
struct planned_server *planned_state_find(const struct planned_state *state,
					  const struct virtual_server_key *key);

/**
 * planned_state_members() - those of one set, in the order of struct planned_state
 * Return: the first of them; anything if @ret_count is 0
 */
const struct set_member *planned_state_members(const struct planned_state *state,
					       enum set_kind kind, uint16_t family,
					       size_t *ret_count);

/** planned_state_capacity() - how large the set of @member_count members is created */
uint32_t planned_state_capacity(size_t member_count);

#endif
