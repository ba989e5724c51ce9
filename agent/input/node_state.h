/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_NODE_STATE_H
#define AGENT_NODE_STATE_H

#include "agent/settings/options.h"
#include "lib/base/error.h"
#include "lib/kernel/link.h"
#include "lib/objects/node.h"
#include "lib/plan/desired.h"
#include "lib/plan/node_addresses.h"
#include "lib/plan/ruleset.h"

#include <stdint.h>

#define DUMMY_INTERFACE "kube-ipvs0"

/**
 * struct node_state - this node: its Node object, if there is one, and the host's addresses
 */
struct node_state;

/** node_state_new() - @options must stay */
struct node_state *node_state_new(const struct options *options);
void node_state_free(struct node_state *state);

/**
 * node_state_name() - --hostname-override, or else $NODE_NAME, or else the host's name
 *
 * Lower-cased, as kube-proxy does it.
 */
const char *node_state_name(const struct node_state *state);

/** node_state_seed() - a number made of the name, by which nodes do the same thing differently;
 *  never 0 */
uint32_t node_state_seed(const struct node_state *state);

/**
 * node_state_set_node() - takes ownership; of another Node the addresses are remembered, as those
 * that must not be bound here
 * Return: whether it is about this node
 */
bool node_state_set_node(struct node_state *state, struct node *node);

/** node_state_remove_node() - it is gone; Return: whether it is about this node */
bool node_state_remove_node(struct node_state *state, const char *name);

/** node_state_read_addresses() - read the host's addresses again */
int node_state_read_addresses(struct node_state *state, struct link *link, struct error *err);

/**
 * node_state_assume_addresses() - without a look at the host: what its addresses are
 * @addresses:  copied; none: InternalIPs of this node's Node, as far as it is known now
 */
void node_state_assume_addresses(struct node_state *state, const struct address *addresses,
				 size_t count);

/** node_state_view() - as planning needs it; valid until the next call that changes @state */
void node_state_view(struct node_state *state, struct node_view *ret);

/** node_state_other_count() - how many other Nodes are known */
size_t node_state_other_count(const struct node_state *state);

/** node_state_suspects() - those of @candidates that could be other nodes' addresses, as
 *  node_suspects() */
struct address *node_state_suspects(struct node_state *state, const struct address *candidates,
				    size_t count, size_t *ret_count);

/** node_state_node_ports() - where NodePorts answer; borrowed from the options */
struct node_port_selection node_state_node_ports(const struct node_state *state);

/**
 * node_state_loopbacks() - which NodePorts answer on the loopback addresses
 * @ret:  127.0.0.1, ::1
 */
void node_state_loopbacks(const struct node_state *state, enum loopback_use ret[2]);

/**
 * node_state_has_pod_cidrs() - whether the Node has said so far which pods are its own
 *
 * They are kept when the Node goes.
 */
bool node_state_has_pod_cidrs(const struct node_state *state);

/** node_state_rules() - what the fixed rules depend on, for IPv4 and IPv6 */
void node_state_rules(const struct node_state *state, struct ruleset_options ret[2]);

#endif
