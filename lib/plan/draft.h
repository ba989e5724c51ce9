/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DRAFT_H
#define PLAN_DRAFT_H

#include "distinct.h"
#include "service_state.h"

/**
 * struct draft - a service_state that is being put together: nothing comes into it twice
 * @state:  its servers, destinations and addresses; its members come when it is finished
 */
struct draft {
	struct service_state *state;
	struct owned_member *members;
	size_t server_capacity, destination_capacity, member_capacity, address_capacity;
	struct distinct servers, distinct_members, addresses;
};

void draft_begin(struct draft *draft);
void draft_clear(struct draft *draft);

/** draft_add_server() - unless its key is there; Return: its position among the servers, from 1 */
uint32_t draft_add_server(struct draft *draft, const struct wanted_server *wanted);

/** draft_add_server_member() - of the address, protocol and port of the virtual server @server */
void draft_add_server_member(struct draft *draft, uint32_t server, enum set_kind kind);

/** draft_add_source() - likewise, with a source */
void draft_add_source(struct draft *draft, uint32_t server, enum set_kind kind,
		      const struct address *source, uint16_t length);

/** draft_add_address_member(), draft_add_port_member() - which belong to no virtual server */
void draft_add_address_member(struct draft *draft, enum set_kind kind,
			      const struct address *address);
void draft_add_port_member(struct draft *draft, enum set_kind kind, uint16_t family, uint16_t port);

/**
 * draft_add_health_port() - likewise: health checks may come to this port of a load balancer IP
 * @port:  0: none; that of /healthz, or with externalTrafficPolicy Local the Service's own
 *
 * Some load balancers send them there, and no other VIP has these ports.
 * Source: Google's passthrough load balancers; kubernetes/kubernetes#117621
 */
void draft_add_health_port(struct draft *draft, const struct address *address, uint16_t port);

/** draft_add_loop_back() - a local endpoint that is balanced back to itself must see the node's
 *  address as its client */
void draft_add_loop_back(struct draft *draft, const struct destination *destination,
			 uint8_t protocol);

/** draft_bind() - an address on the dummy interface, whose ports without a Service are closed */
void draft_bind(struct draft *draft, const struct address *address);

/** draft_size() - how many objects it takes to finish or to pack it, about */
size_t draft_size(const struct draft *draft);

/** draft_finish() - nothing comes into it any more */
void draft_finish(struct draft *draft);

/** draft_pack() - what it has become; the caller frees it with service_state_free() */
struct service_state *draft_pack(struct draft *draft);

#endif
