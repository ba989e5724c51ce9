/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_RULESET_LAYOUT_H
#define PLAN_RULESET_LAYOUT_H

#include "ruleset.h"

/* Shared by ruleset.c, which says what the rules are, and ruleset_compare.c. */

/** struct chain_place - a chain and the table it is in */
struct chain_place {
	const char *table;
	const char *name;
};

/**
 * ruleset_chains - our chains
 *
 * Those that kube-proxy has, too, are emptied when it takes over.
 */
static const struct chain_place ruleset_chains[] = {
	{"filter", "KUBE-FORWARD"},
	{"filter", "KUBE-IPVS-ACCEPT"},
	{"filter", "KUBE-IPVS-FILTER"},
	{"filter", "KUBE-IPVS-INPUT"},
	{"filter", "KUBE-IPVS-NO-ENDPOINT"},
	{"filter", "KUBE-IPVS-OUT-FILTER"},
	{"filter", "KUBE-IPVS-REFUSE"},
	{"filter", "KUBE-IPVS-UNMARK"},
	{"filter", "KUBE-NODE-PORT"},
	{"filter", "KUBE-PROXY-FIREWALL"},
	{"filter", "KUBE-SOURCE-RANGES-FIREWALL"},
	{"mangle", "KUBE-IPVS-MARK"},
	{"mangle", "KUBE-IPVS-MARK-POD"},
	{"mangle", "KUBE-IPVS-OUT-FILTER"},
	{"mangle", "KUBE-IPVS-UNMARK"}, /* empty; once it had rules */
	{"nat", "KUBE-CLUSTER-IP"},
	{"nat", "KUBE-EXTERNAL-IP"},
	{"nat", "KUBE-LOAD-BALANCER"},
	{"nat", "KUBE-MARK-MASQ"},
	{"nat", "KUBE-NODE-PORT"},
	{"nat", "KUBE-POSTROUTING"},
	{"nat", "KUBE-SERVICES"},
};
#define RULESET_CHAIN_COUNT COUNT(ruleset_chains)

/**
 * struct rule
 * @text:       without "-A CHAIN ", as iptables-save prints it
 * @canonical:  saved_rules_canonical() of it
 */
struct rule {
	char *text;
	char *canonical;
};

struct chain {
	struct rule *rules;
	size_t count;
	size_t capacity;
};

/** @chains: in the order of ruleset_chains; @marks: that packets get, mask 0 = none */
struct ruleset {
	uint16_t family;
	struct mark_range marks;
	struct chain chains[RULESET_CHAIN_COUNT];
};

/** ruleset_jump_count() - jumps from built-in chains into ours, as far as those are certain */
size_t ruleset_jump_count(const struct ruleset *ruleset);

/** ruleset_marked_match() - what matches packets with marks of ours; the caller frees it */
char *ruleset_marked_match(const struct ruleset *ruleset);

#endif
