/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_NODE_SUSPECTS_H
#define PLAN_NODE_SUSPECTS_H

#include "node_addresses.h"
#include "node_view.h"

/**
 * node_suspects() - which external and load balancer IPs could be other nodes' addresses
 * @candidates:  sorted
 * @observed:    all addresses of the network namespace; those of @dummy_interface count for nothing
 *
 * Those in a subnet of an interface of this node, or beside a known address of a node: in the same
 * /24, or /64. Not those that are this node's own.
 *
 * Return: sorted, *ret_count of them; freed by the caller
 */
struct address *node_suspects(const struct address *candidates, size_t count,
			      const struct interface_address *observed, size_t observed_count,
			      const char *dummy_interface, const struct node_view *node,
			      size_t *ret_count);

#endif
