/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares what the ordinary tools say of a kernel with what kube-proxy made of it at a step of a
 * recorded case.
 */
#include "additions.h"
#include "comparison.h"
#include "corpus.h"
#include "in_cluster.h"
#include "programmed_state.h"
#include "text_lines.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: conformance_compare [--inherit] CASES NAME STEP STATE\n"
	"  --inherit  virtual servers with affinity have kube-proxy's scheduler, not sh\n"
	"  STATE      directory with the output of tools in files; a missing one is empty:\n"
	"             ipvs        ipvsadm-save -n\n"
	"             ipset       ipset save\n"
	"             iptables, ip6tables   iptables-save, ip6tables-save\n"
	"             addresses   ip address show dev kube-ipvs0\n"
	"             sysctl      NAME = VALUE, for cases that recorded it\n"
	"             timeouts    ipvsadm -L --timeout, likewise\n"
	"             healthcheck the answer as in healthcheck.txt, likewise\n"
	"             before-ipvs, before-addresses   the first and the fifth of before the start\n"
	"Prints the intended differences that were made use of. Exit status: 0, 1 if there are "
	"others,\n"
	"which are named on standard error, 2 if something cannot be read.\n";

struct state {
	const struct corpus *corpus;
	const char *name;
	unsigned int step;
	const struct corpus *directory; /* with the state's name as that of a case */
	const char *state_name;
	struct comparison *comparison;
};

static char *read_expected(const struct state *state, const char *file)
{
	auto_memory char *path = string_printf("expect/%s", file);
	char *text = corpus_read(state->corpus, state->name, state->step, path);

	if (!text)
		comparison_problem(state->comparison, "%s cannot be read", path);
	return text;
}

static char *read_recorded(const struct state *state, const char *file)
{
	auto_memory char *path = string_printf("expect/%s", file);

	return corpus_read(state->corpus, state->name, state->step, path);
}

static char *read_state(const struct state *state, const char *file)
{
	return corpus_read(state->directory, state->state_name, 0, file);
}

static void compare_servers(const struct state *state, const char *members)
{
	auto_memory char *expected = read_expected(state, "ipvs.txt");
	auto_memory char *saved = read_state(state, "ipvs");
	auto_memory char *actual = in_cluster_name(saved, members);
	auto_memory char *before = read_state(state, "before-ipvs");
	auto_memory char *before_addresses = read_state(state, "before-addresses");
	auto_memory char *strangers = programmed_state_strangers(before, before_addresses);

	comparison_servers(state->comparison, expected, actual, strangers);
}

static void compare_sets(const struct state *state, const char *members)
{
	auto_memory char *expected_members = read_expected(state, "ipset.txt");
	auto_memory char *expected_sets = read_expected(state, "ipset-sets.txt");
	auto_memory char *saved = read_state(state, "ipset");
	auto_memory char *sets = programmed_state_sets(saved);

	comparison_lines(state->comparison, "ipset", expected_members, members);
	comparison_sets(state->comparison, expected_sets, sets);
}

/* mtu, qdisc and state of the interface follow from its flags. */
static void compare_addresses(const struct state *state)
{
	auto_memory char *expected = read_expected(state, "addrs.txt");
	auto_memory char *shown = read_state(state, "addresses");
	auto_memory char *read = programmed_state_addresses(shown);
	auto_free(text_lines) struct text_lines *bound = text_lines_new(read);
	auto_free(text_lines) struct text_lines *lines = text_lines_new(expected);
	auto_memory char *actual = NULL;
	auto_memory char *cut = string_dup("");

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		int length = (int)strlen(line);
		char *longer;

		if (text_begins_with(line, "link <"))
			length = (int)strcspn(line, ">") + 1;
		longer = string_printf("%s%.*s\n", cut, length, line);
		free(cut);
		cut = longer;
	}
	additions_take_deprecation(state->comparison, bound);
	actual = text_lines_text(bound);
	comparison_lines(state->comparison, "addrs", cut, actual);
}

static void compare_rules(const struct state *state, bool is_ipv6, const char *members)
{
	const char *family = is_ipv6 ? "ip6tables" : "iptables";
	auto_memory char *nat_name = string_printf("%s-nat.txt", family);
	auto_memory char *filter_name = string_printf("%s-filter.txt", family);
	auto_memory char *expected_nat = read_expected(state, nat_name);
	auto_memory char *expected_filter = read_expected(state, filter_name);
	auto_memory char *saved = read_state(state, family);
	auto_memory char *nat = programmed_state_rules(saved, "nat");
	auto_memory char *filter = programmed_state_rules(saved, "filter");
	auto_memory char *mangle = programmed_state_rules(saved, "mangle");

	comparison_rules(state->comparison,
			 &(struct comparison_rules){
				 .expected_nat = expected_nat,
				 .expected_filter = expected_filter,
				 .nat = nat,
				 .filter = filter,
				 .mangle = mangle,
				 .members = members,
			 },
			 is_ipv6);
}

static void compare_if_recorded(const struct state *state, const char *file, const char *state_file)
{
	auto_memory char *recorded = read_recorded(state, file);
	auto_memory char *actual = read_state(state, state_file);

	if (recorded)
		comparison_lines(state->comparison, state_file, recorded, actual);
}

/* Everything up to the empty line; the order of header lines has no meaning. */
static char *head_of(const char *answer)
{
	const char *end = answer ? strstr(answer, "\n\n") : NULL;

	return end ? string_printf("%.*s\n", (int)(end - answer), answer) : string_dup(answer);
}

static void compare_health_check(const struct state *state)
{
	auto_memory char *recorded = read_recorded(state, "healthcheck.txt");
	auto_memory char *actual = read_state(state, "healthcheck");
	auto_memory char *recorded_head = head_of(recorded);
	auto_memory char *actual_head = head_of(actual);
	const char *recorded_body = recorded ? strstr(recorded, "\n\n") : NULL;
	const char *actual_body = actual ? strstr(actual, "\n\n") : NULL;

	if (!recorded)
		return;
	comparison_lines(state->comparison, "healthcheck", recorded_head, actual_head);
	if (!string_equal(recorded_body, actual_body))
		comparison_problem(state->comparison, "healthcheck: the body is%s",
				   actual_body ? actual_body : " missing");
}

static void compare_all(const struct state *state)
{
	auto_memory char *saved = read_state(state, "ipset");
	auto_memory char *members = programmed_state_members(saved);

	compare_servers(state, members);
	compare_sets(state, members);
	compare_addresses(state);
	compare_rules(state, false, members);
	compare_rules(state, true, members);
	compare_if_recorded(state, "sysctl.txt", "sysctl");
	compare_if_recorded(state, "timeouts.txt", "timeouts");
	compare_health_check(state);
}

static int report(struct comparison *comparison)
{
	auto_memory char *names = difference_names(comparison_used(comparison));

	puts(names);
	fputs(comparison_problems(comparison), stderr);
	return *comparison_problems(comparison) ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool is_inherited = argc > 1 && strcmp(argv[1], "--inherit") == 0;
	char **arguments = argv + 1 + is_inherited;
	unsigned int allowed = (1U << DIFFERENCE_COUNT) - 1;
	auto_free(corpus) struct corpus *corpus = NULL;
	auto_free(comparison) struct comparison *comparison = NULL;
	struct corpus directory;
	struct state state = {0};
	auto_memory char *context = NULL;

	if (argc - is_inherited != 5 || sscanf(arguments[2], "%u", &state.step) != 1) {
		fputs(usage, stderr);
		return 2;
	}
	if (is_inherited)
		allowed &= ~(unsigned int)DIFFERENCE_AFFINITY_SCHEDULER_SH;
	corpus = corpus_new(arguments[0]);
	if (!corpus || !corpus_has_step(corpus, arguments[1], state.step)) {
		fprintf(stderr, "%s has no step %u of %s\n", arguments[0], state.step,
			arguments[1]);
		return 2;
	}
	comparison = comparison_new(allowed);
	context = string_printf("step %u", state.step);
	comparison_set_context(comparison, context);
	directory = (struct corpus){.directory = arguments[3]};
	state.corpus = corpus;
	state.name = arguments[1];
	state.directory = &directory;
	state.state_name = ".";
	state.comparison = comparison;
	compare_all(&state);
	return report(comparison);
}
