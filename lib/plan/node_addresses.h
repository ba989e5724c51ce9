/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_NODE_ADDRESSES_H
#define PLAN_NODE_ADDRESSES_H

#include "lib/base/memory.h"
#include "lib/objects/node.h"
#include "node_view.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct interface_address - an address of this node and the interface that holds it
 * @prefix_length:  of the subnet that the interface is in with it
 */
struct interface_address {
	struct address address;
	char interface[16];
	uint16_t prefix_length;
};

/**
 * enum node_port_keyword - what --nodeport-addresses may name besides ranges, as bits
 *   PRIMARY    the node IPs
 *   LOCALHOST  loopback addresses
 *   ALL        every address, loopback included
 *
 * Source: kube-proxy 1.37, kubernetes/kubernetes#138427.
 */
enum node_port_keyword {
	NODE_PORT_KEYWORD_PRIMARY = 1,
	NODE_PORT_KEYWORD_LOCALHOST = 2,
	NODE_PORT_KEYWORD_ALL = 4,
};

/**
 * struct node_port_selection - where NodePorts answer: --nodeport-addresses
 * @keywords:  of enum node_port_keyword
 *
 * What any part selects is selected. Without keywords, a family that no prefix is of takes all
 * addresses, so that nothing at all selects everything.
 */
struct node_port_selection {
	const struct prefix *prefixes;
	size_t prefix_count;
	unsigned int keywords;
};

/**
 * struct node_address_options
 * @bind_address:        --bind-address; family 0 or the unspecified address: none
 * @dummy_interface:     "kube-ipvs0", whose addresses are VIPs and never the node's own
 */
struct node_address_options {
	struct node_port_selection node_ports;
	struct address bind_address;
	const char *dummy_interface;
};

/**
 * struct node_addresses - the part of struct node_view that is about addresses
 *
 * Arrays are sorted and without duplicates; the struct owns them.
 */
struct node_addresses {
	struct address *node_port_addresses;
	size_t node_port_address_count;
	struct address *local_addresses;
	size_t local_address_count;
	struct address node_ips[2];
};

/**
 * node_addresses_new() - decide which addresses of the node do what
 * @observed:  all addresses of the network namespace
 * @node:      NULL without a Node object: the first of the local addresses of each family stands
 *             for its node IP then
 *
 * local_addresses: every observed address but loopback, IPv6 link-local and those of the dummy
 * interface. IPv4 link-local ones count, as they do for kube-proxy.
 *
 * node_port_addresses: those of local_addresses that @options->node_ports selects; a link-local one (where a
 * node-local DNS cache listens, say) only if a prefix names it. kube-proxy also selects
 * VIPs of its dummy interface that happen to be in a prefix; we do not.
 *
 * node_ips: the Node's first address, and its first one of the other family (InternalIP before
 * ExternalIP); @bind_address replaces the one of its family. A family without any has the loopback
 * address, which is what kube-proxy compares loadBalancerSourceRanges with then.
 *
 * Source: kube-proxy 1.32 pkg/proxy/ipvs/netlink_linux.go isValidForSet(),
 * pkg/proxy/util/nodeport_addresses.go, cmd/kube-proxy/app/server.go detectNodeIPs().
 *
 * Return: the caller frees it with node_addresses_free()
 */
struct node_addresses *node_addresses_new(const struct interface_address *observed, size_t count,
					  const struct node *node,
					  const struct node_address_options *options);
void node_addresses_free(struct node_addresses *addresses);
AUTO_FREE_DEFINE(node_addresses);

/** node_addresses_is_open() - whether NodePorts answer on every address of both families */
bool node_addresses_is_open(const struct node_port_selection *selection);

/**
 * enum loopback_use - which NodePorts answer on a loopback address
 *   NONE    none
 *   BESIDE  those that answer on an address of the node, too: nobody named loopback
 *   ALWAYS  all, whether or not an address of the node has NodePorts
 */
enum loopback_use { LOOPBACK_USE_NONE, LOOPBACK_USE_BESIDE, LOOPBACK_USE_ALWAYS };

/** node_addresses_loopback_use() - what @selection says of @loopback, an address of that kind */
enum loopback_use node_addresses_loopback_use(const struct node_port_selection *selection,
					      const struct address *loopback);

/** node_addresses_fill() - set the fields of @view that they decide; borrowed, not copied */
void node_addresses_fill(const struct node_addresses *addresses, struct node_view *view);

#endif
