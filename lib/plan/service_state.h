/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SERVICE_STATE_H
#define PLAN_SERVICE_STATE_H

#include "lib/base/memory.h"
#include "proxy_state.h"

/** enum address_origin - why a Service has a virtual server on an address */
enum address_origin {
	ADDRESS_ORIGIN_CLUSTER_IP,
	ADDRESS_ORIGIN_EXTERNAL_IP,
	ADDRESS_ORIGIN_LOAD_BALANCER_IP,
	ADDRESS_ORIGIN_NODE_PORT,
};

/**
 * struct wanted_server - a virtual server and its part of service_state.destinations
 * @first_destination:  where in it that begins, in bytes
 * @first_member, @member_bytes:
 *                      the part of service_state.members that says how it is to be treated
 * @port_index:         which of the Service's ports it serves
 * @origin:             which of the Service's addresses it is on
 * @traffic:            enum traffic of topology.h: by what its destinations are chosen
 */
struct wanted_server {
	struct virtual_server server;
	uint32_t first_destination;
	uint32_t destination_count;
	uint32_t first_member;
	uint32_t member_bytes;
	uint32_t port_index;
	enum address_origin origin;
	uint8_t traffic;
};

/**
 * struct service_state - the kernel objects that one Service wants
 * @servers:               no key twice
 * @destinations:          shared by the servers, see service_state_destination(); each server's are
 *                         sorted (destination_compare()) and without duplicates
 * @members:               see service_state_next_member(); no duplicates. First those that belong
 *                         to no server, which are @free_member_bytes
 * @addresses:             to bind to the dummy interface; sorted, no duplicates
 * @health_check_port:     healthCheckNodePort to serve; 0 = none
 * @local_endpoint_count:  ready endpoints on this node, over all ports, counted once per address;
 *                         of a dual-stack Service those of both families
 * @object_count:          virtual servers, destinations of each, members and addresses
 * @left_out:              virtual servers that would have been too many objects
 * @endpoints_left_out:    of one port, since there are more than one may have
 * @is_node_full:          some are left out for what other Services have, not for what this one has
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
	uint32_t free_member_bytes;
	uint32_t address_count;
	uint32_t local_endpoint_count;
	uint32_t object_count;
	uint32_t left_out;
	uint32_t endpoints_left_out;
	uint16_t health_check_port;
	bool is_node_full;
	bool is_packed;
};

void service_state_free(struct service_state *state);
AUTO_FREE_DEFINE(service_state);

/** service_state_pack() - the same state in one allocation, and nothing can be added any more */
struct service_state *service_state_pack(struct service_state *state);

/** service_state_copy() - for whoever has to go through it while the Service may change */
struct service_state *service_state_copy(const struct service_state *state);

/** service_state_destination() - the destination of @wanted with number @index */
struct destination service_state_destination(const struct service_state *state,
					     const struct wanted_server *wanted, uint32_t index);

/** service_state_is_empty() - it wants nothing, even if it could have it */
bool service_state_is_empty(const struct service_state *state);

/** struct member_range - a part of the members; moved on by service_state_next_member() */
struct member_range {
	uint32_t at, end;
};
struct member_range service_state_all_members(const struct service_state *state);

/** service_state_free_members() - those that belong to no virtual server */
struct member_range service_state_free_members(const struct service_state *state);
struct member_range service_state_members_of(const struct wanted_server *wanted);

/** service_state_next_member() - Return: false when there are no more in @range */
bool service_state_next_member(const struct service_state *state, struct member_range *range,
			       struct set_member *ret);

/** service_state_member() - of a set of ADDRESS,PROTOCOL:PORT, or of ports, the one that stands for a server */
struct set_member service_state_member(const struct virtual_server_key *key, enum set_kind kind);

/** service_state_server_of() - the virtual server, of CLIENT_SCOPE_ANY, which a member says something about
 *  that has an address, a protocol and a port */
struct virtual_server_key service_state_server_of(const struct set_member *member);

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

/** service_state_expect_destinations() - make room for so many more */
void service_state_expect_destinations(struct service_state *state, size_t *capacity, size_t count,
				       uint16_t family);

/**
 * struct owned_member - a member, and which virtual server it says something about
 * @server:  its position among the servers, from 1; 0: none
 */
struct owned_member {
	struct set_member member;
	uint32_t server;
};

/** service_state_set_members() - those that it wants, none twice, once the servers are complete */
void service_state_set_members(struct service_state *state, const struct owned_member *members,
			       size_t count);

#endif
