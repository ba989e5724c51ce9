/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "../lib/base/address.h"
#include "../lib/base/error.h"
#include "../lib/kernel/ipvs.h"
#include "../lib/plan/desired.h"
#include "../lib/plan/ruleset.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_DEFAULT_SOCKET "/run/ipvsagent/ipvsagent.sock"

/** struct prefix_list - CIDR blocks from a comma-separated flag */
struct prefix_list {
	struct prefix *items;
	size_t count;
};

/**
 * struct options - everything that can be set, filled with defaults by options_new()
 *
 * Names and defaults are kube-proxy's where it has the flag. Times are in seconds.
 * @kubeconfig:         NULL = $KUBECONFIG, or what Kubernetes gives a pod
 * @master:             URL of the API server in place of that of the kubeconfig; may be NULL
 * @node_name:          NULL = the host's name
 * @detection:          how pods of this cluster are recognised; its parameters are
 *                      @cluster_cidrs, the Node's podCIDRs, @pod_bridge_interface or
 *                      @pod_interface_prefix
 * @is_node_cidr:       LOCAL_DETECTION_PREFIX takes the Node's podCIDRs
 * @node_port_primary:  --nodeport-addresses primary
 * @arguments:          what is left after the flags
 */
struct options {
	char **manifests;
	size_t manifest_count;
	char *kubeconfig;
	char *master;
	char *node_name;
	char *socket_path;
	struct prefix_list cluster_cidrs;
	struct prefix_list node_port_prefixes;
	struct prefix_list excluded;
	struct desired_options desired;
	enum local_detection detection;
	char *pod_bridge_interface;
	char *pod_interface_prefix;
	bool is_node_cidr;
	bool node_port_primary;
	bool masquerade_all;
	unsigned int masquerade_bit;
	bool strict_arp;
	struct ipvs_timeouts timeouts;
	double sync_period;
	double min_sync_period;
	double drain_timeout;
	int verbosity;
	char *output; /* of status: "", "wide" or "json" */
	bool watch;
	bool help;
	char **arguments;
	size_t argument_count;
};

/** enum option_scope - which command a flag belongs to; bits */
enum option_scope { OPTION_SCOPE_RUN = 1, OPTION_SCOPE_STATUS = 2, OPTION_SCOPE_CLEANUP = 4 };

struct options *options_new(void);
void options_free(struct options *options);
AUTO_FREE_DEFINE(options);

/**
 * options_parse() - read the flags that follow a command
 * @argv:  argv[0] is the command's name
 * Return: 0 or -EINVAL; the error names the flag and what is wrong with it
 */
int options_parse(struct options *options, enum option_scope scope, int argc, char **argv,
		  struct error *err);

/** options_print_flags() - the flags of a command with their meaning, for --help */
void options_print_flags(enum option_scope scope);

#endif
