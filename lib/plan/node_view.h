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
 * @other_names:            for each of them the Node's name; NULL if none is known
 * @unchecked_addresses:    new external and load balancer IPs that may be another Node's: they wait
 *                          until all Nodes have been asked for
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
	const char *const *other_names;
	size_t other_address_count;
	const struct address *unchecked_addresses;
	size_t unchecked_address_count;
	struct address node_ips[2];
	bool lacks_ipv6;
};

/** node_view_lacks() - the node has nothing of @family */
bool node_view_lacks(const struct node_view *node, uint16_t family);

/** node_view_copy() - all of @node; the caller frees it with node_view_clear() */
struct node_view node_view_copy(const struct node_view *node);
void node_view_clear(struct node_view *copy);

bool node_view_is_equal(const struct node_view *a, const struct node_view *b);

#endif
