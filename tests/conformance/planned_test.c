/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "comparison.h"
#include "corpus.h"

#include "departures.h"
#include "in_cluster.h"
#include "kernel_text.h"
#include "kube_proxy_rules.h"
#include "node_config.h"
#include "planned_proxy.h"
#include "recorded_node.h"
#include "text_lines.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * Plans every recorded case and compares with what kube-proxy made of it.
 *
 * Each case is planned four times: by one proxy that follows the steps, and by proxies that know
 * of one step each; with the choices that are ours (a scheduler for affinity, virtual servers for
 * clients in the cluster), and with kube-proxy's, where nothing of ipvs.txt may differ.
 */

#define INHERITED_DIFFERENCES                                                                   \
	(DIFFERENCE_STATIC_RULES | DIFFERENCE_IPVS_OUT_FILTER_SET | DIFFERENCE_STRANGERS_STAY | \
	 DIFFERENCE_API_SEMANTICS | DIFFERENCE_PACKET_COST)

static const struct mode {
	const char *name;
	struct own_choices choices;
	unsigned int allowed;
	bool is_incremental;
} modes[] = {
	{"step by step",
	 {"sh", true},
	 INHERITED_DIFFERENCES | DIFFERENCE_AFFINITY_SCHEDULER_SH,
	 true},
	{"afresh", {"sh", true}, INHERITED_DIFFERENCES | DIFFERENCE_AFFINITY_SCHEDULER_SH, false},
	{"step by step, as kube-proxy", {"inherit", false}, INHERITED_DIFFERENCES, true},
	{"afresh, as kube-proxy", {"inherit", false}, INHERITED_DIFFERENCES, false},
};

/* A case, and what the table says of it. */
struct planned_case {
	const struct corpus *corpus;
	const char *name;
	unsigned int used;
	bool is_ok;
};

/* A case on its way through the steps in one mode. */
struct run {
	const struct planned_case *planned_case;
	const struct mode *mode;
	const struct corpus *corpus;
	const struct node_config *config;
	struct comparison *comparison;
	struct fake_kernel *kernel;
	struct planned_proxy *proxy;
	char *strangers;
	unsigned int step;
};

static char *read_file(const struct run *run, const char *file)
{
	return corpus_read(run->corpus, run->planned_case->name, run->step, file);
}

static char *read_expected(const struct run *run, const char *file)
{
	auto_memory char *path = string_printf("expect/%s", file);
	char *text = read_file(run, path);

	if (!text)
		comparison_problem(run->comparison, "%s cannot be read", path);
	return text;
}

/* Who plans a step afresh knows nothing of connections of before. */
static char *without_draining(char *servers)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(servers);
	char *ret = string_dup("");

	for (size_t i = 0; i < lines->count; i++) {
		size_t length = strlen(lines->items[i]);
		char *longer;

		if (length > 5 && strcmp(lines->items[i] + length - 5, " -w 0") == 0)
			continue;
		longer = string_printf("%s%s\n", ret, lines->items[i]);
		free(ret);
		ret = longer;
	}
	free(servers);
	return ret;
}

static void compare_servers(struct run *run)
{
	auto_memory char *expected = read_expected(run, "ipvs.txt");
	auto_memory char *actual = kernel_text_servers(run->kernel);

	if (!run->mode->is_incremental)
		expected = without_draining(take(&expected));
	comparison_servers(run->comparison, expected, actual, run->strangers);
}

static void compare_sets(struct run *run, const char *actual_members)
{
	auto_memory char *expected_members = read_expected(run, "ipset.txt");
	auto_memory char *expected_sets = read_expected(run, "ipset-sets.txt");
	auto_memory char *actual_sets = kernel_text_sets();

	comparison_lines(run->comparison, "ipset", expected_members, actual_members);
	comparison_sets(run->comparison, expected_sets, actual_sets);
}

/* Flags and state of the interface itself are nothing that is planned. */
static void compare_addresses(struct run *run)
{
	auto_memory char *expected = read_expected(run, "addrs.txt");
	auto_memory char *actual = kernel_text_addresses(run->kernel);
	const char *addresses = expected;

	if (expected && text_begins_with(expected, "link "))
		addresses = strchr(expected, '\n');
	comparison_lines(run->comparison, "addrs", addresses, actual);
}

/* What is left when we make way for kube-proxy. */
static void compare_kube_proxy_rules(struct run *run, struct ruleset_options options,
				     const char *expected_nat, const char *expected_filter)
{
	auto_memory char *nat = NULL, *filter = NULL;
	auto_free(ruleset) struct ruleset *ruleset = NULL;

	options.is_kube_proxy = true;
	ruleset = ruleset_new(&options);
	nat = kernel_text_rules(ruleset, "nat");
	filter = kernel_text_rules(ruleset, "filter");
	kube_proxy_rules_compare(run->comparison, expected_nat, nat);
	kube_proxy_rules_compare(run->comparison, expected_filter, filter);
}

static void compare_rules(struct run *run, uint16_t family, const char *members)
{
	bool is_ipv6 = family == AF_INET6;
	auto_memory char *expected_nat =
		read_expected(run, is_ipv6 ? "ip6tables-nat.txt" : "iptables-nat.txt");
	auto_memory char *expected_filter =
		read_expected(run, is_ipv6 ? "ip6tables-filter.txt" : "iptables-filter.txt");
	auto_memory char *nat = NULL, *filter = NULL, *mangle = NULL;
	auto_free(ruleset) struct ruleset *ruleset = NULL;
	struct ruleset_options options;

	node_config_ruleset(run->config, &run->mode->choices, planned_proxy_node(run->proxy),
			    family, &options);
	ruleset = ruleset_new(&options);
	nat = kernel_text_rules(ruleset, "nat");
	filter = kernel_text_rules(ruleset, "filter");
	mangle = kernel_text_rules(ruleset, "mangle");
	comparison_rules(run->comparison,
			 &(struct comparison_rules){
				 .expected_nat = expected_nat,
				 .expected_filter = expected_filter,
				 .nat = nat,
				 .filter = filter,
				 .mangle = mangle,
				 .members = members,
			 },
			 is_ipv6);
	compare_kube_proxy_rules(run, options, expected_nat, expected_filter);
}

/* The HTTP server is not planned, but what it has to say is. */
static void compare_health_check(struct run *run)
{
	auto_memory char *recorded = read_file(run, "expect/healthcheck.txt");
	struct health_check actual = {0};
	char host[ADDRESS_TEXT_SIZE], namespace_name[64], name[64];
	const char *service, *count_text;
	unsigned int local_endpoint_count;
	uint16_t port;

	if (!recorded || text_begins_with(recorded, "no service with a health check node port"))
		return;
	service = strstr(recorded, "\"namespace\"");
	count_text = strstr(recorded, "\"localEndpoints\"");
	if (sscanf(recorded, "GET http://%63[0-9.]:%hu/", host, &port) != 2) {
		comparison_problem(run->comparison, "healthcheck.txt is not understood");
		return;
	}
	if (strstr(recorded, "curl exit 7")) {
		if (planned_proxy_health_check(run->proxy, port, &actual))
			comparison_problem(run->comparison, "port %u is not to be served", port);
		return;
	}
	if (!service || !count_text ||
	    sscanf(service, "\"namespace\": \"%63[^\"]\", \"name\": \"%63[^\"]\"", namespace_name,
		   name) != 2 ||
	    sscanf(count_text, "\"localEndpoints\": %u", &local_endpoint_count) != 1) {
		comparison_problem(run->comparison, "healthcheck.txt is not understood");
		return;
	}
	if (!planned_proxy_health_check(run->proxy, port, &actual))
		comparison_problem(run->comparison, "health check port %u is not served", port);
	else if (strcmp(actual.namespace_name, namespace_name) != 0 ||
		 strcmp(actual.name, name) != 0 ||
		 actual.local_endpoint_count != local_endpoint_count)
		comparison_problem(
			run->comparison,
			"health check port %u: %s/%s has %u local endpoints, not %s/%s %u", port,
			namespace_name, name, local_endpoint_count, actual.namespace_name,
			actual.name, actual.local_endpoint_count);
}

static void compare_step(struct run *run)
{
	auto_memory char *members = kernel_text_members(run->kernel);

	compare_servers(run);
	compare_sets(run, members);
	compare_addresses(run);
	compare_rules(run, AF_INET, members);
	compare_rules(run, AF_INET6, members);
	compare_health_check(run);
}

/* What actions put into the kernel where no address of ours is: not for us to remove. */
static char *find_strangers(const struct fake_kernel *kernel)
{
	auto_free(fake_kernel) struct fake_kernel *others = fake_kernel_copy(kernel);
	struct changes *changes = changes_new();
	char *text;

	for (size_t i = 0; i < others->server_count; i++)
		if (fake_kernel_has_address(others, &others->servers[i].server.key.address))
			changes_add(changes, CHANGE_KIND_SERVER_REMOVE)->server =
				others->servers[i].server;
	fake_kernel_apply(others, changes->items, changes->count);
	text = kernel_text_servers(others);
	changes_free(changes);
	return text;
}

static int prepare_node(struct run *run, struct recorded_addresses **addresses, struct error *err)
{
	auto_memory char *of_case =
		corpus_read(run->planned_case->corpus, run->planned_case->name, 0, "node.txt");
	auto_memory char *of_step = read_file(run, "node.txt");
	auto_memory char *actions_text = read_file(run, "actions.txt");
	struct recorded_actions actions;
	int r = recorded_addresses_parse(of_step ? of_step : of_case, addresses, err);

	if (r < 0)
		return r;
	r = recorded_actions_apply(actions_text, *addresses, run->kernel, &actions, err);
	if (r < 0)
		return r;
	if (run->step == 1) {
		free(run->strangers);
		run->strangers = find_strangers(run->kernel);
	}
	if (actions.is_restart) {
		planned_proxy_free(run->proxy);
		run->proxy = NULL;
	}
	run->kernel->redundant = 0;
	return 0;
}

static int plan_step(struct run *run, struct planned_proxy *proxy,
		     const struct recorded_addresses *addresses, struct error *err)
{
	auto_memory char *text = read_file(run, "objects.json");
	json_error_t json_error;
	json_t *objects = text ? json_loads(text, 0, &json_error) : NULL;
	int r;

	if (!objects)
		return error_set(err, -EINVAL, "objects.json cannot be read");
	r = planned_proxy_update(proxy, objects, addresses, err);
	json_decref(objects);
	return r;
}

/* A proxy that starts on what another one left finds nothing to do. */
static int check_restart(struct run *run, const struct recorded_addresses *addresses,
			 struct error *err)
{
	auto_free(planned_proxy) struct planned_proxy *successor =
		planned_proxy_new(run->kernel, run->config, &run->mode->choices);
	size_t before = run->kernel->applied;
	int r = plan_step(run, successor, addresses, err);

	if (run->kernel->applied != before)
		comparison_problem(run->comparison, "a restart makes %zu changes",
				   run->kernel->applied - before);
	return r;
}

static int run_step(struct run *run, struct error *err)
{
	auto_free(recorded_addresses) struct recorded_addresses *addresses = NULL;
	int r = prepare_node(run, &addresses, err);

	if (r < 0)
		return r;
	if (!run->proxy)
		run->proxy = planned_proxy_new(run->kernel, run->config, &run->mode->choices);
	r = plan_step(run, run->proxy, addresses, err);
	if (r < 0)
		return r;
	compare_step(run);
	if (run->kernel->redundant)
		comparison_problem(run->comparison, "%zu changes changed nothing",
				   run->kernel->redundant);
	if (planned_proxy_verify(run->proxy) != 0)
		comparison_problem(run->comparison, "the ledger does not know what there is");
	return check_restart(run, addresses, err);
}

static void forget(struct run *run)
{
	planned_proxy_free(run->proxy);
	fake_kernel_free(run->kernel);
	run->proxy = NULL;
	run->kernel = fake_kernel_new();
}

static void run_mode(const struct planned_case *planned_case, const struct mode *mode,
		     const struct node_config *config, struct comparison *comparison)
{
	struct corpus corpus = *planned_case->corpus;
	struct run run = {
		.planned_case = planned_case,
		.mode = mode,
		.corpus = &corpus,
		.config = config,
		.comparison = comparison,
	};
	struct error err = {0};
	int r = 0;

	corpus.has_in_cluster = mode->choices.has_in_cluster;
	forget(&run);
	for (run.step = 1;
	     r == 0 && corpus_has_step(planned_case->corpus, planned_case->name, run.step);
	     run.step++) {
		auto_memory char *context = string_printf("step %u, %s", run.step, mode->name);

		comparison_set_context(comparison, context);
		if (!mode->is_incremental)
			forget(&run);
		r = run_step(&run, &err);
	}
	if (r < 0)
		comparison_problem(comparison, "%s", err.text);
	if (run.step == 1)
		comparison_problem(comparison, "no step-1");
	planned_proxy_free(run.proxy);
	fake_kernel_free(run.kernel);
	free(run.strangers);
}

static void plan_case(struct planned_case *planned_case)
{
	auto_memory char *yaml =
		corpus_read(planned_case->corpus, planned_case->name, 0, "config.yaml");
	auto_free(node_config) struct node_config *config = NULL;
	struct error err = {0};
	bool is_ok = true;

	if (!yaml || node_config_parse(yaml, &config, &err) < 0) {
		print_error("config.yaml: %s\n", yaml ? err.text : "cannot be read");
		return;
	}
	for (size_t i = 0; i < COUNT(modes); i++) {
		auto_free(comparison) struct comparison *comparison =
			comparison_new(modes[i].allowed);

		run_mode(planned_case, &modes[i], config, comparison);
		planned_case->used |= comparison_used(comparison);
		if (!*comparison_problems(comparison))
			continue;
		is_ok = false;
		print_error("%s", comparison_problems(comparison));
	}
	planned_case->is_ok = is_ok;
}

/* cmocka leaves a failed test by longjmp(), past everything that would be freed. */
static void test_case(void **state)
{
	struct planned_case *planned_case = *state;

	plan_case(planned_case);
	assert_true(planned_case->is_ok);
}

static void print_table(const struct planned_case *cases, size_t count)
{
	size_t ok = 0;

	printf("\n%-44s %-8s %s\n", "case", "planned", "intended differences used");
	for (size_t i = 0; i < count; i++) {
		auto_memory char *names = difference_names(cases[i].used);
		auto_memory char *reasons = departures_reasons(cases[i].name);
		const char *in_cluster = in_cluster_has(cases[i].name) ? " (in-cluster)" : "";

		printf("%-44s %-8s %s%s%s%s%s\n", cases[i].name, cases[i].is_ok ? "ok" : "FAILED",
		       names, in_cluster, *reasons ? " (" : "", reasons, *reasons ? ")" : "");
		ok += cases[i].is_ok;
	}
	printf("\n%zu of %zu cases planned as recorded\n", ok, count);
}

static int run_cases(const struct corpus *corpus, const char *only)
{
	struct planned_case *cases = memory_array(corpus->count, sizeof(*cases));
	struct CMUnitTest *tests = memory_array(corpus->count, sizeof(*tests));
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < corpus->count; i++) {
		if (only && strcmp(corpus->names[i], only) != 0)
			continue;
		cases[count] = (struct planned_case){.corpus = corpus, .name = corpus->names[i]};
		tests[count] = (struct CMUnitTest){
			.name = corpus->names[i],
			.test_func = test_case,
			.initial_state = &cases[count],
		};
		count++;
	}
	if (!count) {
		fprintf(stderr, "no such case in %s\n", corpus->directory);
		failed = 2;
	} else {
		failed = _cmocka_run_group_tests("planned", tests, count, NULL, NULL);
		print_table(cases, count);
	}
	free(tests);
	free(cases);
	return failed;
}

int main(int argc, char **argv)
{
	auto_free(corpus) struct corpus *corpus = NULL;
	bool has_case = argc == 4 && strcmp(argv[2], "--case") == 0;

	if (argc != 2 && !has_case) {
		fprintf(stderr, "usage: %s DIRECTORY [--case NAME]\n", argv[0]);
		return 2;
	}
	corpus = corpus_new(argv[1]);
	if (!corpus) {
		perror(argv[1]);
		return 2;
	}
	return run_cases(corpus, has_case ? argv[3] : NULL);
}
