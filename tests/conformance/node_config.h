/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_NODE_CONFIG_H
#define CONFORMANCE_NODE_CONFIG_H

#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/objects/node.h"
#include "lib/plan/desired.h"
#include "lib/plan/node_addresses.h"
#include "lib/plan/ruleset.h"

/**
 * struct node_config - what a case's config.yaml says to the planner
 * @cluster_prefixes:  of IPv4 and IPv6; family 0 = none
 * @is_node_cidr:      the Node's podCIDRs take the place of @cluster_prefixes
 */
struct node_config {
	char *node_name;
	char scheduler[SCHEDULER_NAME_SIZE];
	struct prefix *excluded;
	size_t excluded_count;
	struct prefix *node_port_prefixes;
	size_t node_port_prefix_count;
	unsigned int node_port_keywords;
	bool omits_external_ips;
	enum local_detection detection;
	struct prefix cluster_prefixes[2];
	bool is_node_cidr;
	char *pod_interface;
	bool masquerade_all;
	unsigned int masquerade_bit;
};

/**
 * node_config_parse() - read a KubeProxyConfiguration
 *
 * Understands what occurs in the corpus. Anything else is an error, lest a case be planned with
 * less than it asks for. What concerns sysctls and timeouts is passed over: nothing of that is
 * planned.
 *
 * Return: 0 or -EINVAL
 */
int node_config_parse(const char *yaml, struct node_config **ret, struct error *err);
void node_config_free(struct node_config *config);
AUTO_FREE_DEFINE(node_config);

/**
 * struct own_choices - what a KubeProxyConfiguration does not say
 * @affinity_scheduler:  "sh", or "inherit" for kube-proxy's choice
 * @has_in_cluster:      clients in the cluster have virtual servers of their own
 */
struct own_choices {
	const char *affinity_scheduler;
	bool has_in_cluster;
};

void node_config_desired(const struct node_config *config, const struct own_choices *choices,
			 struct desired_options *ret);

/** node_config_ruleset() - @node: this node's object, whose podCIDRs may count; borrowed by @ret */
void node_config_ruleset(const struct node_config *config, const struct own_choices *choices,
			 const struct node *node, uint16_t family, struct ruleset_options *ret);

/** node_config_addresses() - borrowed by @ret */
void node_config_addresses(const struct node_config *config, struct node_address_options *ret);

#endif
