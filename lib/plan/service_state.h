/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SERVICE_STATE_H
#define PLAN_SERVICE_STATE_H

#include "lib/base/memory.h"
#include "proxy_state.h"

/**
 * struct wanted_server - a virtual server and its part of service_state.destinations
 * @first_destination:  where in it that begins, in bytes
 * @port_index:         which of the Service's ports it serves
 */
struct wanted_server {
	struct virtual_server server;
	uint32_t first_destination;
	uint32_t destination_count;
	uint32_t port_index;
};

/**
 * struct service_state - the kernel objects that one Service wants
 * @servers:               no key twice
 * @destinations:          shared by the servers, see service_state_destination(); each server's are
 *                         sorted (destination_compare()) and without duplicates
 * @members:               see service_state_next_member(); sorted, no duplicates
 * @addresses:             to bind to the dummy interface; sorted, no duplicates
 * @health_check_port:     healthCheckNodePort to serve; 0 = none
 * @local_endpoint_count:  ready endpoints on this node, over all ports, counted once per address;
 *                         of a dual-stack Service those of both families
 * @is_packed:             everything is in one allocation
 */
struct service_state {
	struct wanted_server *servers;
	uint8_t *destinations;
	uint8_t *members;
	struct address *addresses;
	uint32_t server_count;
	uint32_t destination_bytes;
	uint32_t member_bytes;
	uint32_t address_count;
	uint32_t local_endpoint_count;
	uint16_t health_check_port;
	bool is_packed;
};

void service_state_free(struct service_state *state);
AUTO_FREE_DEFINE(service_state);

/** service_state_pack() - the same state in one allocation, and nothing can be added any more */
struct service_state *service_state_pack(struct service_state *state);

/** service_state_destination() - the destination of @wanted with number @index */
struct destination service_state_destination(const struct service_state *state,
					     const struct wanted_server *wanted, uint32_t index);

/**
 * service_state_next_member() - go through the members
 * @at:  at first 0; moved on to the next one
 * Return: false when there are no more
 */
bool service_state_next_member(const struct service_state *state, uint32_t *at,
			       struct set_member *ret);

/*
 * Destinations and members are kept as bytes, since they are most of what there is to remember, and
 * IPv4 addresses are short.
 */

/**
 * service_state_add_destination() - append one, for virtual servers that are wanted next
 * @capacity:  bytes of room in @state->destinations, at first 0; updated
 */
void service_state_add_destination(struct service_state *state, size_t *capacity,
				   const struct destination *destination);

/** service_state_add_member() - the same for a member */
void service_state_add_member(struct service_state *state, size_t *capacity,
			      const struct set_member *member);

#endif
