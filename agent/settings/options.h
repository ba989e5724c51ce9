/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "lib/base/address.h"
#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/base/port_set.h"
#include "lib/base/string_list.h"
#include "lib/kernel/ipvs.h"
#include "lib/plan/desired.h"
#include "lib/plan/ruleset.h"
#include "lib/source/kube/kube_source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_HEALTHZ_PORT   10256
#define OPTIONS_METRICS_PORT   10249
#define OPTIONS_DEFAULT_SOCKET "/run/ipvsagent/ipvsagent.sock"

/** struct address_list - addresses from a comma-separated flag */
struct address_list {
	struct address *items;
	size_t count;
};

/** struct listen_address - where a server listens; port 0: nowhere */
struct listen_address {
	struct address address;
	uint16_t port;
};

/**
 * struct client_options - the connection to the API server
 * @kubeconfig:            path; NULL = none
 * @master:                URL that takes the place of the kubeconfig's; NULL = none
 * @requests_per_second:   on average
 * @burst:                 requests that may follow each other at once
 * @page_size:             objects per page of a list; 0 = no pages
 * @accept_content_types:  of answers; NULL = @content_type, and JSON where the server lacks that
 */
struct client_options {
	char *kubeconfig;
	char *master;
	char *content_type;
	char *accept_content_types;
	double requests_per_second;
	int burst;
	int page_size;
	bool streaming_lists;
	bool compression;
};

/**
 * struct conntrack_options - limits of the kernel's connection tracking; 0 leaves each as it is
 * @max_per_core:  entries per CPU; 0 disables @min as well
 *
 * Timeouts are in seconds.
 */
struct conntrack_options {
	int max_per_core;
	int min;
	uint32_t tcp_established_timeout;
	uint32_t tcp_close_wait_timeout;
	uint32_t udp_timeout;
	uint32_t udp_stream_timeout;
	bool tcp_be_liberal;
};

/**
 * struct option_note - something about the settings that the operator should know of
 * @names:   of flags or fields, separated by ", "
 * @reason:  what is to be said about them; a literal
 */
struct option_note {
	bool is_warning;
	char *names;
	const char *reason;
};

/**
 * enum kube_proxy_release - whose metrics and answers over HTTP ours are like; only those that
 * differ are told apart
 *   1_36  1.33 and later
 */
enum kube_proxy_release { KUBE_PROXY_RELEASE_1_36, KUBE_PROXY_RELEASE_1_32 };

/**
 * enum option_scope - which command a flag belongs to; bits
 *   CHECK    takes what RUN takes, but for what makes RUN do something else
 *   DIFF     takes what decides what PLAN plans
 *   EXPLAIN  takes what PLAN takes, but for its parts
 */
enum option_scope {
	OPTION_SCOPE_RUN = 1,
	OPTION_SCOPE_STATUS = 2,
	OPTION_SCOPE_CLEANUP = 4,
	OPTION_SCOPE_PLAN = 8,
	OPTION_SCOPE_CHECK = 16,
	OPTION_SCOPE_EXPLAIN = 32,
	OPTION_SCOPE_DIFF = 64,
	OPTION_SCOPE_EVENTS = 128,
	OPTION_SCOPE_TOP = 256,
};

/** enum plan_part - what of a plan is printed, in the order in which it is safe to load */
enum plan_part {
	PLAN_PART_ALL,
	PLAN_PART_IPSET,
	PLAN_PART_IPTABLES,
	PLAN_PART_IP6TABLES,
	PLAN_PART_IPVS,
	PLAN_PART_ADDRESSES,
};
#define PLAN_PART_COUNT (PLAN_PART_ADDRESSES + 1)

/** plan_part_name() - "ipset"; "all" for PLAN_PART_ALL */
const char *plan_part_name(enum plan_part part);

/** enum top_order - by which of its columns `top` sorts */
enum top_order { TOP_ORDER_CONNECTIONS, TOP_ORDER_PACKETS, TOP_ORDER_BYTES, TOP_ORDER_NAME };
#define TOP_ORDER_COUNT (TOP_ORDER_NAME + 1)

/**
 * struct options - everything that can be set, filled with defaults by options_new()
 *
 * Names and defaults are kube-proxy's where it has the flag. Times are in seconds.
 * @configuration_path: file with a KubeProxyConfiguration; NULL = none
 * @agent_config_path:           file with settings that kube-proxy does not have; NULL = none
 * @write_to:           only write the configuration to this file
 * @cleanup:            only remove what is ours, as the command cleanup does
 * @for_kube_proxy:     of that, only what kube-proxy does not have
 * @dry_run:            only list what that would be
 * @init_only:          only make the preparations that need root
 * @node_name:          NULL = the host's name
 * @bind_address:       the node's primary address; family 0 or unspecified = as the Node says
 * @feature_gates:      "NAME=true,NAME=false"; NULL = none
 * @detection:          how pods of this cluster are recognised; its parameters are
 *                      @cluster_cidrs, the Node's podCIDRs, @pod_bridge_interface or
 *                      @pod_interface_prefix
 * @is_node_cidr:       LOCAL_DETECTION_PREFIX takes the Node's podCIDRs
 * @other_nodes:        how an API server is asked for Nodes other than this node's
 * @node_port_keywords: --nodeport-addresses: of enum node_port_keyword
 * @in_cluster_marks:   firewall marks for what clients in the cluster reach with
 *                      externalTrafficPolicy Local; mask 0 = treat them as kube-proxy does
 * @localhost_node_ports: NodePorts answer on loopback addresses, too, if --nodeport-addresses has
 *                      them
 * @healthz_port, @metrics_port: port where the address has none; 0 = do not serve
 * @service_metrics:    Services that get metrics of their own; 0 = none
 * @kube_proxy_compat:  release of metrics and answers
 * @verbosity:          0 warnings, 2 changes of state, 4 every kernel operation
 * @log_format:         of lines of the log
 * @status_page:        the metrics port has a page for browsers
 * @profiling:          the metrics port lets its clients set the log level
 * @part:               of a plan: what to print
 * @node_port:          of status: whose it is; 0 = not asked
 * @event_count:        how many are shown; 0 = all
 * @top_order, @interval, @once: of top: how it sorts, and seconds between two samples; end after
 *                      the first rates
 * @live:               of explain: with what the kernel says did happen
 * @node_addresses:     of a plan: those of the node's interfaces; none = as the Node says
 * @arguments:          what is left after the flags
 * @unused:             flags without effect, as they were given: "NAME=VALUE"
 * @notes:              to be logged
 * @command_line:       what command_line_parse() was given
 */
struct options {
	struct string_list manifests;
	char *node_name;
	char *socket_path;
	char *configuration_path;
	char *agent_config_path;
	char *write_to;
	bool cleanup;
	bool for_kube_proxy;
	bool dry_run;
	bool init_only;
	bool drop_privileges;
	struct client_options client;
	struct address bind_address;
	bool bind_address_hard_fail;
	struct listen_address healthz;
	struct listen_address metrics;
	int healthz_port;
	int metrics_port;
	int service_metrics;
	char *feature_gates;
	struct prefix_list cluster_cidrs;
	struct prefix_list node_port_prefixes;
	struct prefix_list excluded;
	struct desired_options desired;
	enum local_detection detection;
	enum kube_nodes other_nodes;
	char *pod_bridge_interface;
	char *pod_interface_prefix;
	bool is_node_cidr;
	unsigned int node_port_keywords;
	bool masquerade_all;
	bool localhost_node_ports;
	int masquerade_bit;
	struct mark_range in_cluster_marks;
	bool strict_arp;
	struct ipvs_timeouts timeouts;
	double sync_period;
	double min_sync_period;
	double config_sync_period;
	double drain_timeout;
	double former_vip_timeout;
	double interval;
	struct port_range reserved_node_ports;
	bool suspend_estimation;
	bool sloppy_sctp;
	struct conntrack_options conntrack;
	int oom_score_adj;
	int verbosity;
	enum log_format log_format;
	bool profiling;
	bool status_page;
	enum plan_part part;
	char *output; /* of status: "", "wide" or "json"; of others: "", "text" or "json" */
	struct address_list node_addresses;
	int node_port;
	int event_count;
	enum top_order top_order;
	bool once;
	bool live;
	bool watch;
	bool help;
	bool version;
	enum kube_proxy_release kube_proxy_compat;
	struct string_list arguments;
	struct string_list unused;
	struct option_note *notes;
	size_t note_count;
	struct string_list command_line;
	enum option_scope scope;
};

struct options *options_new(void);
/** options_settle_marks() - by default, marks for clients in the cluster leave out the masquerade bit */
void options_settle_marks(struct options *options);

void options_free(struct options *options);
AUTO_FREE_DEFINE(options);

/**
 * options_exchange() - each of the two becomes the other
 *
 * Whoever holds a pointer to options that may change while the program runs sees the new values
 * from then on; what was taken out of them before may be freed with the other.
 */
void options_exchange(struct options *a, struct options *b);

/** options_note() - remember what is to be said of @name; names with the same @reason gather */
void options_note(struct options *options, bool is_warning, const char *name, const char *reason);

#endif
