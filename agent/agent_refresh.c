/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_refresh.h"

#include "agent/reconcile/in_cluster.h"
#include "lib/base/log.h"

/* With --detect-local-mode NodeCIDR, which pods are this node's own is to be known first. */
static bool lacks_pod_cidrs(struct agent *agent)
{
	bool is_lacking = agent->options->is_node_cidr && !node_state_has_pod_cidrs(agent->node);

	if (is_lacking && !agent->health.lacks_pod_cidrs)
		log_info("waiting for podCIDRs of Node %s, which detectLocalMode NodeCIDR requires",
			 node_state_name(agent->node));
	agent->health.lacks_pod_cidrs = is_lacking;
	return is_lacking;
}

/* The rules refer to the sets, which exist once the kernel has been observed. */
void agent_refresh_rules(struct agent *agent)
{
	struct ruleset_options rules[2];

	if (!agent->has_observed || lacks_pod_cidrs(agent))
		return;
	node_state_rules(agent->node, rules);
	in_cluster_complete_rules(agent->options, agent->kernel, rules);
	rules_keeper_set(agent->rules, rules);
}

/* Of an IP family that is off there are no numbers, and it is not late with anything. */
static void follow_families(struct agent *agent)
{
	unsigned int families = rules_keeper_families(agent->rules);

	proxy_metrics_set_families(agent->metrics, families);
	proxy_health_forget(&agent->proxy_health, IP_FAMILY_ALL & ~families);
}

void agent_refresh_node(struct agent *agent)
{
	struct node_port_selection selection = node_state_node_ports(agent->node);
	struct node_view view;

	ipv6_presence_look(&agent->ipv6);
	follow_families(agent);
	node_state_view(agent->node, &view);
	view.lacks_ipv6 = ipv6_presence_is_off(&agent->ipv6);
	view.unchecked_addresses =
		other_nodes_unchecked(agent->other_nodes, &view.unchecked_address_count);
	sync_set_node(agent->sync, &view);
	former_vips_node_changed(agent->former_vips);

	/* Without a selection the port answers everywhere, as kube-proxy's does. */
	health_ports_listen_on(
		agent->health_ports, view.node_port_addresses,
		node_addresses_is_open(&selection) ? 0 : view.node_port_address_count,
		agent->options->node_port_prefixes.items, agent->options->node_port_prefixes.count);
}

bool agent_refresh_localhost(struct agent *agent)
{
	enum loopback_use uses[2];

	node_state_loopbacks(agent->node, uses);
	return localhost_ports_select(agent->localhost_ports, uses);
}

void agent_refresh_gate(struct agent *agent)
{
	if (agent->health.is_source_synced && !other_nodes_is_first(agent->other_nodes) &&
	    !lacks_pod_cidrs(agent))
		sync_allow(agent->sync, SYNC_GATE_SOURCE);
}

void agent_refresh_addresses(void *owner)
{
	struct agent *agent = owner;

	agent_refresh_node(agent);
	other_nodes_review(agent->other_nodes, true);
}
