/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"
#include "agent/check/check_command.h"
#include "agent/diff/diff_command.h"
#include "agent/explain/explain_command.h"
#include "agent/plan/plan_command.h"
#include "agent/settings/command_line.h"
#include "agent/settings/kube_proxy_config.h"
#include "agent/settings/options.h"
#include "agent/settings/settings_log.h"
#include "agent/status/events_command.h"
#include "agent/status/status_command.h"
#include "agent/top/top_command.h"
#include "cleanup.h"
#include "lib/base/memory.h"
#include "node_setup.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

/* Exit statuses; the commands that have a function of their own add others. */
#define EXIT_USAGE	 2
#define EXIT_ENVIRONMENT 3

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	enum option_scope scope;
	int (*run)(struct options *options);
	const char *examples;
};

static int fail(const char *command, int status, const struct error *err)
{
	fprintf(stderr, "ipvsagent %s: %s\n", command, err->text);
	if (status == EXIT_USAGE)
		fprintf(stderr, "see `ipvsagent %s --help`\n", command);
	return status;
}

static int exit_status(int code)
{
	return code == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

static int cleanup(struct options *options)
{
	struct error err = {0};
	int r;

	settings_log(options, NULL);
	r = options->dry_run ? cleanup_list(options, stdout, &err) : cleanup_run(options, &err);
	return r < 0 ? fail("cleanup", exit_status(r), &err) : 0;
}

static int version(struct options *options)
{
	(void)options;
	printf("ipvsagent %s\n", IPVSAGENT_VERSION);
	return 0;
}

static int run(struct options *options)
{
	struct error err = {0};
	int r;

	if (options->version)
		return version(options);
	if (options->cleanup)
		return cleanup(options);
	settings_log(options, NULL);
	if (options->write_to)
		r = kube_proxy_config_write(options, options->write_to, &err);
	else if (options->init_only)
		r = node_setup_init(options, &err);
	else
		r = agent_run(options, &err);
	return r < 0 ? fail("run", exit_status(r), &err) : 0;
}

static int status(struct options *options)
{
	return status_command(options);
}

static int plan(struct options *options)
{
	settings_log(options, NULL);
	return plan_command(options, stdout);
}

static int explain(struct options *options)
{
	settings_log(options, NULL);
	return explain_command(options, stdout);
}

static int check(struct options *options)
{
	return check_command(options, stdout);
}

static int diff(struct options *options)
{
	settings_log(options, NULL);
	return diff_command(options, stdout);
}

static int events(struct options *options)
{
	return events_command(options, stdout);
}

static int top(struct options *options)
{
	return top_command(options, stdout);
}

static const struct command commands[] = {
	{"run", "", "run the service proxy of this node", OPTION_SCOPE_RUN, run, ""},
	{"plan", "", "print what would be programmed for manifests", OPTION_SCOPE_PLAN, plan,
	 "  ipvsagent plan -f manifests/ --node-name node1\n"
	 "  ipvsagent plan -f web.yaml --config config.conf --part ipvs\n"
	 "  ipvsagent plan -f web.yaml --node-addresses 192.168.77.10,fd77::10 -o json\n"
	 "  ipvsagent plan -f web.yaml --part ipset | ipset restore\n"},
	{"diff", "", "compare what is wanted with what the kernel holds", OPTION_SCOPE_DIFF, diff,
	 "  ipvsagent diff\n"
	 "  ipvsagent diff -o json\n"
	 "  ipvsagent diff -f manifests/ --config config.conf --node-name node1\n"},
	{"explain", "CLIENT [to] ADDRESS:PORT[/PROTO]",
	 "follow a packet, and say which step decides what and why", OPTION_SCOPE_EXPLAIN, explain,
	 "  ipvsagent explain 10.244.1.7 to 10.96.0.10:80\n"
	 "  ipvsagent explain node 10.96.0.53:53/udp\n"
	 "  ipvsagent explain --live 10.244.1.7 10.96.0.10:80\n"
	 "  ipvsagent explain 198.51.100.9 [2001:db8::10]:443 -o json\n"
	 "  ipvsagent explain outside 192.168.77.10:30080 -f web.yaml --node-name node1\n"
	 "\nCLIENT is an address, \"node\" or \"outside\"; PROTO is tcp (default), udp or sctp.\n"
	 "Without -f the running agent is asked; the flags about settings go with -f.\n"},
	{"check", "", "look for what would keep Services from working on this node",
	 OPTION_SCOPE_CHECK, check, ""},
	{"status", "[NAMESPACE/NAME | ADDRESS[:PORT]]",
	 "show what the running agent has programmed", OPTION_SCOPE_STATUS, status, ""},
	{"events", "[NAMESPACE/NAME]", "show what the running agent changed, and why",
	 OPTION_SCOPE_EVENTS, events,
	 "  ipvsagent events -n 20\n"
	 "  ipvsagent events default/web\n"
	 "  ipvsagent events -o json | jq '.events[] | select(.failedCount > 0)'\n"},
	{"top", "", "show which Services have how much traffic", OPTION_SCOPE_TOP, top,
	 "  ipvsagent top\n"
	 "  ipvsagent top --sort bytes\n"
	 "  ipvsagent top --once --interval 10s -o json\n"},
	{"cleanup", "", "remove everything that the agent or kube-proxy in IPVS mode programmed",
	 OPTION_SCOPE_CLEANUP, cleanup,
	 "  ipvsagent cleanup --dry-run\n"
	 "  ipvsagent cleanup\n"
	 "  ipvsagent cleanup --for-kube-proxy\n"},
	{"version", "", "print the version", 0, version, ""},
};

static void print_help(void)
{
	printf("Usage: ipvsagent COMMAND [FLAGS]\n\n"
	       "Service proxy for Kubernetes nodes, compatible with kube-proxy's IPVS mode.\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\nSee `ipvsagent COMMAND --help` for the flags of a command, and ipvsagent(8).\n");
}

static int run_command(const struct command *command, int argc, char **argv)
{
	auto_free(options) struct options *options = options_new();
	struct error err = {0};

	if (command_line_parse(options, command->scope, argc, argv, &err) < 0)
		return fail(command->name, EXIT_USAGE, &err);
	if (options->help) {
		printf("Usage: ipvsagent %s [FLAGS] %s\n\n%s\n\n", command->name,
		       command->arguments, command->help);
		command_line_print_flags(command->scope);
		if (*command->examples)
			printf("\nExamples:\n%s", command->examples);
		return 0;
	}
	if (options->arguments.count && !*command->arguments) {
		error_set(&err, -EINVAL, "unexpected argument \"%s\"", options->arguments.items[0]);
		return fail(command->name, EXIT_USAGE, &err);
	}
	return command->run(options);
}

/*
 * Under the name of kube-proxy the program takes kube-proxy's command line, which has no command.
 */
static bool is_kube_proxy(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "kube-proxy") == 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	json_set_alloc_funcs(memory_unset, free);
	setlocale(LC_CTYPE, "");
	if (argc > 0 && is_kube_proxy(argv[0]))
		return run_command(&commands[0], argc, argv);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(name, "--version") == 0)
		return version(NULL);
	if (*name)
		fprintf(stderr, "ipvsagent: unknown command \"%s\"; see `ipvsagent help`\n", name);
	else
		fprintf(stderr, "ipvsagent: missing command; see `ipvsagent help`\n");
	return EXIT_USAGE;
}
