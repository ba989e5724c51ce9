/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include "../lib/base/duration.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/**
 * struct flag - one row per flag
 * @argument:  its name in --help; NULL: a switch, which may be given as --flag=false
 * @set:       takes the value; -EINVAL with the reason if it is none
 */
struct flag {
	const char *name;
	const char *argument;
	int (*set)(struct options *options, const char *value, struct error *err);
	unsigned int scope;
	const char *help;
};

static int set_text(char **field, const char *value)
{
	free(*field);
	*field = memory_text(value);
	return 0;
}

static int set_switch(bool *field, const char *value, struct error *err)
{
	if (!value || strcmp(value, "true") == 0)
		*field = true;
	else if (strcmp(value, "false") == 0)
		*field = false;
	else
		return error_set(err, -EINVAL, "\"%s\" is neither true nor false", value);
	return 0;
}

static int set_duration(double *field, const char *value, struct error *err)
{
	if (!duration_parse(value, field))
		return error_set(err, -EINVAL, "\"%s\" is not a duration such as 30s or 1m10s",
				 value);
	return 0;
}

static int set_timeout(uint32_t *field, const char *value, struct error *err)
{
	double seconds = 0;
	int r = set_duration(&seconds, value, err);

	if (r < 0)
		return r;
	if (seconds > 86400.0 * 24)
		return error_set(err, -EINVAL, "%s is longer than 24 days", value);
	*field = (uint32_t)seconds;
	return 0;
}

static int set_number(unsigned int *field, const char *value, unsigned int most, struct error *err)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || number > most)
		return error_set(err, -EINVAL, "\"%s\" is not a number from 0 to %u", value, most);
	*field = (unsigned int)number;
	return 0;
}

static void add_prefix(struct prefix_list *list, const struct prefix *prefix)
{
	list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = *prefix;
}

static int set_prefixes(struct prefix_list *list, const char *value, struct error *err)
{
	auto_memory char *copy = memory_text(value);
	char *rest = NULL;

	list->count = 0;
	for (char *item = strtok_r(copy, ", ", &rest); item; item = strtok_r(NULL, ", ", &rest)) {
		struct prefix prefix;

		if (!address_parse_prefix(item, &prefix))
			return error_set(err, -EINVAL, "\"%s\" is not a CIDR such as 10.0.0.0/8",
					 item);
		add_prefix(list, &prefix);
	}
	return 0;
}

static int set_scheduler(char field[SCHEDULER_NAME_SIZE], const char *value, struct error *err)
{
	if (!*value || strlen(value) >= SCHEDULER_NAME_SIZE)
		return error_set(err, -EINVAL, "\"%s\" is not the name of an IPVS scheduler",
				 value);
	strcpy(field, value);
	return 0;
}

static int on_manifests(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->manifests = memory_resize(options->manifests, options->manifest_count + 1,
					   sizeof(*options->manifests));
	options->manifests[options->manifest_count++] = memory_text(value);
	return 0;
}

static int on_kubeconfig(struct options *options, const char *value, struct error *err)
{
	(void)err;
	return set_text(&options->kubeconfig, value);
}

static int on_master(struct options *options, const char *value, struct error *err)
{
	(void)err;
	return set_text(&options->master, value);
}

static int on_node_name(struct options *options, const char *value, struct error *err)
{
	if (!*value)
		return error_set(err, -EINVAL, "the name is empty");
	return set_text(&options->node_name, value);
}

static int on_socket(struct options *options, const char *value, struct error *err)
{
	(void)err;
	return set_text(&options->socket_path, value);
}

static int on_cluster_cidr(struct options *options, const char *value, struct error *err)
{
	return set_prefixes(&options->cluster_cidrs, value, err);
}

static int on_exclude_cidrs(struct options *options, const char *value, struct error *err)
{
	return set_prefixes(&options->excluded, value, err);
}

static int on_node_port_addresses(struct options *options, const char *value, struct error *err)
{
	options->node_port_primary = strcmp(value, "primary") == 0;
	if (options->node_port_primary) {
		options->node_port_prefixes.count = 0;
		return 0;
	}
	return set_prefixes(&options->node_port_prefixes, value, err);
}

static int on_scheduler(struct options *options, const char *value, struct error *err)
{
	return set_scheduler(options->desired.scheduler, value, err);
}

static int on_affinity_scheduler(struct options *options, const char *value, struct error *err)
{
	return set_scheduler(options->desired.affinity_scheduler, value, err);
}

static int on_detect_local_mode(struct options *options, const char *value, struct error *err)
{
	static const struct {
		const char *name;
		enum local_detection detection;
		bool is_node_cidr;
	} modes[] = {
		{"ClusterCIDR", LOCAL_DETECTION_PREFIX, false},
		{"NodeCIDR", LOCAL_DETECTION_PREFIX, true},
		{"BridgeInterface", LOCAL_DETECTION_BRIDGE, false},
		{"InterfaceNamePrefix", LOCAL_DETECTION_INTERFACE_PREFIX, false},
	};

	for (size_t i = 0; i < COUNT(modes); i++) {
		if (strcmp(modes[i].name, value) != 0)
			continue;
		options->detection = modes[i].detection;
		options->is_node_cidr = modes[i].is_node_cidr;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "\"%s\" is none of ClusterCIDR, NodeCIDR, BridgeInterface, "
			 "InterfaceNamePrefix",
			 value);
}

static int on_bridge(struct options *options, const char *value, struct error *err)
{
	(void)err;
	return set_text(&options->pod_bridge_interface, value);
}

static int on_interface_prefix(struct options *options, const char *value, struct error *err)
{
	(void)err;
	return set_text(&options->pod_interface_prefix, value);
}

static int on_masquerade_all(struct options *options, const char *value, struct error *err)
{
	return set_switch(&options->masquerade_all, value, err);
}

static int on_masquerade_bit(struct options *options, const char *value, struct error *err)
{
	return set_number(&options->masquerade_bit, value, 31, err);
}

static int on_strict_arp(struct options *options, const char *value, struct error *err)
{
	return set_switch(&options->strict_arp, value, err);
}

static int on_tcp_timeout(struct options *options, const char *value, struct error *err)
{
	return set_timeout(&options->timeouts.tcp, value, err);
}

static int on_tcp_fin_timeout(struct options *options, const char *value, struct error *err)
{
	return set_timeout(&options->timeouts.tcp_fin, value, err);
}

static int on_udp_timeout(struct options *options, const char *value, struct error *err)
{
	return set_timeout(&options->timeouts.udp, value, err);
}

static int on_sync_period(struct options *options, const char *value, struct error *err)
{
	int r = set_duration(&options->sync_period, value, err);

	if (r >= 0 && options->sync_period <= 0)
		return error_set(err, -EINVAL, "the period must be longer than 0");
	return r;
}

static int on_min_sync_period(struct options *options, const char *value, struct error *err)
{
	return set_duration(&options->min_sync_period, value, err);
}

static int on_drain_timeout(struct options *options, const char *value, struct error *err)
{
	return set_duration(&options->drain_timeout, value, err);
}

static int on_verbosity(struct options *options, const char *value, struct error *err)
{
	unsigned int number = 0;
	int r = set_number(&number, value, 10, err);

	if (r >= 0)
		options->verbosity = (int)number;
	return r;
}

static int on_output(struct options *options, const char *value, struct error *err)
{
	if (strcmp(value, "wide") != 0 && strcmp(value, "json") != 0)
		return error_set(err, -EINVAL, "\"%s\" is neither wide nor json", value);
	return set_text(&options->output, value);
}

static int on_watch(struct options *options, const char *value, struct error *err)
{
	return set_switch(&options->watch, value, err);
}

static int on_help(struct options *options, const char *value, struct error *err)
{
	return set_switch(&options->help, value, err);
}

#define ALL_SCOPES (OPTION_SCOPE_RUN | OPTION_SCOPE_STATUS | OPTION_SCOPE_CLEANUP)

static const struct flag flags[] = {
	{"manifests", "PATH", on_manifests, OPTION_SCOPE_RUN,
	 "file or directory of Services, EndpointSlices, Nodes; repeatable"},
	{"kubeconfig", "PATH", on_kubeconfig, OPTION_SCOPE_RUN,
	 "how to reach the API server ($KUBECONFIG, or what a pod is given)"},
	{"master", "URL", on_master, OPTION_SCOPE_RUN, "API server, in place of the kubeconfig's"},
	{"hostname-override", "NAME", on_node_name, OPTION_SCOPE_RUN,
	 "name of this Node (the host name)"},
	{"socket", "PATH", on_socket, OPTION_SCOPE_RUN | OPTION_SCOPE_STATUS,
	 "where the agent answers status (" OPTIONS_DEFAULT_SOCKET ")"},
	{"cluster-cidr", "CIDR,...", on_cluster_cidr, OPTION_SCOPE_RUN,
	 "range of the cluster's pods; other sources are masqueraded"},
	{"detect-local-mode", "MODE", on_detect_local_mode, OPTION_SCOPE_RUN,
	 "ClusterCIDR (default), NodeCIDR, BridgeInterface, InterfaceNamePrefix"},
	{"pod-bridge-interface", "NAME", on_bridge, OPTION_SCOPE_RUN,
	 "for --detect-local-mode BridgeInterface"},
	{"pod-interface-name-prefix", "PREFIX", on_interface_prefix, OPTION_SCOPE_RUN,
	 "for --detect-local-mode InterfaceNamePrefix"},
	{"nodeport-addresses", "CIDR,...", on_node_port_addresses, OPTION_SCOPE_RUN,
	 "where NodePorts answer: ranges, or \"primary\" (all addresses)"},
	{"ipvs-scheduler", "NAME", on_scheduler, OPTION_SCOPE_RUN, "scheduler (rr)"},
	{"affinity-scheduler", "NAME", on_affinity_scheduler, OPTION_SCOPE_RUN,
	 "scheduler with ClientIP affinity (sh); \"inherit\": the same as others"},
	{"ipvs-exclude-cidrs", "CIDR,...", on_exclude_cidrs,
	 OPTION_SCOPE_RUN | OPTION_SCOPE_CLEANUP,
	 "leave virtual servers of others in these ranges alone"},
	{"ipvs-strict-arp", NULL, on_strict_arp, OPTION_SCOPE_RUN,
	 "set arp_ignore=1 and arp_announce=2"},
	{"ipvs-tcp-timeout", "DURATION", on_tcp_timeout, OPTION_SCOPE_RUN,
	 "of idle TCP connections (as it is)"},
	{"ipvs-tcpfin-timeout", "DURATION", on_tcp_fin_timeout, OPTION_SCOPE_RUN,
	 "of TCP connections after FIN (as it is)"},
	{"ipvs-udp-timeout", "DURATION", on_udp_timeout, OPTION_SCOPE_RUN,
	 "of UDP flows (as it is)"},
	{"ipvs-sync-period", "DURATION", on_sync_period, OPTION_SCOPE_RUN,
	 "time between verifications of the kernel's state (30s)"},
	{"ipvs-min-sync-period", "DURATION", on_min_sync_period, OPTION_SCOPE_RUN,
	 "least time between two updates (0s)"},
	{"masquerade-all", NULL, on_masquerade_all, OPTION_SCOPE_RUN,
	 "masquerade everything that is sent to a ClusterIP"},
	{"iptables-masquerade-bit", "BIT", on_masquerade_bit, OPTION_SCOPE_RUN,
	 "packet mark bit for masquerading (14)"},
	{"drain-timeout", "DURATION", on_drain_timeout, OPTION_SCOPE_RUN,
	 "longest time a leaving endpoint keeps its connections (15m)"},
	{"v", "LEVEL", on_verbosity, OPTION_SCOPE_RUN | OPTION_SCOPE_CLEANUP,
	 "verbosity: 0 warnings, 2 changes of state (default), 4 every kernel operation"},
	{"output", "FORMAT", on_output, OPTION_SCOPE_STATUS, "wide or json"},
	{"watch", NULL, on_watch, OPTION_SCOPE_STATUS, "show it again every two seconds"},
	{"help", NULL, on_help, ALL_SCOPES, "show this"},
};

struct options *options_new(void)
{
	struct options *options = memory_allocate(sizeof(*options));

	options->socket_path = memory_text(OPTIONS_DEFAULT_SOCKET);
	strcpy(options->desired.scheduler, "rr");
	strcpy(options->desired.affinity_scheduler, "sh");
	options->detection = LOCAL_DETECTION_PREFIX;
	options->masquerade_bit = 14;
	options->sync_period = 30;
	options->drain_timeout = 15 * 60.0;
	options->verbosity = 2;
	options->output = memory_text("");
	return options;
}

void options_free(struct options *options)
{
	if (!options)
		return;
	for (size_t i = 0; i < options->manifest_count; i++)
		free(options->manifests[i]);
	for (size_t i = 0; i < options->argument_count; i++)
		free(options->arguments[i]);
	free(options->manifests);
	free(options->arguments);
	free(options->kubeconfig);
	free(options->master);
	free(options->node_name);
	free(options->socket_path);
	free(options->cluster_cidrs.items);
	free(options->node_port_prefixes.items);
	free(options->excluded.items);
	free(options->pod_bridge_interface);
	free(options->pod_interface_prefix);
	free(options->output);
	free(options);
}

/* What remains to be checked when all flags are known. */
static int check(const struct options *options, enum option_scope scope, struct error *err)
{
	if (scope != OPTION_SCOPE_RUN)
		return 0;
	if (options->detection == LOCAL_DETECTION_BRIDGE && !options->pod_bridge_interface)
		return error_set(
			err, -EINVAL,
			"--detect-local-mode BridgeInterface needs --pod-bridge-interface");
	if (options->detection == LOCAL_DETECTION_INTERFACE_PREFIX &&
	    !options->pod_interface_prefix)
		return error_set(err, -EINVAL,
				 "--detect-local-mode InterfaceNamePrefix needs "
				 "--pod-interface-name-prefix");
	if (options->min_sync_period > options->sync_period)
		return error_set(err, -EINVAL,
				 "--ipvs-min-sync-period is longer than --ipvs-sync-period");
	return 0;
}

static int set_flag(struct options *options, const struct flag *flag, const char *value,
		    struct error *err)
{
	int r = flag->set(options, value, err);

	return r < 0 ? error_wrap(err, r, "--%s", flag->name) : 0;
}

static const struct flag *find_short(int letter)
{
	const char *name = letter == 'o' ? "output" : letter == 'w' ? "watch" : "help";

	if (letter == 'v')
		name = "v";
	for (size_t i = 0; i < COUNT(flags); i++)
		if (strcmp(flags[i].name, name) == 0)
			return &flags[i];
	return NULL;
}

int options_parse(struct options *options, enum option_scope scope, int argc, char **argv,
		  struct error *err)
{
	struct option table[COUNT(flags) + 1] = {0};
	int letter, row;

	for (size_t i = 0; i < COUNT(flags); i++)
		table[i] = (struct option){
			flags[i].name, flags[i].argument ? required_argument : optional_argument,
			NULL, 0};
	optind = 1;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":v:o:wh", table, &row)) != -1) {
		const struct flag *flag = letter ? find_short(letter) : &flags[row];
		int r;

		if (letter == '?')
			return error_set(err, -EINVAL, "unknown flag %s", argv[optind - 1]);
		if (letter == ':')
			return error_set(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (!(flag->scope & scope))
			return error_set(err, -EINVAL, "%s does not take --%s", argv[0],
					 flag->name);
		r = set_flag(options, flag, optarg, err);
		if (r < 0)
			return r;
	}
	for (; optind < argc; optind++) {
		options->arguments = memory_resize(options->arguments, options->argument_count + 1,
						   sizeof(*options->arguments));
		options->arguments[options->argument_count++] = memory_text(argv[optind]);
	}
	return options->help ? 0 : check(options, scope, err);
}

void options_print_flags(enum option_scope scope)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		char left[64];

		if (!(flags[i].scope & scope))
			continue;
		snprintf(left, sizeof(left), "%s%s %s", flags[i].name[1] ? "--" : "-",
			 flags[i].name, flags[i].argument ? flags[i].argument : "");
		printf("  %-38s %s\n", left, flags[i].help);
	}
}
