/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_RULESET_LAYOUT_H
#define PLAN_RULESET_LAYOUT_H

#include "lib/base/memory.h"
#include "proxy_state.h"

struct ruleset_options;

/* Shared by ruleset.c, which says what the rules are, ruleset_kube_proxy.c and ruleset_compare.c. */

/** struct chain_place - a chain and the table it is in */
struct chain_place {
	const char *table;
	const char *name;
};

/**
 * ruleset_chains - our chains
 * @is_own:  kube-proxy has no such chain; the others are written anew when it takes over
 */
static const struct our_chain {
	const char *table;
	const char *name;
	bool is_own;
} ruleset_chains[] = {
	{"filter", "KUBE-FORWARD", false},
	{"filter", "KUBE-IPVS-ACCEPT", true},
	{"filter", "KUBE-IPVS-FILTER", false},
	{"filter", "KUBE-IPVS-INPUT", true},
	{"filter", "KUBE-IPVS-NO-ENDPOINT", true},
	{"filter", "KUBE-IPVS-OUT-FILTER", false},
	{"filter", "KUBE-IPVS-REFUSE", true},
	{"filter", "KUBE-IPVS-UNMARK", true},
	{"filter", "KUBE-NODE-PORT", false},
	{"filter", "KUBE-PROXY-FIREWALL", false},
	{"filter", "KUBE-SOURCE-RANGES-FIREWALL", false},
	{"mangle", "KUBE-IPVS-MARK", true},
	{"mangle", "KUBE-IPVS-MARK-POD", true},
	{"mangle", "KUBE-IPVS-OUT-FILTER", true},
	{"mangle", "KUBE-IPVS-UNMARK", true}, /* empty; once it had rules */
	{"nat", "KUBE-CLUSTER-IP", true},
	{"nat", "KUBE-EXTERNAL-IP", true},
	{"nat", "KUBE-LOAD-BALANCER", false},
	{"nat", "KUBE-MARK-MASQ", false},
	{"nat", "KUBE-NODE-PORT", false},
	{"nat", "KUBE-POSTROUTING", false},
	{"nat", "KUBE-SERVICES", false},
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
	bool is_kube_proxy;
	struct mark_range marks;
	struct chain chains[RULESET_CHAIN_COUNT];
};

/** ruleset_add_rule() - append a rule to a chain of ours */
void ruleset_add_rule(struct ruleset *ruleset, const char *table, const char *chain_name,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/** ruleset_add_set_rule() - one that sends packets which a set matches to @target, with kube-proxy's
 *  comment; @header: "", or options with a blank */
void ruleset_add_set_rule(struct ruleset *ruleset, const char *table, const char *chain,
			  const char *header, enum set_kind kind, const char *fields,
			  const char *target);

/** ruleset_pod_match() - what matches packets of pods, with a blank, to be negated by a "! " before
 *  it; NULL if they are not known; the caller frees it */
char *ruleset_pod_match(const struct ruleset_options *options);

/** ruleset_add_kube_proxy_chains() - the chains that kube-proxy fills otherwise than we do */
void ruleset_add_kube_proxy_chains(struct ruleset *ruleset, const struct ruleset_options *options);

/** ruleset_reduction() - ruleset_kube_proxy_restore() with what kube-proxy has of such rules */
char *ruleset_reduction(const struct ruleset *kube_proxy, const char *saved);

/** ruleset_jump_count() - jumps from built-in chains into ours, as far as those are certain */
size_t ruleset_jump_count(const struct ruleset *ruleset);

/** ruleset_marked_match() - what matches packets with marks of ours; the caller frees it */
char *ruleset_marked_match(const struct ruleset *ruleset);

#endif
