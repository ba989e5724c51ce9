/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff_command.h"

#include "agent/input/node_state.h"
#include "agent/plan/manifest_intake.h"
#include "agent/plan/plan_result.h"
#include "agent/status/status_client.h"
#include "diff_print.h"
#include "kernel_look.h"
#include "rules_look.h"
#include "wanted.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_SAME      0
#define EXIT_DIFFERENT 1
#define EXIT_TROUBLE   2

/* What changes while both sides are read is no difference: those count that are there twice. */
#define PAUSE_MICROSECONDS 300000

/* One comparison. */
struct diff {
	const struct options *options;
	struct kernel *kernel;
	struct ledger *ledger;
	struct server_listing *listing;
	struct changes *changes;
	struct differences *differences;
	char *node;
	char *source;
};

static void diff_begin(struct diff *diff, const struct options *options)
{
	const struct ledger_options ledger_options = {
		.drain_milliseconds = (uint64_t)(options->drain_timeout * 1000)};

	*diff = (struct diff){.options = options};
	diff->ledger = ledger_new(&ledger_options);
	diff->listing = server_listing_new();
	diff->changes = changes_new();
	diff->differences = differences_new();
}

static void diff_end(struct diff *diff)
{
	differences_free(diff->differences);
	changes_free(diff->changes);
	server_listing_free(diff->listing);
	ledger_free(diff->ledger);
	kernel_close(diff->kernel);
	free(diff->node);
	free(diff->source);
}

static int look_at_kernel(struct diff *diff, const struct mark_range *marks, struct error *err)
{
	auto_free(changes) struct changes *repairs = changes_new();
	int r = kernel_open_to_read(DUMMY_INTERFACE, marks, &diff->kernel, err);

	if (r >= 0)
		r = kernel_look_take(diff->kernel, diff->ledger, diff->listing, repairs, err);
	if (r >= 0)
		differences_add_marks(diff->differences, repairs);
	return r;
}

/* The ledger knows both sides now. */
static void conclude(struct diff *diff)
{
	ledger_settle(diff->ledger, 0, diff->changes);
	ledger_sweep(diff->ledger, 0, diff->changes);
	changes_sort(diff->changes);
	differences_add_changes(diff->differences, diff->changes, diff->listing);
	differences_add_draining(diff->differences, diff->ledger, diff->listing);
}

static int look_at_rules(struct diff *diff, const struct ruleset_options *rules,
			 bool asks_random_fully, struct error *err)
{
	struct rules_look look;
	int r = rules_look_take(rules, asks_random_fully, &look, err);

	if (r < 0)
		return r;
	if (*look.unreadable)
		fprintf(stderr, "ipvsagent diff: %s rules not compared: %s\n",
			rules->family == AF_INET6 ? "IPv6" : "IPv4", look.unreadable);
	differences_add_rules(diff->differences, rules->family, look.restore);
	rules_look_clear(&look);
	return 0;
}

static int compare_with(struct diff *diff, const json_t *answer, const struct wanted *wanted,
			struct error *err)
{
	int r;

	diff->node = string_dup(wanted->node);
	diff->source = string_printf("the agent (source %s)", wanted->source);
	ledger_set_excluded(diff->ledger, wanted->excluded, wanted->excluded_count);
	r = look_at_kernel(diff, &wanted->marks, err);
	if (r >= 0)
		r = wanted_replace(answer, diff->ledger, err);
	if (r < 0)
		return r;
	conclude(diff);
	for (int i = 0; r >= 0 && i < IP_FAMILY_COUNT; i++)
		if (wanted->has_rules[i])
			r = look_at_rules(diff, &wanted->rules[i], false, err);
	if (r >= 0 && !wanted->is_settled)
		fputs("ipvsagent diff: the agent has not programmed every Service yet\n", stderr);
	return r;
}

static int compare_with_agent(struct diff *diff, struct error *err)
{
	struct wanted wanted = {0};
	struct error refusal = {0};
	json_t *answer;
	int r = status_client_ask(diff->options->socket_path, "wanted", "", &answer, &refusal);

	if (r < 0)
		return error_set(err, r, "%s%s", refusal.text,
				 r == -ECONNREFUSED ? "; start it, or give manifests with -f" : "");
	r = wanted_read(answer, &wanted, err);
	if (r >= 0)
		r = compare_with(diff, answer, &wanted, err);
	json_decref(answer);
	wanted_clear(&wanted);
	return r;
}

static int compare_rules(struct diff *diff, const struct node_state *node, struct error *err)
{
	struct ruleset_options rules[IP_FAMILY_COUNT];
	int r = 0;

	node_state_rules(node, rules);
	for (int i = 0; r >= 0 && i < IP_FAMILY_COUNT; i++) {
		rules[i].has_in_cluster = diff->options->in_cluster_marks.mask;
		rules[i].marks = diff->options->in_cluster_marks;
		if (i == IP_FAMILY_IPV6 && access("/proc/net/if_inet6", F_OK) != 0)
			continue;
		r = look_at_rules(diff, &rules[i], true, err);
		/* As the agent does without them. */
		if (i == IP_FAMILY_IPV6 && r == -ENOENT)
			r = 0;
	}
	return r;
}

static int plan(struct diff *diff, struct store *store, struct node_state *node, struct error *err)
{
	const struct options *options = diff->options;
	int r;

	ledger_set_excluded(diff->ledger, options->excluded.items, options->excluded.count);
	r = look_at_kernel(diff, &options->in_cluster_marks, err);
	if (r >= 0 && !options->node_addresses.count)
		r = node_state_read_addresses(node, diff->kernel->link, err);
	if (r < 0)
		return r;
	if (options->node_addresses.count)
		node_state_assume_addresses(node, options->node_addresses.items,
					    options->node_addresses.count);
	plan_result_changes(options, store, node, diff->ledger, diff->changes);
	conclude(diff);
	return compare_rules(diff, node, err);
}

static int compare_with_manifests(struct diff *diff, struct error *err)
{
	struct string_pool *strings = string_pool_new();
	struct store *store = store_new();
	struct node_state *node = node_state_new(diff->options);
	int r = manifest_intake_read(diff->options, strings, store, node, err);

	diff->node = string_dup(node_state_name(node));
	diff->source = string_dup("the manifests");
	if (r >= 0)
		r = plan(diff, store, node, err);
	node_state_free(node);
	store_free(store);
	string_pool_free(strings);
	return r;
}

static int compare(struct diff *diff, struct error *err)
{
	return diff->options->manifests.count ? compare_with_manifests(diff, err)
					      : compare_with_agent(diff, err);
}

static int compare_again(struct diff *diff, struct error *err)
{
	struct diff second;
	int r;

	usleep(PAUSE_MICROSECONDS);
	diff_begin(&second, diff->options);
	r = compare(&second, err);
	if (r >= 0)
		differences_keep(diff->differences, second.differences);
	diff_end(&second);
	return r;
}

static void print(const struct diff *diff, FILE *output)
{
	const struct diff_subject subject = {diff->node, diff->source};
	const char *no_colour = getenv("NO_COLOR");

	if (strcmp(diff->options->output, "json") == 0)
		diff_print_json(diff->differences, &subject, output);
	else
		diff_print_text(diff->differences, &subject,
				isatty(fileno(output)) && !(no_colour && *no_colour), output);
}

int diff_command(const struct options *options, FILE *output)
{
	struct error err = {0};
	struct diff diff;
	int status, r;

	diff_begin(&diff, options);
	r = compare(&diff, &err);
	if (r >= 0 && diff.differences->count)
		r = compare_again(&diff, &err);
	if (r >= 0)
		print(&diff, output);
	if (r >= 0 && (fflush(output) != 0 || ferror(output)))
		r = error_set(&err, -EIO, "writing the output: %s", strerror(errno));
	status = diff.differences->count ? EXIT_DIFFERENT : EXIT_SAME;
	diff_end(&diff);
	if (r >= 0)
		return status;
	fprintf(stderr, "ipvsagent diff: %s\n", err.text);
	return EXIT_TROUBLE;
}
