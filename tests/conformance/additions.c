/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "additions.h"

#include "rule_text.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define CLIENTS "-m comment --comment \"kubernetes ipvs clients in the cluster\" "
#define MARKED	"-m mark --mark 0x20000000/0xa000ff?1 "

/* Without the prefix KUBE- or KUBE-6- */
static const char *const sets[] = {"NODE-PORT-IP",	"IN-CLUSTER",  "IN-CLUSTER-MARKS",
				   "NO-LOCAL-ENDPOINT", "NO-ENDPOINT", "LOAD-BALANCER-HEALTH"};

/*
 * "SET(" and ")" stand around the names of sets, without prefix; "*" for what depends on the case.
 */
static const struct {
	const char *table;
	const char *line;
} rules[] = {
	/* Nobody sees a VIP as the source of what the node sends. */
	{"nat", "-A KUBE-POSTROUTING -m set --match-set SET(IPVS-IPS) src -j MASQUERADE"},
	{"nat",
	 "-A KUBE-POSTROUTING -m set --match-set SET(IPVS-IPS) src -j MASQUERADE --random-fully"},

	/* A policy DROP of INPUT is not about Services. */
	{"filter", ":KUBE-IPVS-ACCEPT -"},
	{"filter", "-A INPUT -m conntrack ! --ctstate ESTABLISHED -m comment --comment "
		   "\"kubernetes ipvs services\" -j KUBE-IPVS-ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -m set --match-set SET(LOAD-BALANCER) dst,dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -m set --match-set SET(CLUSTER-IP) dst,dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -m set --match-set SET(EXTERNAL-IP) dst,dst -j ACCEPT"},
	{"filter",
	 "-A KUBE-IPVS-ACCEPT -m set --match-set SET(EXTERNAL-IP-LOCAL) dst,dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -p tcp -m set --match-set SET(NODE-PORT-IP) dst "
		   "-m set --match-set SET(NODE-PORT-TCP) dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -p udp -m set --match-set SET(NODE-PORT-IP) dst "
		   "-m set --match-set SET(NODE-PORT-UDP) dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -p sctp -m set --match-set SET(NODE-PORT-IP) dst "
		   "-m set --match-set SET(NODE-PORT-SCTP-HASH) dst,dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -m conntrack --ctstate NEW,RELATED "
		   "-m set --match-set SET(IPVS-IPS) dst -j ACCEPT"},
	{"filter", "-A KUBE-IPVS-ACCEPT -m conntrack --ctstate RELATED "
		   "-m set --match-set SET(NODE-PORT-IP) dst -j ACCEPT"},

	/* Clients in the cluster are told from others. */
	{"mangle", ":KUBE-IPVS-MARK -"},
	{"mangle", ":KUBE-IPVS-MARK-POD -"},
	{"mangle", ":KUBE-IPVS-UNMARK -"},
	{"mangle", "-A PREROUTING -m conntrack ! --ctstate RELATED,ESTABLISHED " CLIENTS
		   "-j KUBE-IPVS-MARK-POD"},
	{"mangle", "-A PREROUTING -p udp -m conntrack --ctstate RELATED,ESTABLISHED "
		   "--ctdir ORIGINAL " CLIENTS "-j KUBE-IPVS-MARK-POD"},
	{"mangle",
	 "-A OUTPUT -m conntrack ! --ctstate RELATED,ESTABLISHED " CLIENTS "-j KUBE-IPVS-MARK"},
	{"mangle", "-A OUTPUT -p udp -m conntrack --ctstate RELATED,ESTABLISHED "
		   "--ctdir ORIGINAL " CLIENTS "-j KUBE-IPVS-MARK"},
	{"mangle", "-A KUBE-IPVS-MARK -j SET --map-set SET(IN-CLUSTER) dst,dst --map-mark"},
	{"mangle",
	 "-A KUBE-IPVS-MARK-POD -[si] * -j SET --map-set SET(IN-CLUSTER) dst,dst --map-mark"},
	{"filter", ":KUBE-IPVS-UNMARK -"},
	{"filter", "-A OUTPUT " MARKED CLIENTS "-j KUBE-IPVS-UNMARK"},
	{"filter", "-A KUBE-FORWARD " MARKED "-j KUBE-IPVS-UNMARK"},
	{"filter", "-A KUBE-IPVS-UNMARK -m addrtype --src-type LOCAL -m conntrack --ctstate NEW "
		   "-j MARK --set-xmark 0x*/0xffffffff"},
	{"filter", "-A KUBE-IPVS-UNMARK " MARKED "-j MARK --set-xmark 0x0/0xffffffff"},
	{"filter", "-A INPUT -p udp -m conntrack --ctstate RELATED,ESTABLISHED -m comment "
		   "--comment \"kubernetes ipvs new connections\" -j KUBE-IPVS-INPUT"},
	{"filter", "-A KUBE-IPVS-FILTER -p udp -m conntrack --ctstate RELATED,ESTABLISHED "
		   "-g KUBE-PROXY-FIREWALL"},
	{"nat", "-A KUBE-SERVICES -m mark --mark 0x20000000/0xe000ff?1 "
		"-j MARK --set-xmark 0x40000000/0x40000000"},
	{"filter", "-A KUBE-IPVS-FILTER -m mark --mark 0x20000000/0xe000ff?1 "
		   "-j MARK --set-xmark 0x40000000/0x40000000"},
	{"filter", ":KUBE-IPVS-NO-ENDPOINT -"},
	{"filter", ":KUBE-IPVS-REFUSE -"},
	{"filter", "-A KUBE-IPVS-FILTER -m set --match-set SET(NO-ENDPOINT) dst,dst "
		   "-j KUBE-IPVS-NO-ENDPOINT"},
	{"filter", "-A KUBE-IPVS-NO-ENDPOINT -m set ! --match-set SET(NO-LOCAL-ENDPOINT) dst,dst "
		   "-j KUBE-IPVS-REFUSE"},
	{"filter", "-A KUBE-IPVS-NO-ENDPOINT -j KUBE-IPVS-REFUSE"},
	{"filter", "-A KUBE-IPVS-NO-ENDPOINT -m mark ! --mark 0x60000000/0xe000ff?1 -j DROP"},
	{"filter", "-A KUBE-IPVS-REFUSE -p tcp -j REJECT --reject-with tcp-reset"},
	{"filter", "-A KUBE-IPVS-REFUSE -p sctp -j REJECT --reject-with icmp-proto-unreachable"},
	{"filter", "-A KUBE-IPVS-REFUSE -j REJECT --reject-with icmp*-port-unreachable"},

	/* Source ranges restrict programs of the node, whatever address of it they use. */
	{"mangle", "-A KUBE-IPVS-OUT-FILTER -m set ! --match-set SET(IPVS-IPS) src "
		   "-m set ! --match-set SET(LOAD-BALANCER-SOURCE-CIDR) dst,dst,src -j DROP"},
};

void additions_take_rules(struct comparison *comparison, struct text_lines *actual,
			  const char *table, bool is_ipv6)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		auto_memory char *line = rule_with_set_names(rules[i].line, is_ipv6);

		if (strcmp(rules[i].table, table) != 0)
			continue;
		for (size_t a = actual->count; a-- > 0;) {
			if (fnmatch(line, actual->items[a], 0) != 0)
				continue;
			text_lines_remove(actual, a);
			comparison_note(comparison, DIFFERENCE_API_SEMANTICS);
		}
	}
}

void additions_take_deprecation(struct comparison *comparison, struct text_lines *actual)
{
	static const char word[] = " deprecated";

	for (size_t i = 0; i < actual->count; i++) {
		const char *line = actual->items[i];
		size_t length = strlen(line);

		if (!text_begins_with(line, "inet6 "))
			continue;
		if (length < strlen(word) || strcmp(line + length - strlen(word), word) != 0) {
			comparison_problem(comparison, "addrs: not deprecated: %s", line);
			continue;
		}
		text_lines_replace(actual, i,
				   string_printf("%.*s", (int)(length - strlen(word)), line));
		comparison_note(comparison, DIFFERENCE_API_SEMANTICS);
	}
}

static bool is_addition(const char *line)
{
	const char *name = strstr(line, " KUBE-");

	if (!name)
		return false;
	name += strlen(" KUBE-");
	if (text_begins_with(name, "6-"))
		name += strlen("6-");
	for (size_t i = 0; i < COUNT(sets); i++)
		if (text_begins_with(name, sets[i]) && name[strlen(sets[i])] == ' ')
			return true;
	return false;
}

void additions_take_sets(struct comparison *comparison, struct text_lines *actual)
{
	for (size_t i = actual->count; i-- > 0;) {
		if (!is_addition(actual->items[i]))
			continue;
		text_lines_remove(actual, i);
		comparison_note(comparison, DIFFERENCE_API_SEMANTICS);
	}
}
