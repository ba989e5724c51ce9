/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleset.h"
#include "ruleset_layout.h"
#include "saved_rules.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Rules of kube-proxy in place of ours; the source is its pkg/proxy/ipvs/proxier.go. */

#define MASQUERADE_CHAIN "KUBE-MARK-MASQ"

static void add_acceptance(struct ruleset *ruleset, enum set_kind kind)
{
	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES", "-m set --match-set %s dst,dst -j ACCEPT",
			 set_kind_name(kind, ruleset->family));
}

static void add_external_ips(struct ruleset *ruleset, enum set_kind kind)
{
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", kind,
			     "dst,dst -m addrtype --dst-type LOCAL", "ACCEPT");
}

static void add_services(struct ruleset *ruleset, const struct ruleset_options *options)
{
	auto_memory char *pods = options->masquerade_all ? NULL : ruleset_pod_match(options);
	auto_memory char *others = pods ? string_printf("! %s", pods) : NULL;
	bool is_known = options->masquerade_all || pods;

	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES", "-s %s -j RETURN",
			 ruleset->family == AF_INET6 ? "::1/128" : "127.0.0.0/8");
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_LOAD_BALANCER, "dst,dst",
			     "KUBE-LOAD-BALANCER");
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", others ? others : "",
			     SET_KIND_CLUSTER_IP, is_known ? "dst,dst" : "src,dst",
			     MASQUERADE_CHAIN);
	ruleset_add_set_rule(ruleset, "nat", "KUBE-SERVICES", "", SET_KIND_EXTERNAL_IP, "dst,dst",
			     MASQUERADE_CHAIN);
	/* It has more of these, by the way in (physdev); of a VIP that is bound they say the same. */
	add_external_ips(ruleset, SET_KIND_EXTERNAL_IP);
	add_external_ips(ruleset, SET_KIND_EXTERNAL_IP_LOCAL);
	ruleset_add_rule(ruleset, "nat", "KUBE-SERVICES",
			 "-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT");
	add_acceptance(ruleset, SET_KIND_CLUSTER_IP);
	add_acceptance(ruleset, SET_KIND_LOAD_BALANCER);
	ruleset_add_set_rule(ruleset, "nat", "KUBE-LOAD-BALANCER", "", SET_KIND_LOAD_BALANCER_LOCAL,
			     "dst,dst", "RETURN");
	ruleset_add_rule(ruleset, "nat", "KUBE-LOAD-BALANCER", "-j " MASQUERADE_CHAIN);
}

static void add_access_filter(struct ruleset *ruleset)
{
	static const struct {
		enum set_kind kind;
		const char *fields;
	} served[] = {
		{SET_KIND_LOAD_BALANCER, "dst,dst"},	  {SET_KIND_CLUSTER_IP, "dst,dst"},
		{SET_KIND_EXTERNAL_IP, "dst,dst"},	  {SET_KIND_EXTERNAL_IP_LOCAL, "dst,dst"},
		{SET_KIND_HEALTH_CHECK_NODE_PORT, "dst"},
	};

	for (size_t i = 0; i < COUNT(served); i++)
		ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-FILTER",
				 "-m set --match-set %s %s -j RETURN",
				 set_kind_name(served[i].kind, ruleset->family), served[i].fields);
	ruleset_add_rule(ruleset, "filter", "KUBE-IPVS-FILTER",
			 "-m conntrack --ctstate NEW -m set --match-set %s dst -j REJECT "
			 "--reject-with %s",
			 set_kind_name(SET_KIND_IPVS_IPS, ruleset->family),
			 ruleset->family == AF_INET6 ? "icmp6-port-unreachable"
						     : "icmp-port-unreachable");
}

void ruleset_add_kube_proxy_chains(struct ruleset *ruleset, const struct ruleset_options *options)
{
	add_services(ruleset, options);
	add_access_filter(ruleset);
}

/* The first rule of a chain that goes to @target; NULL if there is none. */
static const char *find_rule(const struct saved_rules *saved, const char *chain_name,
			     const char *target)
{
	const struct saved_chain *chain = saved_rules_chain(saved, "nat", chain_name);

	for (size_t i = 0; chain && i < chain->count; i++)
		if (string_equal(chain->rules[i].target, target))
			return chain->rules[i].text;
	return NULL;
}

/* How pods are told, from the rule that masquerades others; @name is room for an interface's. */
static void read_detection(const struct saved_rules *saved, char name[32],
			   struct ruleset_options *options)
{
	const char *rule = find_rule(saved, "KUBE-CLUSTER-IP", MASQUERADE_CHAIN);
	char word[64], *plus;

	if (!rule)
		return;
	options->masquerade_all = strncmp(rule, "-j ", 3) == 0;
	if (sscanf(rule, "! -s %63s", word) == 1 &&
	    address_parse_prefix(word, &options->pod_prefix))
		options->detection = LOCAL_DETECTION_PREFIX;
	if (sscanf(rule, "! -i %31s", name) != 1)
		return;
	plus = strchr(name, '+');
	options->detection = plus ? LOCAL_DETECTION_INTERFACE_PREFIX : LOCAL_DETECTION_BRIDGE;
	options->pod_interface = name;
	if (plus)
		*plus = '\0';
}

static uint32_t read_masquerade_mark(const struct saved_rules *saved)
{
	const char *rule = find_rule(saved, MASQUERADE_CHAIN, "MARK");
	unsigned int mark;

	return rule && sscanf(rule, "-j MARK --set-xmark 0x%x/", &mark) == 1 ? mark : 0x4000;
}

char *ruleset_kube_proxy_restore(uint16_t family, const char *saved_text)
{
	auto_free(saved_rules) struct saved_rules *saved = saved_rules_new(saved_text);
	auto_free(ruleset) struct ruleset *kube_proxy = NULL;
	struct ruleset_options options = {.family = family,
					  .is_kube_proxy = true,
					  .masquerade_mark = read_masquerade_mark(saved),
					  .has_random_fully = strstr(saved_text, "--random-fully")};
	char name[32];

	read_detection(saved, name, &options);
	kube_proxy = ruleset_new(&options);
	return ruleset_reduction(kube_proxy, saved_text);
}
