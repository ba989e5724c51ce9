/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleset.h"

#include "mark_clash.h"
#include "proxy_state.h"
#include "ruleset_layout.h"
#include "saved_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct chain *chain_of(struct ruleset *ruleset, const char *table, const char *name)
{
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		if (strcmp(ruleset_chains[i].table, table) == 0 &&
		    strcmp(ruleset_chains[i].name, name) == 0)
			return &ruleset->chains[i];
	}
	abort();
}

void ruleset_add_rule(struct ruleset *ruleset, const char *table, const char *chain_name,
		      const char *format, ...)
{
	struct chain *chain = chain_of(ruleset, table, chain_name);
	struct rule *rule;
	va_list arguments;

	chain->rules =
		memory_grow(chain->rules, chain->count, &chain->capacity, sizeof(*chain->rules));
	rule = &chain->rules[chain->count++];
	va_start(arguments, format);
	if (vasprintf(&rule->text, format, arguments) < 0)
		memory_exhausted();
	va_end(arguments);
	rule->canonical = saved_rules_canonical(rule->text);
}

/*
 * kube-proxy explains its sets in the rules that use them (pkg/proxy/ipvs/ipset.go). The texts are
 * part of the rules, so that taking over from kube-proxy and going back change nothing.
 */
static const char *set_comment(enum set_kind kind)
{
	switch (kind) {
	case SET_KIND_LOAD_BALANCER_FIREWALL:
		return "Kubernetes service load balancer ip + port for load balancer with "
		       "sourceRange";
	case SET_KIND_LOAD_BALANCER_SOURCE_CIDR:
		return "Kubernetes service load balancer ip + port + source cidr for packet filter "
		       "purpose";
	case SET_KIND_LOAD_BALANCER_SOURCE_IP:
		return "Kubernetes service load balancer ip + port + source IP for packet filter "
		       "purpose";
	case SET_KIND_LOOP_BACK:
		return "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose";
	case SET_KIND_CLUSTER_IP:
		return "Kubernetes service cluster ip + port for masquerade purpose";
	case SET_KIND_EXTERNAL_IP:
		return "Kubernetes service external ip + port for masquerade and filter purpose";
	case SET_KIND_EXTERNAL_IP_LOCAL:
		return "Kubernetes service external ip + port with externalTrafficPolicy=local";
	case SET_KIND_LOAD_BALANCER:
		return "Kubernetes service lb portal";
	case SET_KIND_LOAD_BALANCER_LOCAL:
		return "Kubernetes service load balancer ip + port with "
		       "externalTrafficPolicy=local";
	case SET_KIND_NODE_PORT_TCP:
		return "Kubernetes nodeport TCP port for masquerade purpose";
	case SET_KIND_NODE_PORT_UDP:
		return "Kubernetes nodeport UDP port for masquerade purpose";
	case SET_KIND_NODE_PORT_SCTP:
		return "Kubernetes nodeport SCTP port for masquerade purpose with type "
		       "\\'hash ip:port\\'";
	case SET_KIND_NODE_PORT_LOCAL_TCP:
		return "Kubernetes nodeport TCP port with externalTrafficPolicy=local";
	case SET_KIND_NODE_PORT_LOCAL_UDP:
		return "Kubernetes nodeport UDP port with externalTrafficPolicy=local";
	case SET_KIND_NODE_PORT_LOCAL_SCTP:
		return "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type "
		       "\\'hash ip:port\\'";
	case SET_KIND_HEALTH_CHECK_NODE_PORT:
		return "Kubernetes health check node port";
	case SET_KIND_LOAD_BALANCER_HEALTH:
		return "Kubernetes health checks of load balancers";
	case SET_KIND_NODE_PORT_ADDRESS:
		return "Kubernetes nodeport addresses";
	case SET_KIND_NO_ENDPOINT:
		return "Kubernetes services without endpoints for some clients";
	case SET_KIND_NO_LOCAL:
		return "Kubernetes services without local endpoints";
	case SET_KIND_IN_CLUSTER:
		return "Kubernetes services with endpoints for the cluster";
	case SET_KIND_MARK_NAMES:
		return "Kubernetes services by mark";
	case SET_KIND_IPVS_IPS:
		return "Kubernetes service ips";
	}
	return "";
}

void ruleset_add_set_rule(struct ruleset *ruleset, const char *table, const char *chain,
			  const char *header, enum set_kind kind, const char *fields,
			  const char *target)
{
	ruleset_add_rule(ruleset, table, chain,
			 "%s-m comment --comment \"%s\" -m set --match-set %s %s -j %s", header,
			 set_comment(kind), set_kind_name(kind, ruleset->family), fields, target);
}

static void add_plain_set_rule(struct ruleset *ruleset, const char *table, const char *chain,
			       enum set_kind kind, const char *fields, const char *target)
{
	ruleset_add_rule(ruleset, table, chain, "-m set --match-set %s %s -j %s",
			 set_kind_name(kind, ruleset->family), fields, target);
}

char *ruleset_pod_match(const struct ruleset_options *options)
{
	char prefix[ADDRESS_TEXT_SIZE];

	switch (options->detection) {
	case LOCAL_DETECTION_PREFIX:
		if (!options->pod_prefix.address.family)
			break;
		return string_printf("-s %s ", address_prefix_text(&options->pod_prefix, prefix));
	case LOCAL_DETECTION_BRIDGE:
		return string_printf("-i %s ", options->pod_interface);
	case LOCAL_DETECTION_INTERFACE_PREFIX:
		return string_printf("-i %s+ ", options->pod_interface);
	case LOCAL_DETECTION_NONE:
		break;
	}
	return NULL;
}

/* ClusterIPs: who is no pod of the cluster is masqueraded. */
static void add_cluster_ips(struct ruleset *ruleset, const struct ruleset_options *options)
{
	auto_memory char *pods = options->masquerade_all ? NULL : ruleset_pod_match(options);

	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_CLUSTER_IP, "dst,dst",
			     "KUBE-CLUSTER-IP");
	if (options->masquerade_all)
		ruleset_add_rule(ruleset, "nat", "KUBE-CLUSTER-IP", "-j KUBE-MARK-MASQ");
	else if (pods)
		ruleset_add_rule(ruleset, "nat", "KUBE-CLUSTER-IP", "! %s-j KUBE-MARK-MASQ", pods);
	else
		/* What the node itself sends from a VIP, which it holds, is all that is sure. */
		add_plain_set_rule(ruleset, "nat", "KUBE-CLUSTER-IP", SET_KIND_CLUSTER_IP,
				   "src,dst", "KUBE-MARK-MASQ");
	ruleset_add_rule(ruleset, "nat", "KUBE-CLUSTER-IP", "-j ACCEPT");
}

char *ruleset_marked_match(const struct ruleset *ruleset)
{
	const struct mark_range *range = &ruleset->marks;
	uint32_t valid_bit = mark_range_valid_bit(range);

	return string_printf("-m mark --mark 0x%x/0x%x", range->base & ~valid_bit,
			     ~(range->mask | valid_bit));
}

/* What matches marks that the last bit makes count. */
static char *incomplete_match(const struct mark_range *range)
{
	uint32_t valid_bit = mark_range_valid_bit(range);

	return string_printf("-m mark --mark 0x%x/0x%x", range->base & ~valid_bit, ~range->mask);
}

/* In chains that kube-proxy empties: on the way of pods, and on that of the node. */
static void add_valid_bit(struct ruleset *ruleset, const char *table, const char *chain)
{
	auto_memory char *is_incomplete = incomplete_match(&ruleset->marks);
	uint32_t valid_bit = mark_range_valid_bit(&ruleset->marks);

	if (ruleset->marks.mask)
		ruleset_add_rule(ruleset, table, chain, "%s -j MARK --set-xmark 0x%x/0x%x",
				 is_incomplete, valid_bit, valid_bit);
}

/*
 * With externalTrafficPolicy Local, pods and the node itself reach all endpoints. The set gives
 * their packets a mark, and IPVS looks for a virtual server with that mark first. Of TCP and SCTP
 * only what opens a connection needs one. With UDP each packet does: IPVS may forget a flow before
 * conntrack does. The mark ends with IPVS, so that nothing takes it for something else, tunnels
 * that carry it along above all: what IPVS sends on passes OUTPUT.
 */
static void add_marking(struct ruleset *ruleset, const struct ruleset_options *options)
{
	auto_memory char *pods = ruleset_pod_match(options);
	auto_memory char *is_marked = ruleset_marked_match(ruleset);
	const char *set = set_kind_name(SET_KIND_IN_CLUSTER, ruleset->family);

	if (!ruleset->marks.mask)
		return;
	ruleset_add_rule(ruleset, "mangle", "KUBE-IPVS-MARK",
			 "-j SET --map-set %s dst,dst --map-mark", set);
	if (pods)
		ruleset_add_rule(ruleset, "mangle", "KUBE-IPVS-MARK-POD",
				 "%s-j SET --map-set %s dst,dst --map-mark", pods, set);

	/* What the node sends is masqueraded; of each connection the first packet decides. */
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-UNMARK",
			 "-m addrtype --src-type LOCAL -m conntrack --ctstate NEW "
			 "-j MARK --set-xmark 0x%x/0xffffffff",
			 options->masquerade_mark);
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-UNMARK",
			 "%s -j MARK --set-xmark 0x0/0xffffffff", is_marked);

	/* To an address that this node does not hold, without having passed IPVS. */
	ruleset_add_rule(ruleset, "filter", "KUBE-FORWARD", "%s -j KUBE-IPVS-UNMARK", is_marked);
}

/*
 * Only first packets of connections come here. Most are for no address of this machine, and leave
 * at once. ACCEPT keeps rules of others from taking packets away from IPVS.
 */
static void add_services(struct ruleset *ruleset, const struct ruleset_options *options)
{
	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES",
			 "-m addrtype ! --dst-type LOCAL -j RETURN");
	add_valid_bit(ruleset, "nat", "KUBE-SERVICES");
	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES", "-s %s -j RETURN",
			 ruleset->family == AF_INET6 ? "::1/128" : "127.0.0.0/8");
	add_cluster_ips(ruleset, options);
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_LOAD_BALANCER, "dst,dst",
			     "KUBE-LOAD-BALANCER");
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_EXTERNAL_IP, "dst,dst",
			     "KUBE-EXTERNAL-IP");
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_EXTERNAL_IP_LOCAL,
			     "dst,dst", "ACCEPT");
	/* Every VIP is an address of this machine, but none of them has NodePorts. */
	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES",
			 "-m set ! --match-set %s dst -j KUBE-NODE-PORT",
			 set_kind_name(SET_KIND_IPVS_IPS, ruleset->family));

	ruleset_add_set_rule(ruleset, "nat", "KUBE-LOAD-BALANCER", "", SET_KIND_LOAD_BALANCER_LOCAL,
			     "dst,dst", "ACCEPT");
	ruleset_add_rule(ruleset, "nat", "KUBE-LOAD-BALANCER", "-j KUBE-MARK-MASQ");
	ruleset_add_rule(ruleset, "nat", "KUBE-LOAD-BALANCER", "-j ACCEPT");
	ruleset_add_rule(ruleset, "nat", "KUBE-EXTERNAL-IP", "-j KUBE-MARK-MASQ");
	ruleset_add_rule(ruleset, "nat", "KUBE-EXTERNAL-IP", "-j ACCEPT");
}

static void add_node_ports(struct ruleset *ruleset)
{
	static const struct {
		const char *header;
		enum set_kind local;
		enum set_kind all;
		const char *fields;
	} protocols[] = {
		{"-p tcp ", SET_KIND_NODE_PORT_LOCAL_TCP, SET_KIND_NODE_PORT_TCP, "dst"},
		{"-p udp ", SET_KIND_NODE_PORT_LOCAL_UDP, SET_KIND_NODE_PORT_UDP, "dst"},
		{"-p sctp ", SET_KIND_NODE_PORT_LOCAL_SCTP, SET_KIND_NODE_PORT_SCTP, "dst,dst"},
	};

	for (size_t i = 0; i < COUNT(protocols); i++) {
		ruleset_add_set_rule(ruleset, "nat", "KUBE-NODE-PORT", protocols[i].header,
				     protocols[i].local, protocols[i].fields, "RETURN");
		ruleset_add_set_rule(ruleset, "nat", "KUBE-NODE-PORT", protocols[i].header,
				     protocols[i].all, protocols[i].fields, "KUBE-MARK-MASQ");
	}
	ruleset_add_set_rule(ruleset, "filter", "KUBE-NODE-PORT", "",
			     SET_KIND_HEALTH_CHECK_NODE_PORT, "dst", "ACCEPT");
}

static void add_masquerading(struct ruleset *ruleset, const struct ruleset_options *options)
{
	uint32_t mark = options->masquerade_mark;

	ruleset_add_rule(ruleset, "nat", "KUBE-MARK-MASQ", "-j MARK --set-xmark 0x%x/0x%x", mark,
			 mark);

	ruleset_add_set_rule(ruleset, "nat", "KUBE-POSTROUTING", "", SET_KIND_LOOP_BACK,
			     "dst,dst,src", "MASQUERADE");
	/* Other nodes have the same VIPs and would keep the answer to themselves. */
	if (!options->is_kube_proxy)
		add_plain_set_rule(ruleset, "nat", "KUBE-POSTROUTING", SET_KIND_IPVS_IPS, "src",
				   options->has_random_fully ? "MASQUERADE --random-fully"
							     : "MASQUERADE");
	ruleset_add_rule(ruleset, "nat", "KUBE-POSTROUTING", "-m mark ! --mark 0x%x/0x%x -j RETURN",
			 mark, mark);
	/* A packet that passes again, encapsulated for instance, is not masqueraded twice. */
	ruleset_add_rule(ruleset, "nat", "KUBE-POSTROUTING", "-j MARK --set-xmark 0x%x/0x0", mark);
	ruleset_add_rule(ruleset, "nat", "KUBE-POSTROUTING",
			 "-m comment --comment \"kubernetes service traffic requiring SNAT\" "
			 "-j MASQUERADE%s",
			 options->has_random_fully ? " --random-fully" : "");

	/* The first packet of a masqueraded connection bears the mark, the others do not. */
	ruleset_add_rule(
		ruleset, "filter", "KUBE-FORWARD",
		"-m comment --comment \"kubernetes forwarding rules\" -m mark --mark 0x%x/0x%x "
		"-j ACCEPT",
		mark, mark);
	ruleset_add_rule(
		ruleset, "filter", "KUBE-FORWARD",
		"-m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack "
		"--ctstate RELATED,ESTABLISHED -j ACCEPT");
}

static void add_source_ranges(struct ruleset *ruleset)
{
	ruleset_add_set_rule(ruleset, "filter", "KUBE-PROXY-FIREWALL", "",
			     SET_KIND_LOAD_BALANCER_FIREWALL, "dst,dst",
			     "KUBE-SOURCE-RANGES-FIREWALL");
	ruleset_add_set_rule(ruleset, "filter", "KUBE-SOURCE-RANGES-FIREWALL", "",
			     SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "dst,dst,src", "RETURN");
	ruleset_add_set_rule(ruleset, "filter", "KUBE-SOURCE-RANGES-FIREWALL", "",
			     SET_KIND_LOAD_BALANCER_SOURCE_IP, "dst,dst,src", "RETURN");
	ruleset_add_rule(ruleset, "filter", "KUBE-SOURCE-RANGES-FIREWALL", "-j DROP");
}

/* A node outside of the source ranges must not get in either. */
static void add_node_ranges(struct ruleset *ruleset)
{
	/*
	 * Its own packets to a VIP have the VIP as their source, and pass neither INPUT nor FORWARD. kube-proxy adds a rule for
	 * each VIP and port to KUBE-IPVS-OUT-FILTER in filter, where IPVS has replaced the
	 * destination already. In mangle it is still there, so sets can tell: a load balancer with
	 * source ranges, which the jump asks for, and the VIP not among the sources that are
	 * allowed, which is how a node inside of the ranges is let in.
	 */
	ruleset_add_rule(ruleset, "mangle", "KUBE-IPVS-OUT-FILTER",
			 "-m comment --comment \"%s\" -m set --match-set %s src "
			 "-m set ! --match-set %s dst,dst,src -j DROP",
			 "no access from a node outside of the source ranges",
			 set_kind_name(SET_KIND_IPVS_IPS, ruleset->family),
			 set_kind_name(SET_KIND_LOAD_BALANCER_SOURCE_IP, ruleset->family));

	/* From an address of its own that a program of the node chose. */
	ruleset_add_rule(ruleset, "mangle", "KUBE-IPVS-OUT-FILTER",
			 "-m set ! --match-set %s src -m set ! --match-set %s dst,dst,src -j DROP",
			 set_kind_name(SET_KIND_IPVS_IPS, ruleset->family),
			 set_kind_name(SET_KIND_LOAD_BALANCER_SOURCE_CIDR, ruleset->family));
}

/* The sets of addresses and ports that Services have on VIPs, apart from ClusterIPs, of which most are. */
static const enum set_kind served[] = {SET_KIND_LOAD_BALANCER, SET_KIND_EXTERNAL_IP,
				       SET_KIND_EXTERNAL_IP_LOCAL};

/*
 * IPVS answers for a virtual server without destinations by ICMP alone, of which the kernel sends few,
 * and says so in its log each time. A reset is always sent, and heeded at once. SCTP has nothing like
 * it; its stack gives up when told that the host has no SCTP, for which IPv6 has no message here.
 */
static void add_refusal(struct ruleset *ruleset)
{
	bool is_ipv6 = ruleset->family == AF_INET6;

	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-REFUSE",
			 "-p tcp -j REJECT --reject-with tcp-reset");
	if (!is_ipv6)
		ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-REFUSE",
				 "-p sctp -j REJECT --reject-with icmp-proto-unreachable");
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-REFUSE", "-j REJECT --reject-with %s",
			 is_ipv6 ? "icmp6-port-unreachable" : "icmp-port-unreachable");
}

/*
 * Whom no endpoint is there for. Where there are none on this node only, clients outside get no
 * answer: they try again, and a load balancer sends them elsewhere. Those in the cluster have others.
 */
static void add_no_endpoint(struct ruleset *ruleset)
{
	const struct mark_range *marks = &ruleset->marks;

	if (!marks->mask) {
		ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-NO-ENDPOINT", "-j KUBE-IPVS-REFUSE");
		return;
	}
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-NO-ENDPOINT",
			 "-m set ! --match-set %s dst,dst -j KUBE-IPVS-REFUSE",
			 set_kind_name(SET_KIND_NO_LOCAL, ruleset->family));
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-NO-ENDPOINT",
			 "-m mark ! --mark 0x%x/0x%x -j DROP", marks->base, ~marks->mask);
}

/* @negation: "", or "! " for what the set has not */
static void add_destination_rule(struct ruleset *ruleset, const char *negation, enum set_kind kind,
				 const char *fields, const char *action)
{
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-FILTER", "-m set %s--match-set %s %s %s",
			 negation, set_kind_name(kind, ruleset->family), fields, action);
}

/*
 * What comes in and does not belong to a connection that is known. UDP comes with marks to be
 * completed, see add_marking(), and for the source ranges.
 *
 * New connections to a VIP are for its Services only, not for what else listens on the node. Some load
 * balancers send their health checks to the load balancer IP: only what would be refused is asked
 * whether it is one.
 *
 * Each set that is asked costs as much as IPVS itself, so what is asked for most leaves first:
 * ClusterIPs, which have no source ranges. With -g the end of the chain that is gone to leads back
 * to INPUT.
 */
static void add_access_filter(struct ruleset *ruleset)
{
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-INPUT", "-g KUBE-IPVS-FILTER");
	add_valid_bit(ruleset, "filter", "KUBE-IPVS-FILTER");
	if (ruleset->marks.mask)
		ruleset_add_rule(
			ruleset, "filter", "KUBE-IPVS-FILTER",
			"-p udp -m conntrack --ctstate RELATED,ESTABLISHED -g KUBE-PROXY-FIREWALL");
	add_destination_rule(ruleset, "", SET_KIND_NO_ENDPOINT, "dst,dst",
			     "-j KUBE-IPVS-NO-ENDPOINT");
	add_destination_rule(ruleset, "", SET_KIND_CLUSTER_IP, "dst,dst", "-j RETURN");
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-FILTER", "-j KUBE-PROXY-FIREWALL");
	add_destination_rule(ruleset, "! ", SET_KIND_IPVS_IPS, "dst", "-g KUBE-NODE-PORT");
	for (size_t i = 0; i < COUNT(served); i++)
		add_destination_rule(ruleset, "", served[i], "dst,dst", "-j RETURN");
	add_destination_rule(ruleset, "", SET_KIND_LOAD_BALANCER_HEALTH, "dst,dst",
			     "-g KUBE-NODE-PORT");
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-FILTER",
			 "-m conntrack --ctstate NEW -j KUBE-IPVS-REFUSE");
}

/*
 * Unlike with DNAT, packets to a Service come through INPUT before IPVS has them; its policy is
 * meant for the node's own ports. Messages about such packets come in for the same addresses. What
 * opens a connection to another port of a VIP was rejected before.
 */
static void add_acceptance(struct ruleset *ruleset)
{
	static const struct {
		const char *protocol;
		enum set_kind kind;
		const char *fields;
	} node_ports[] = {
		{"tcp", SET_KIND_NODE_PORT_TCP, "dst"},
		{"udp", SET_KIND_NODE_PORT_UDP, "dst"},
		{"sctp", SET_KIND_NODE_PORT_SCTP, "dst,dst"},
	};

	add_plain_set_rule(ruleset, "filter", "KUBE-IPVS-ACCEPT", SET_KIND_CLUSTER_IP, "dst,dst",
			   "ACCEPT");
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-ACCEPT",
			 "-m conntrack --ctstate NEW,RELATED -m set --match-set %s dst -j ACCEPT",
			 set_kind_name(SET_KIND_IPVS_IPS, ruleset->family));
	for (size_t i = 0; i < COUNT(node_ports); i++)
		ruleset_add_rule(
			ruleset, "filter", "KUBE-IPVS-ACCEPT",
			"-p %s -m set --match-set %s dst -m set --match-set %s %s -j ACCEPT",
			node_ports[i].protocol,
			set_kind_name(SET_KIND_NODE_PORT_ADDRESS, ruleset->family),
			set_kind_name(node_ports[i].kind, ruleset->family), node_ports[i].fields);
	for (size_t i = 0; i < COUNT(served); i++)
		add_plain_set_rule(ruleset, "filter", "KUBE-IPVS-ACCEPT", served[i], "dst,dst",
				   "ACCEPT");
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-ACCEPT",
			 "-m conntrack --ctstate RELATED -m set --match-set %s dst -j ACCEPT",
			 set_kind_name(SET_KIND_NODE_PORT_ADDRESS, ruleset->family));
}

struct ruleset *ruleset_new(const struct ruleset_options *options)
{
	struct ruleset *ruleset = memory_allocate(sizeof(*ruleset));

	ruleset->family = options->family;
	ruleset->is_kube_proxy = options->is_kube_proxy;
	if (options->has_in_cluster && !options->is_kube_proxy)
		ruleset->marks = options->marks;
	add_marking(ruleset, options);
	if (options->is_kube_proxy)
		ruleset_add_kube_proxy_chains(ruleset, options);
	else
		add_services(ruleset, options);
	add_node_ports(ruleset);
	add_masquerading(ruleset, options);
	add_source_ranges(ruleset);
	if (options->is_kube_proxy)
		return ruleset;
	add_node_ranges(ruleset);
	add_refusal(ruleset);
	add_no_endpoint(ruleset);
	add_access_filter(ruleset);
	add_acceptance(ruleset);
	return ruleset;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		for (size_t j = 0; j < ruleset->chains[i].count; j++) {
			free(ruleset->chains[i].rules[j].text);
			free(ruleset->chains[i].rules[j].canonical);
		}
		free(ruleset->chains[i].rules);
	}
	free(ruleset);
}

char *ruleset_clash(const struct ruleset *ruleset, const char *saved)
{
	return ruleset->marks.mask ? mark_clash_find(saved, &ruleset->marks) : NULL;
}

size_t ruleset_rule_count(const struct ruleset *ruleset)
{
	size_t count = ruleset_jump_count(ruleset);

	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++)
		count += ruleset->chains[i].count;
	return count;
}
