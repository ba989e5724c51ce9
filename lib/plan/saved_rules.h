/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SAVED_RULES_H
#define PLAN_SAVED_RULES_H

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct saved_rule - one rule of iptables-save output
 * @text:       without "-A CHAIN ", as it was printed
 * @canonical:  saved_rules_canonical() of @text
 * @target:     what -j or -g names; NULL if neither is there
 */
struct saved_rule {
	char *text;
	char *canonical;
	char *target;
};

/**
 * struct saved_chain
 * @has_policy_drop: of a built-in chain
 * @rules:  those that matter here: of a KUBE-* chain all of them, of other chains only those that
 *          mention a KUBE-* name or have a comment that begins with "kubernetes"; in kernel order
 */
struct saved_chain {
	char *name;
	bool has_policy_drop;
	struct saved_rule *rules;
	size_t count;
	size_t capacity;
};

struct saved_table {
	char *name;
	struct saved_chain *chains;
	size_t count;
	size_t capacity;
};

/** struct saved_rules - what iptables-save printed, as far as it concerns KUBE-* chains */
struct saved_rules {
	struct saved_table *tables;
	size_t count;
	size_t capacity;
};

/**
 * saved_rules_new() - read the output of iptables-save, legacy or nft variant, any tables
 *
 * Never fails: lines that are not understood are passed over.
 */
struct saved_rules *saved_rules_new(const char *output);
void saved_rules_free(struct saved_rules *saved);
AUTO_FREE_DEFINE(saved_rules);

/** saved_rules_chain() - NULL if the table or the chain is not there */
const struct saved_chain *saved_rules_chain(const struct saved_rules *saved, const char *table,
					    const char *chain);

/**
 * saved_rules_canonical() - a text that is equal for rules that mean the same
 * @text:  a rule without "-A CHAIN ", in the syntax that iptables-save prints
 *
 * Quotes are resolved, numbers and host prefixes written in one way, and the matches sorted: all of
 * them must hold, so their order has no meaning. Not for people to read. The caller frees it.
 */
char *saved_rules_canonical(const char *text);

/** saved_rules_is_kube_name() - whether the name of a chain begins with "KUBE-" */
bool saved_rules_is_kube_name(const char *name);

#endif
