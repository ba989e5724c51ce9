/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_cost.h"

#include "lib/base/memory.h"
#include "rule_text.h"

#include <fnmatch.h>
#include <string.h>

#define CLUSTER_IPS \
	"-m comment --comment \"Kubernetes service cluster ip + port for masquerade purpose\" "
#define EXTERNAL_IPS                                                                              \
	"-m comment --comment \"Kubernetes service external ip + port for masquerade and filter " \
	"purpose\" "
#define EXTERNAL_LOCAL                                                       \
	"-m comment --comment \"Kubernetes service external ip + port with " \
	"externalTrafficPolicy=local\" "
#define BALANCER_LOCAL                                                            \
	"-m comment --comment \"Kubernetes service load balancer ip + port with " \
	"externalTrafficPolicy=local\" "
#define NOT_FROM_HERE "-m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL "
#define TO_HERE	      "-m addrtype --dst-type LOCAL "

/*
 * @theirs:  NULL: they have nothing of the kind; a "*" stands for any text
 * @ours:    NULL: nothing is needed in its place; a "*" for the same text
 */
static const struct {
	const char *table;
	const char *theirs;
	const char *ours;
} rules[] = {
	/* What is for no address of this machine is for no Service. */
	{"nat", NULL, "-A KUBE-SERVICES -m addrtype ! --dst-type LOCAL -j RETURN"},

	/* What is for one kind of address is not asked whether it is for another kind. */
	{"nat", NULL, ":KUBE-CLUSTER-IP -"},
	{"nat", NULL,
	 "-A KUBE-SERVICES " CLUSTER_IPS "-m set --match-set SET(CLUSTER-IP) dst,dst "
	 "-j KUBE-CLUSTER-IP"},
	{"nat",
	 "-A KUBE-SERVICES *" CLUSTER_IPS "-m set --match-set SET(CLUSTER-IP) dst,dst "
	 "-j KUBE-MARK-MASQ",
	 "-A KUBE-CLUSTER-IP *-j KUBE-MARK-MASQ"},
	{"nat",
	 "-A KUBE-SERVICES " CLUSTER_IPS "-m set --match-set SET(CLUSTER-IP) src,dst "
	 "-j KUBE-MARK-MASQ",
	 "-A KUBE-CLUSTER-IP -m set --match-set SET(CLUSTER-IP) src,dst -j KUBE-MARK-MASQ"},
	{"nat", "-A KUBE-SERVICES -m set --match-set SET(CLUSTER-IP) dst,dst -j ACCEPT",
	 "-A KUBE-CLUSTER-IP -j ACCEPT"},
	{"nat",
	 "-A KUBE-LOAD-BALANCER " BALANCER_LOCAL
	 "-m set --match-set SET(LOAD-BALANCER-LOCAL) dst,dst -j RETURN",
	 "-A KUBE-LOAD-BALANCER " BALANCER_LOCAL
	 "-m set --match-set SET(LOAD-BALANCER-LOCAL) dst,dst -j ACCEPT"},
	{"nat", "-A KUBE-SERVICES -m set --match-set SET(LOAD-BALANCER) dst,dst -j ACCEPT",
	 "-A KUBE-LOAD-BALANCER -j ACCEPT"},
	{"nat", NULL, ":KUBE-EXTERNAL-IP -"},
	{"nat",
	 "-A KUBE-SERVICES " EXTERNAL_IPS "-m set --match-set SET(EXTERNAL-IP) dst,dst "
	 "-j KUBE-MARK-MASQ",
	 "-A KUBE-EXTERNAL-IP -j KUBE-MARK-MASQ"},
	{"nat",
	 "-A KUBE-SERVICES " EXTERNAL_IPS
	 "-m set --match-set SET(EXTERNAL-IP) dst,dst " NOT_FROM_HERE "-j ACCEPT",
	 "-A KUBE-SERVICES " EXTERNAL_IPS "-m set --match-set SET(EXTERNAL-IP) dst,dst "
	 "-j KUBE-EXTERNAL-IP"},
	{"nat",
	 "-A KUBE-SERVICES " EXTERNAL_IPS "-m set --match-set SET(EXTERNAL-IP) dst,dst " TO_HERE
	 "-j ACCEPT",
	 "-A KUBE-EXTERNAL-IP -j ACCEPT"},
	{"nat",
	 "-A KUBE-SERVICES " EXTERNAL_LOCAL
	 "-m set --match-set SET(EXTERNAL-IP-LOCAL) dst,dst " NOT_FROM_HERE "-j ACCEPT",
	 "-A KUBE-SERVICES " EXTERNAL_LOCAL
	 "-m set --match-set SET(EXTERNAL-IP-LOCAL) dst,dst -j ACCEPT"},
	{"nat",
	 "-A KUBE-SERVICES " EXTERNAL_LOCAL
	 "-m set --match-set SET(EXTERNAL-IP-LOCAL) dst,dst " TO_HERE "-j ACCEPT",
	 "-A KUBE-SERVICES " EXTERNAL_LOCAL
	 "-m set --match-set SET(EXTERNAL-IP-LOCAL) dst,dst -j ACCEPT"},
	{"nat", "-A KUBE-SERVICES " TO_HERE "-j KUBE-NODE-PORT",
	 "-A KUBE-SERVICES -m set ! --match-set SET(IPVS-IPS) dst -j KUBE-NODE-PORT"},

	/* Packets of known connections leave at once. */
	{"filter", NULL, ":KUBE-IPVS-INPUT -"},
	{"filter", NULL,
	 "-A INPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment "
	 "\"kubernetes ipvs new connections\" -j KUBE-IPVS-INPUT"},
	{"filter",
	 "-A INPUT -m comment --comment \"kubernetes ipvs access filter\" -j KUBE-IPVS-FILTER",
	 "-A KUBE-IPVS-INPUT -g KUBE-IPVS-FILTER"},
	{"filter",
	 "-A INPUT -m comment --comment \"kube-proxy firewall rules\" -j KUBE-PROXY-FIREWALL",
	 "-A KUBE-IPVS-FILTER -j KUBE-PROXY-FIREWALL"},
	{"filter",
	 "-A INPUT -m comment --comment \"kubernetes health check rules\" -j KUBE-NODE-PORT",
	 "-A KUBE-IPVS-FILTER -m set ! --match-set SET(IPVS-IPS) dst -g KUBE-NODE-PORT"},
	{"filter", NULL,
	 "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "
	 "\"kubernetes forwarding conntrack rule\" -j ACCEPT"},

	/* Of VIPs only, which is known by then; by a reset where the protocol has one. */
	{"filter",
	 "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set SET(IPVS-IPS) dst "
	 "-j REJECT --reject-with icmp*-port-unreachable",
	 "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -j KUBE-IPVS-REFUSE"},

	/* What is asked for most leaves first. */
	{"filter", "-A KUBE-IPVS-FILTER -m set --match-set SET(CLUSTER-IP) dst,dst -j RETURN",
	 "-A KUBE-IPVS-FILTER -m set --match-set SET(CLUSTER-IP) dst,dst -j RETURN"},

	/* Health check ports are those of load balancer IPs, and of the node. */
	{"filter",
	 "-A KUBE-IPVS-FILTER -m set --match-set SET(HEALTH-CHECK-NODE-PORT) dst -j RETURN",
	 "-A KUBE-IPVS-FILTER -m set --match-set SET(LOAD-BALANCER-HEALTH) dst,dst -g KUBE-NODE-PORT"},

	/* Empty there: ours is in mangle. */
	{"filter",
	 "-A OUTPUT -m comment --comment \"kubernetes ipvs access filter\" -j KUBE-IPVS-OUT-FILTER",
	 NULL},
};

/* What the "*" of @pattern stands for in @line; NULL if it does not match. The caller frees it. */
static char *captured(const char *pattern, const char *line)
{
	size_t before = strcspn(pattern, "*"), length = strlen(line);
	const char *rest = pattern + before;
	size_t after;

	if (!*rest)
		return strcmp(pattern, line) == 0 ? string_dup("") : NULL;
	after = strlen(++rest);
	if (length < before + after || strncmp(pattern, line, before) != 0 ||
	    strcmp(line + length - after, rest) != 0)
		return NULL;
	return string_printf("%.*s", (int)(length - before - after), line + before);
}

static char *filled(const char *pattern, const char *text)
{
	size_t before = strcspn(pattern, "*");

	if (!pattern[before])
		return string_dup(pattern);
	return string_printf("%.*s%s%s", (int)before, pattern, text, pattern + before + 1);
}

/* Takes what kube-proxy has out of @expected, and adds to @replaced what has to be there instead. */
static void take_theirs(struct comparison *comparison, struct text_lines *expected,
			struct text_lines *replaced, const char *theirs, const char *ours)
{
	for (size_t i = expected->count; i-- > 0;) {
		auto_memory char *text = captured(theirs, expected->items[i]);

		if (!text)
			continue;
		text_lines_remove(expected, i);
		comparison_note(comparison, DIFFERENCE_PACKET_COST);
		if (ours)
			text_lines_add(replaced, filled(ours, text));
	}
}

/* Takes what is ours out of @actual. */
static void take_ours(struct comparison *comparison, struct text_lines *actual, const char *line)
{
	for (size_t i = actual->count; i-- > 0;) {
		if (fnmatch(line, actual->items[i], 0) != 0)
			continue;
		text_lines_remove(actual, i);
		comparison_note(comparison, DIFFERENCE_PACKET_COST);
	}
}

void packet_cost_take_rules(struct comparison *comparison, struct text_lines *expected,
			    struct text_lines *actual, const char *table, bool is_ipv6)
{
	auto_free(text_lines) struct text_lines *replaced = text_lines_new(NULL);
	auto_free(text_lines) struct text_lines *additional = text_lines_new(NULL);

	for (size_t i = 0; i < COUNT(rules); i++) {
		auto_memory char *ours =
			rules[i].ours ? rule_with_set_names(rules[i].ours, is_ipv6) : NULL;

		if (strcmp(rules[i].table, table) != 0)
			continue;
		if (rules[i].theirs) {
			auto_memory char *theirs = rule_with_set_names(rules[i].theirs, is_ipv6);

			take_theirs(comparison, expected, replaced, theirs, ours);
		}
		if (ours)
			text_lines_add(additional, take(&ours));
	}
	for (size_t i = 0; i < replaced->count; i++)
		if (!text_lines_has(actual, replaced->items[i]))
			comparison_problem(comparison, "%s: missing: %s", table,
					   replaced->items[i]);
	for (size_t i = 0; i < replaced->count; i++)
		take_ours(comparison, actual, replaced->items[i]);
	for (size_t i = 0; i < additional->count; i++)
		take_ours(comparison, actual, additional->items[i]);
}
