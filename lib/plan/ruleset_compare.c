/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/text_stream.h"
#include "ruleset.h"
#include "ruleset_layout.h"
#include "saved_rules.h"

#include <stdio.h>
#include <string.h>

/* The tables, in the order in which they are written: restrictions first. */
static const char *const tables[] = {"filter", "mangle", "nat"};

#define ACCESS	"kubernetes ipvs access filter"
#define NEW	"kubernetes ipvs new connections"
#define CLIENTS "kubernetes ipvs clients in the cluster"

/* Which packets of a built-in chain a jump takes. */
enum condition {
	CONDITION_ALL,
	CONDITION_UNKNOWN,	 /* what does not belong to a connection that conntrack knows */
	CONDITION_UNESTABLISHED, /* that, and messages about a known connection */
	CONDITION_ESTABLISHED,	 /* what known connections themselves send */
	CONDITION_KNOWN,	 /* what does */
	CONDITION_KNOWN_UDP,	 /* what does, of UDP */
	CONDITION_ASKING_UDP,	 /* of that, what who opened the flow sends */
	CONDITION_RESTRICTED,	 /* what does not, to what has source ranges */
	CONDITION_MARKED,	 /* what has a mark of ours */
};

/* When a jump is there. */
enum need {
	NEED_SHARED,	 /* always, and kube-proxy has it, too */
	NEED_ALWAYS,	 /* always, and kube-proxy has nothing like it */
	NEED_MARKS,	 /* if packets get marks */
	NEED_DROP,	 /* if the policy of the built-in chain is DROP */
	NEED_KUBE_PROXY, /* never: kube-proxy has it in place of ours */
	NEED_NEVER,	 /* never: once we had it */
};

/*
 * Jumps from built-in chains, from the top of each of them down. kube-proxy prepends its own one by
 * one (iptablesJumpChain), which on a fresh node gives this order. Some of ours are last of all:
 * what rules of others forbid stays forbidden, and marks that they set do not replace ours. Packets
 * of known connections, which are most, leave each chain with as few questions as can be.
 */
static const struct jump {
	const char *table;
	const char *from;
	const char *to;
	const char *comment;
	enum condition condition;
	enum need need;
	bool is_last;
} jumps[] = {
	{"filter", "INPUT", "KUBE-IPVS-INPUT", NEW, CONDITION_UNKNOWN, NEED_ALWAYS, false},
	{"filter", "INPUT", "KUBE-IPVS-INPUT", NEW, CONDITION_KNOWN_UDP, NEED_MARKS, false},
	{"filter", "INPUT", "KUBE-IPVS-ACCEPT", "kubernetes ipvs services", CONDITION_UNESTABLISHED,
	 NEED_ALWAYS, true},
	{"filter", "INPUT", "KUBE-IPVS-ACCEPT", "kubernetes ipvs services", CONDITION_ESTABLISHED,
	 NEED_DROP, true},
	{"filter", "INPUT", "KUBE-IPVS-FILTER", ACCESS, CONDITION_ALL, NEED_KUBE_PROXY, false},
	{"filter", "INPUT", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules", CONDITION_ALL,
	 NEED_KUBE_PROXY, false},
	{"filter", "INPUT", "KUBE-NODE-PORT", "kubernetes health check rules", CONDITION_ALL,
	 NEED_KUBE_PROXY, false},
	{"filter", "FORWARD", "ACCEPT", "kubernetes forwarding conntrack rule", CONDITION_KNOWN,
	 NEED_ALWAYS, false},
	{"filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules", CONDITION_ALL,
	 NEED_SHARED, false},
	{"filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules", CONDITION_ALL,
	 NEED_SHARED, false},
	{"filter", "OUTPUT", "KUBE-IPVS-UNMARK", CLIENTS, CONDITION_MARKED, NEED_MARKS, false},
	{"filter", "OUTPUT", "KUBE-IPVS-OUT-FILTER", ACCESS, CONDITION_ALL, NEED_KUBE_PROXY, false},
	{"mangle", "PREROUTING", "KUBE-IPVS-MARK-POD", CLIENTS, CONDITION_UNKNOWN, NEED_MARKS,
	 true},
	{"mangle", "PREROUTING", "KUBE-IPVS-MARK-POD", CLIENTS, CONDITION_ASKING_UDP, NEED_MARKS,
	 true},
	{"mangle", "OUTPUT", "KUBE-IPVS-OUT-FILTER", ACCESS, CONDITION_RESTRICTED, NEED_ALWAYS,
	 false},
	{"mangle", "OUTPUT", "KUBE-IPVS-MARK", CLIENTS, CONDITION_UNKNOWN, NEED_MARKS, true},
	{"mangle", "OUTPUT", "KUBE-IPVS-MARK", CLIENTS, CONDITION_ASKING_UDP, NEED_MARKS, true},
	{"mangle", "POSTROUTING", "KUBE-IPVS-UNMARK", CLIENTS, CONDITION_ALL, NEED_NEVER, false},
	{"nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals", CONDITION_ALL,
	 NEED_SHARED, false},
	{"nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals", CONDITION_ALL, NEED_SHARED,
	 false},
	{"nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules", CONDITION_ALL,
	 NEED_SHARED, false},
};

/* The built-in chains of @jumps. */
static const struct chain_place entrances[] = {
	{"filter", "INPUT"},	  {"filter", "FORWARD"}, {"filter", "OUTPUT"},
	{"mangle", "PREROUTING"}, {"mangle", "OUTPUT"},	 {"mangle", "POSTROUTING"},
	{"nat", "PREROUTING"},	  {"nat", "OUTPUT"},	 {"nat", "POSTROUTING"},
};

static bool jump_is_wanted(const struct jump *jump, const struct ruleset *ruleset,
			   const struct saved_chain *saved)
{
	switch (jump->need) {
	case NEED_SHARED:
		return true;
	case NEED_ALWAYS:
		return !ruleset->is_kube_proxy;
	case NEED_MARKS:
		return ruleset->marks.mask;
	case NEED_DROP:
		return saved && saved->has_policy_drop && !ruleset->is_kube_proxy;
	case NEED_KUBE_PROXY:
		return ruleset->is_kube_proxy;
	case NEED_NEVER:
		return false;
	}
	return false;
}

size_t ruleset_jump_count(const struct ruleset *ruleset)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(jumps); i++)
		count += jump_is_wanted(&jumps[i], ruleset, NULL);
	return count;
}

static bool chain_differs(const struct chain *chain, const struct saved_chain *saved)
{
	if (!saved || saved->count != chain->count)
		return true;
	for (size_t i = 0; i < chain->count; i++) {
		if (strcmp(chain->rules[i].canonical, saved->rules[i].canonical) != 0)
			return true;
	}
	return false;
}

static char *condition_text(enum condition condition, const struct ruleset *ruleset)
{
	switch (condition) {
	case CONDITION_ALL:
		break;
	case CONDITION_UNKNOWN:
		return string_dup("-m conntrack ! --ctstate RELATED,ESTABLISHED");
	case CONDITION_UNESTABLISHED:
		return string_dup("-m conntrack ! --ctstate ESTABLISHED");
	case CONDITION_ESTABLISHED:
		return string_dup("-m conntrack --ctstate ESTABLISHED");
	case CONDITION_KNOWN:
		return string_dup("-m conntrack --ctstate RELATED,ESTABLISHED");
	case CONDITION_KNOWN_UDP:
		return string_dup("-p udp -m conntrack --ctstate RELATED,ESTABLISHED");
	case CONDITION_ASKING_UDP:
		return string_dup(
			"-p udp -m conntrack --ctstate RELATED,ESTABLISHED --ctdir ORIGINAL");
	case CONDITION_RESTRICTED:
		return string_printf(
			"-m conntrack ! --ctstate RELATED,ESTABLISHED -m set --match-set %s dst,dst",
			set_kind_name(SET_KIND_LOAD_BALANCER_FIREWALL, ruleset->family));
	case CONDITION_MARKED:
		return ruleset_marked_match(ruleset);
	}
	return string_dup("");
}

static char *jump_text(const struct jump *jump, const struct ruleset *ruleset)
{
	auto_memory char *condition = condition_text(jump->condition, ruleset);

	return string_printf("%s%s-m comment --comment \"%s\" -j %s", condition,
			     *condition ? " " : "", jump->comment, jump->to);
}

/* Whether @rule is @jump, of this table and built-in chain, with these conditions. */
static bool jump_is(const struct jump *jump, const struct ruleset *ruleset,
		    const struct saved_rule *rule)
{
	auto_memory char *text = jump_text(jump, ruleset);
	auto_memory char *canonical = saved_rules_canonical(text);

	return strcmp(canonical, rule->canonical) == 0;
}

static bool jump_is_at(const struct jump *jump, const struct chain_place *place)
{
	return strcmp(jump->table, place->table) == 0 && strcmp(jump->from, place->name) == 0;
}

/* Whether @rule of the chain at @place is one of our jumps, under whatever conditions. */
static bool is_our_jump(const struct chain_place *place, const struct saved_rule *rule)
{
	for (size_t i = 0; i < COUNT(jumps); i++) {
		auto_memory char *comment = NULL;

		if (!jump_is_at(&jumps[i], place) || !string_equal(rule->target, jumps[i].to))
			continue;
		comment = string_printf("--comment \"%s\" ", jumps[i].comment);
		if (strstr(rule->text, comment))
			return true;
	}
	return false;
}

/* The next of our jumps from @at on; @at is moved behind it. */
static const struct saved_rule *next_jump(const struct chain_place *place,
					  const struct saved_chain *saved, size_t *at)
{
	while (saved && *at < saved->count) {
		const struct saved_rule *rule = &saved->rules[(*at)++];

		if (is_our_jump(place, rule))
			return rule;
	}
	return NULL;
}

/*
 * Order counts: KUBE-FORWARD accepts what KUBE-PROXY-FIREWALL may have to drop. So our jumps of a
 * chain have to be there once and one after the other, with any rules of others in between.
 */
static bool jumps_differ(const struct ruleset *ruleset, const struct chain_place *place,
			 const struct saved_chain *saved)
{
	size_t at = 0;

	for (size_t i = 0; i < COUNT(jumps); i++) {
		const struct saved_rule *found;

		if (!jump_is_at(&jumps[i], place) || !jump_is_wanted(&jumps[i], ruleset, saved))
			continue;
		found = next_jump(place, saved, &at);
		if (!found || !jump_is(&jumps[i], ruleset, found))
			return true;
	}
	return next_jump(place, saved, &at);
}

static void write_jump_removal(FILE *stream, const struct chain_place *place,
			       const struct saved_chain *saved)
{
	const struct saved_rule *rule;
	size_t at = 0;

	while ((rule = next_jump(place, saved, &at)))
		fprintf(stream, "-D %s %s\n", place->name, rule->text);
}

static void write_jump(FILE *stream, const struct ruleset *ruleset, const struct jump *jump)
{
	auto_memory char *text = jump_text(jump, ruleset);

	fprintf(stream, "%s %s %s\n", jump->is_last ? "-A" : "-I", jump->from, text);
}

/* What comes first is inserted last. */
static void write_jumps(FILE *stream, const struct ruleset *ruleset,
			const struct chain_place *place, const struct saved_chain *saved)
{
	write_jump_removal(stream, place, saved);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		const struct jump *first = &jumps[COUNT(jumps) - 1 - i];
		const struct jump *last = &jumps[i];

		if (!first->is_last && jump_is_at(first, place) &&
		    jump_is_wanted(first, ruleset, saved))
			write_jump(stream, ruleset, first);
		if (last->is_last && jump_is_at(last, place) &&
		    jump_is_wanted(last, ruleset, saved))
			write_jump(stream, ruleset, last);
	}
}

/* What one table needs. Chains come before the rules that go to them, the jumps into them last. */
static void write_table(FILE *stream, const struct ruleset *ruleset,
			const struct saved_rules *saved, const char *table, char **what)
{
	bool differs[RULESET_CHAIN_COUNT] = {false};
	bool is_begun = false;

	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		const struct our_chain *place = &ruleset_chains[i];

		if (strcmp(place->table, table) != 0 || (ruleset->is_kube_proxy && place->is_own) ||
		    !chain_differs(&ruleset->chains[i],
				   saved_rules_chain(saved, table, place->name)))
			continue;
		differs[i] = true;
		if (!*what)
			*what = string_printf("chain %s of table %s", place->name, table);
		if (!is_begun)
			fprintf(stream, "*%s\n", table);
		is_begun = true;
		fprintf(stream, ":%s - [0:0]\n", place->name);
	}
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		const struct chain *chain = &ruleset->chains[i];

		for (size_t j = 0; differs[i] && j < chain->count; j++)
			fprintf(stream, "-A %s %s\n", ruleset_chains[i].name, chain->rules[j].text);
	}
	for (size_t i = 0; i < COUNT(entrances); i++) {
		const struct chain_place *place = &entrances[i];
		const struct saved_chain *chain;

		if (strcmp(place->table, table) != 0)
			continue;
		chain = saved_rules_chain(saved, table, place->name);
		if (!jumps_differ(ruleset, place, chain))
			continue;
		if (!*what)
			*what = string_printf("jumps in chain %s of table %s", place->name, table);
		if (!is_begun)
			fprintf(stream, "*%s\n", table);
		is_begun = true;
		write_jumps(stream, ruleset, place, chain);
	}
	if (is_begun)
		fputs("COMMIT\n", stream);
}

bool ruleset_difference(const struct ruleset *ruleset, const char *saved_text, char **ret_restore,
			char **ret_what)
{
	auto_free(saved_rules) struct saved_rules *saved = saved_rules_new(saved_text);
	char *restore = NULL, *what = NULL;
	size_t size;
	FILE *stream = text_stream_open(&restore, &size);

	for (size_t i = 0; i < COUNT(tables); i++)
		if (!ruleset_is_unreadable(saved_text, tables[i]))
			write_table(stream, ruleset, saved, tables[i], &what);
	text_stream_close(stream);

	if (!what) {
		free(restore);
		return false;
	}
	*ret_restore = restore;
	*ret_what = what;
	return true;
}

char *ruleset_text(const struct ruleset *ruleset)
{
	char *restore = NULL, *what = NULL;

	ruleset_difference(ruleset, "", &restore, &what);
	free(what);
	return restore;
}

static const struct our_chain *find_chain(const char *table, const char *name)
{
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		if (strcmp(ruleset_chains[i].table, table) == 0 &&
		    strcmp(ruleset_chains[i].name, name) == 0)
			return &ruleset_chains[i];
	}
	return NULL;
}

/* Whether a rule that is not ours goes to our chain: kubelet and network plugins share some. */
static bool is_used_by_others(const struct saved_rules *saved, const char *table, const char *name)
{
	for (size_t i = 0; i < saved->count; i++) {
		const struct saved_table *at = &saved->tables[i];

		for (size_t j = 0; strcmp(at->name, table) == 0 && j < at->count; j++) {
			const struct saved_chain *chain = &at->chains[j];
			struct chain_place place = {table, chain->name};

			if (find_chain(table, chain->name))
				continue;
			for (size_t k = 0; k < chain->count; k++) {
				if (string_equal(chain->rules[k].target, name) &&
				    !is_our_jump(&place, &chain->rules[k]))
					return true;
			}
		}
	}
	return false;
}

/*
 * KUBE-MARK-MASQ is of use to others, so it stays as long as they use it. Any other chain of ours
 * is emptied at least, because its rules hold on to our sets.
 */
static void write_table_removal(FILE *stream, const struct saved_rules *saved, const char *table)
{
	bool is_deleted[RULESET_CHAIN_COUNT] = {false};
	bool is_begun = false;

	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		const char *name = ruleset_chains[i].name;
		bool is_used;

		if (strcmp(ruleset_chains[i].table, table) != 0 ||
		    !saved_rules_chain(saved, table, name))
			continue;
		is_used = is_used_by_others(saved, table, name);
		if (is_used && strcmp(name, "KUBE-MARK-MASQ") == 0)
			continue;
		is_deleted[i] = !is_used;
		if (!is_begun)
			fprintf(stream, "*%s\n", table);
		is_begun = true;
		fprintf(stream, ":%s - [0:0]\n", name);
	}
	if (!is_begun)
		return;
	for (size_t i = 0; i < COUNT(entrances); i++) {
		if (strcmp(entrances[i].table, table) == 0)
			write_jump_removal(stream, &entrances[i],
					   saved_rules_chain(saved, table, entrances[i].name));
	}
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		if (is_deleted[i])
			fprintf(stream, "-X %s\n", ruleset_chains[i].name);
	}
	fputs("COMMIT\n", stream);
}

char *ruleset_removal(const char *saved_text)
{
	auto_free(saved_rules) struct saved_rules *saved = saved_rules_new(saved_text);
	char *ret = NULL;
	size_t size;
	FILE *stream = text_stream_open(&ret, &size);

	for (size_t i = 0; i < COUNT(tables); i++)
		if (!ruleset_is_unreadable(saved_text, tables[i]))
			write_table_removal(stream, saved, tables[i]);
	text_stream_close(stream);
	if (!*ret) {
		free(ret);
		return NULL;
	}
	return ret;
}

/* Whether a rule of @chain, which kube-proxy has, too, goes to a chain that it has not. */
static bool chain_is_written_by_us(const char *table, const struct saved_chain *chain)
{
	for (size_t i = 0; chain && i < chain->count; i++) {
		const char *target = chain->rules[i].target;
		const struct our_chain *to = target ? find_chain(table, target) : NULL;

		if (to && to->is_own)
			return true;
	}
	return false;
}

/* Whether the chains of @table that kube-proxy has, too, are as we write them. It writes all at once. */
static bool table_is_written_by_us(const struct saved_rules *saved, const char *table)
{
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++)
		if (strcmp(ruleset_chains[i].table, table) == 0 && !ruleset_chains[i].is_own &&
		    chain_is_written_by_us(table,
					   saved_rules_chain(saved, table, ruleset_chains[i].name)))
			return true;
	return false;
}

/* Whether kube-proxy has this jump of ours, to the letter. */
static bool is_jump_of(const struct ruleset *kube_proxy, const struct chain_place *place,
		       const struct saved_rule *rule)
{
	for (size_t i = 0; i < COUNT(jumps); i++)
		if (jump_is_at(&jumps[i], place) && jump_is_wanted(&jumps[i], kube_proxy, NULL) &&
		    jump_is(&jumps[i], kube_proxy, rule))
			return true;
	return false;
}

/* Jumps of a built-in chain: where kube-proxy has its own already, those that it has not go. */
static void write_jump_reduction(FILE *stream, const struct ruleset *kube_proxy,
				 const struct chain_place *place, const struct saved_chain *saved,
				 bool is_ours)
{
	const struct saved_rule *rule;
	size_t at = 0;

	if (is_ours) {
		write_jumps(stream, kube_proxy, place, saved);
		return;
	}
	while ((rule = next_jump(place, saved, &at)))
		if (!is_jump_of(kube_proxy, place, rule))
			fprintf(stream, "-D %s %s\n", place->name, rule->text);
}

/* The lines for one table between its name and COMMIT; none if nothing is to be done. */
static void write_reduction(FILE *stream, const struct ruleset *kube_proxy,
			    const struct saved_rules *saved, const char *table)
{
	bool is_ours = table_is_written_by_us(saved, table);

	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		const struct our_chain *chain = &ruleset_chains[i];

		if (strcmp(chain->table, table) == 0 &&
		    (chain->is_own ? !!saved_rules_chain(saved, table, chain->name) : is_ours))
			fprintf(stream, ":%s - [0:0]\n", chain->name);
	}
	for (size_t i = 0; is_ours && i < RULESET_CHAIN_COUNT; i++)
		for (size_t j = 0;
		     strcmp(ruleset_chains[i].table, table) == 0 && j < kube_proxy->chains[i].count;
		     j++)
			fprintf(stream, "-A %s %s\n", ruleset_chains[i].name,
				kube_proxy->chains[i].rules[j].text);
	for (size_t i = 0; i < COUNT(entrances); i++)
		if (strcmp(entrances[i].table, table) == 0)
			write_jump_reduction(stream, kube_proxy, &entrances[i],
					     saved_rules_chain(saved, table, entrances[i].name),
					     is_ours);
	for (size_t i = 0; i < RULESET_CHAIN_COUNT; i++) {
		const struct our_chain *chain = &ruleset_chains[i];

		if (strcmp(chain->table, table) == 0 && chain->is_own &&
		    saved_rules_chain(saved, table, chain->name) &&
		    !is_used_by_others(saved, table, chain->name))
			fprintf(stream, "-X %s\n", chain->name);
	}
}

char *ruleset_reduction(const struct ruleset *kube_proxy, const char *saved_text)
{
	auto_free(saved_rules) struct saved_rules *saved = saved_rules_new(saved_text);
	char *ret = NULL;

	for (size_t i = 0; i < COUNT(tables); i++) {
		auto_memory char *lines = NULL, *before = take(&ret);
		size_t size;
		FILE *stream = text_stream_open(&lines, &size);

		if (!ruleset_is_unreadable(saved_text, tables[i]))
			write_reduction(stream, kube_proxy, saved, tables[i]);
		text_stream_close(stream);
		ret = *lines ? string_printf("%s*%s\n%sCOMMIT\n", before ? before : "", tables[i],
					     lines)
			     : take(&before);
	}
	return ret;
}
