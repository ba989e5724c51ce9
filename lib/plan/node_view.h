/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_NODE_VIEW_H
#define PLAN_NODE_VIEW_H

#include "lib/base/address.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct node_view - what planning needs to know of this node
 * @name:                   as in the endpoints' nodeName
 * @zone:                   NULL if the Node has no zone label
 * @node_port_addresses:    where NodePorts answer: those of @local_addresses that
 *                          --nodeport-addresses selects
 * @local_addresses:        every address of the node's other interfaces but loopback and IPv6
 *                          link-local ones; a VIP among them is not bound to the dummy interface
 * @other_addresses:        those of other Nodes, as far as they are known; a VIP among them is
 *                          not bound either, since this node could not reach the other one then
 * @lacks_ipv6:             IPv6 is off here: what Services want of it is left out
 * @node_ips:               the node's primary address of each family (IPv4, IPv6)
 *
 * All addresses are sorted, see address_sort().
 */
struct node_view {
	const char *name;
	const char *zone;
	const struct address *node_port_addresses;
	size_t node_port_address_count;
	const struct address *local_addresses;
	size_t local_address_count;
	const struct address *other_addresses;
	size_t other_address_count;
	struct address node_ips[2];
	bool lacks_ipv6;
};

/** enum address_owner - whose address an external or load balancer IP is apart from that */
enum address_owner { ADDRESS_OWNER_NONE, ADDRESS_OWNER_THIS_NODE, ADDRESS_OWNER_OTHER_NODE };

/** node_view_owner() - an address that a node owns is not bound to the dummy interface */
enum address_owner node_view_owner(const struct node_view *node, const struct address *address);

#endif
