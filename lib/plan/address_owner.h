/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_ADDRESS_OWNER_H
#define PLAN_ADDRESS_OWNER_H

#include "lib/objects/external_addresses.h"
#include "node_view.h"

/**
 * enum address_owner - whose address an external or load balancer IP is apart from that
 *   UNCHECKED  perhaps another Node's, which is being asked for
 *   ENDPOINT   a pod's, or that of a node whose network a pod uses
 */
enum address_owner {
	ADDRESS_OWNER_NONE,
	ADDRESS_OWNER_THIS_NODE,
	ADDRESS_OWNER_OTHER_NODE,
	ADDRESS_OWNER_ENDPOINT,
	ADDRESS_OWNER_UNCHECKED,
};

/**
 * address_owner_find() - an address that somebody else owns is not bound to the dummy interface:
 *                        the node could not reach that one any more
 */
enum address_owner address_owner_find(const struct node_view *node,
				      const struct external_addresses *externals,
				      const struct address *address);

/** address_owner_node() - the name of the Node of ADDRESS_OWNER_OTHER_NODE; "" if it is not known */
const char *address_owner_node(const struct node_view *node, const struct address *address);

#endif
