/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "comparison.h"

#include "additions.h"
#include "packet_cost.h"
#include "text_lines.h"

#include <string.h>

#define NAME_SIZE 64

/* A rule that keeps a node outside of the source ranges out, for one load balancer IP and port. */
#define OUT_FILTER_CHAIN "KUBE-IPVS-OUT-FILTER"
#define OUT_FILTER_RULE	 "-A " OUT_FILTER_CHAIN " "

struct rule_context {
	struct comparison *comparison;
	const struct text_lines *members;
	const char *family; /* "" or "6-", as it occurs in the names of sets */
	const char *table;
};

static bool set_is_empty(const struct rule_context *context, const char *set, size_t length)
{
	for (size_t i = 0; i < context->members->count; i++) {
		const char *name = context->members->items[i] + strlen("add ");

		if (strncmp(name, set, length) == 0 && name[length] == ' ')
			return false;
	}
	return true;
}

static bool has_member(const struct rule_context *context, const char *set, const char *element)
{
	auto_memory char *line = string_printf("add KUBE-%s%s %s", context->family, set, element);

	return text_lines_has(context->members, line);
}

/* Whether @rule can match nothing, because a set that has to match is empty. */
static bool is_without_effect(const struct rule_context *context, const char *rule)
{
	const char *at = rule;

	while ((at = strstr(at, " --match-set "))) {
		bool is_negated = at - rule >= 2 && strncmp(at - 2, " !", 2) == 0;

		at += strlen(" --match-set ");
		if (!is_negated && set_is_empty(context, at, strcspn(at, " ")))
			return true;
	}
	return false;
}

/* "-A CHAIN ..." or ":CHAIN -" */
static void chain_of(const char *line, char name[NAME_SIZE])
{
	const char *begin = *line == ':' ? line + 1 : line + strlen("-A ");

	snprintf(name, NAME_SIZE, "%.*s", (int)strcspn(begin, " "), begin);
}

static bool is_rule_of(const char *line, const char *chain)
{
	size_t length = strlen(chain);

	return text_begins_with(line, "-A ") && strncmp(line + 3, chain, length) == 0 &&
	       line[3 + length] == ' ';
}

static void compare_chain(const struct rule_context *context, const char *chain,
			  const struct text_lines *expected, const struct text_lines *actual)
{
	size_t a = 0;

	for (size_t e = 0; e < expected->count; e++) {
		if (!is_rule_of(expected->items[e], chain))
			continue;
		for (; a < actual->count; a++) {
			if (!is_rule_of(actual->items[a], chain))
				continue;
			if (strcmp(actual->items[a], expected->items[e]) == 0)
				break;
			if (!is_without_effect(context, actual->items[a]))
				comparison_problem(context->comparison, "%s: not expected: %s",
						   context->table, actual->items[a]);
			else
				comparison_note(context->comparison, DIFFERENCE_STATIC_RULES);
		}
		if (a == actual->count) {
			comparison_problem(context->comparison,
					   "%s: missing, or not in this place: %s", context->table,
					   expected->items[e]);
			return;
		}
		a++;
	}
	for (; a < actual->count; a++) {
		if (!is_rule_of(actual->items[a], chain))
			continue;
		if (!is_without_effect(context, actual->items[a]))
			comparison_problem(context->comparison, "%s: not expected: %s",
					   context->table, actual->items[a]);
		else
			comparison_note(context->comparison, DIFFERENCE_STATIC_RULES);
	}
}

/* The chains of a text: declared ones, and those of others that have jumps; each once. */
static struct text_lines *chains_of(const struct text_lines *lines)
{
	struct text_lines *chains = text_lines_new(NULL);

	for (size_t i = 0; i < lines->count; i++) {
		char name[NAME_SIZE];

		chain_of(lines->items[i], name);
		if (!text_lines_has(chains, name))
			text_lines_add(chains, string_dup(name));
	}
	return chains;
}

static void compare_table(const struct rule_context *context, const struct text_lines *expected,
			  const struct text_lines *actual)
{
	auto_free(text_lines) struct text_lines *expected_chains = chains_of(expected);
	auto_free(text_lines) struct text_lines *actual_chains = chains_of(actual);

	for (size_t i = 0; i < expected_chains->count; i++)
		if (!text_lines_has(actual_chains, expected_chains->items[i]))
			comparison_problem(context->comparison, "%s: missing: chain %s",
					   context->table, expected_chains->items[i]);
	for (size_t i = 0; i < actual_chains->count; i++) {
		const char *chain = actual_chains->items[i];

		if (!text_lines_has(expected_chains, chain))
			comparison_problem(context->comparison, "%s: not expected: chain %s",
					   context->table, chain);
		else
			compare_chain(context, chain, expected, actual);
	}
}

/* Takes the rules of KUBE-IPVS-OUT-FILTER out of @lines. */
static struct text_lines *take_out_filter(struct text_lines *lines)
{
	struct text_lines *taken = text_lines_new(NULL);

	for (size_t i = lines->count; i-- > 0;) {
		if (!text_begins_with(lines->items[i], OUT_FILTER_RULE))
			continue;
		text_lines_add(taken, string_dup(lines->items[i]));
		text_lines_remove(lines, i);
	}
	return taken;
}

/* kube-proxy's rule for an element of the set of load balancers with source ranges; NULL: none */
static char *out_filter_rule(const struct rule_context *context, const char *element)
{
	static const struct {
		const char *name;
		int number;
	} protocols[] = {{"tcp:", 6}, {"udp:", 17}, {"sctp:", 132}};
	int length = (int)strcspn(element, ",");
	const char *port = element + length + 1;
	auto_memory char *source = string_printf("%s,%.*s", element, length, element);

	if (has_member(context, "LOAD-BALANCER-SOURCE-IP", source))
		return NULL;
	for (size_t i = 0; i < COUNT(protocols); i++)
		if (text_begins_with(port, protocols[i].name))
			return string_printf(
				OUT_FILTER_RULE
				"-s %.*s/%d -m ipvs --vproto %d --vaddr %.*s --vport %s -j DROP",
				length, element, *context->family ? 128 : 32, protocols[i].number,
				length, element, port + strlen(protocols[i].name));
	return NULL;
}

/* What the rule in mangle amounts to with the sets as they are, in kube-proxy's words. */
static struct text_lines *out_filter_by_sets(const struct rule_context *context)
{
	auto_memory char *prefix = string_printf("add KUBE-%sLOAD-BALANCER-FW ", context->family);
	struct text_lines *rules = text_lines_new(NULL);

	for (size_t i = 0; i < context->members->count; i++) {
		const char *element = context->members->items[i] + strlen(prefix);
		auto_memory char *address = NULL;
		char *rule;

		if (!text_begins_with(context->members->items[i], prefix))
			continue;
		address = string_printf("%.*s", (int)strcspn(element, ","), element);
		rule = has_member(context, "IPVS-IPS", address) ? out_filter_rule(context, element)
								: NULL;
		if (rule)
			text_lines_add(rules, rule);
	}
	return rules;
}

static void compare_as_sets(const struct rule_context *context, const struct text_lines *expected,
			    const struct text_lines *actual)
{
	for (size_t i = 0; i < expected->count; i++)
		if (!text_lines_has(actual, expected->items[i]))
			comparison_problem(context->comparison, "%s: missing: %s", context->table,
					   expected->items[i]);
	for (size_t i = 0; i < actual->count; i++)
		if (!text_lines_has(expected, actual->items[i]))
			comparison_problem(context->comparison, "%s: not expected: %s",
					   context->table, actual->items[i]);
}

/*
 * Instead of kube-proxy's rule per load balancer IP and port there may be one in mangle, which
 * does the same with sets.
 */
static void compare_out_filter(const struct rule_context *context, struct text_lines *expected,
			       struct text_lines *actual, const struct text_lines *mangle)
{
	auto_memory char *replacement = string_printf(
		":" OUT_FILTER_CHAIN " -\n"
		"-A OUTPUT -m conntrack ! --ctstate RELATED,ESTABLISHED "
		"-m set --match-set KUBE-%1$sLOAD-BALANCER-FW dst,dst -m comment --comment "
		"\"kubernetes ipvs access filter\" -j " OUT_FILTER_CHAIN "\n" OUT_FILTER_RULE
		"-m comment --comment \"no access from a node outside of the source ranges\" "
		"-m set --match-set KUBE-%1$sIPVS-IPS src "
		"-m set ! --match-set KUBE-%1$sLOAD-BALANCER-SOURCE-IP dst,dst,src -j DROP\n",
		context->family);
	auto_free(text_lines) struct text_lines *expected_mangle = text_lines_new(replacement);
	auto_free(text_lines) struct text_lines *expected_rules = take_out_filter(expected);
	auto_free(text_lines) struct text_lines *actual_rules = take_out_filter(actual);
	auto_free(text_lines) struct text_lines *by_sets = NULL;
	auto_memory char *firewall_set = string_printf("KUBE-%sLOAD-BALANCER-FW", context->family);

	if (!mangle->count) {
		compare_as_sets(context, expected_rules, actual_rules);
		return;
	}
	by_sets = out_filter_by_sets(context);
	compare_as_sets(context, expected_mangle, mangle);
	compare_as_sets(context, expected_rules, by_sets);
	for (size_t i = 0; i < actual_rules->count; i++)
		comparison_problem(context->comparison, "%s: not expected: %s", context->table,
				   actual_rules->items[i]);
	comparison_note(context->comparison,
			set_is_empty(context, firewall_set, strlen(firewall_set))
				? DIFFERENCE_STATIC_RULES
				: DIFFERENCE_IPVS_OUT_FILTER_SET);
}

void comparison_rules(struct comparison *comparison, const struct comparison_rules *rules,
		      bool is_ipv6)
{
	auto_free(text_lines) struct text_lines *members = text_lines_new(rules->members);
	auto_free(text_lines) struct text_lines *expected_nat = text_lines_new(rules->expected_nat);
	auto_free(text_lines) struct text_lines *expected_filter =
		text_lines_new(rules->expected_filter);
	auto_free(text_lines) struct text_lines *nat = text_lines_new(rules->nat);
	auto_free(text_lines) struct text_lines *filter = text_lines_new(rules->filter);
	auto_free(text_lines) struct text_lines *mangle = text_lines_new(rules->mangle);
	struct rule_context context = {
		.comparison = comparison,
		.members = members,
		.family = is_ipv6 ? "6-" : "",
	};

	additions_take_rules(comparison, nat, "nat", is_ipv6);
	additions_take_rules(comparison, filter, "filter", is_ipv6);
	additions_take_rules(comparison, mangle, "mangle", is_ipv6);
	packet_cost_take_rules(comparison, expected_nat, nat, "nat", is_ipv6);
	packet_cost_take_rules(comparison, expected_filter, filter, "filter", is_ipv6);
	context.table =
		is_ipv6 ? "ip6tables KUBE-IPVS-OUT-FILTER" : "iptables KUBE-IPVS-OUT-FILTER";
	compare_out_filter(&context, expected_filter, filter, mangle);
	context.table = is_ipv6 ? "ip6tables nat" : "iptables nat";
	compare_table(&context, expected_nat, nat);
	context.table = is_ipv6 ? "ip6tables filter" : "iptables filter";
	compare_table(&context, expected_filter, filter);
}
