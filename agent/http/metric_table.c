/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metric_table.h"

#include "lib/base/memory.h"

#include <string.h>

static const double sync_bounds[15] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
				       0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384};

/* 0 too, since kube-proxy has it. */
static const double programming_bounds[81] = {
	0,  0.25, 0.5, 1,   2,	 3,   4,   5,	6,   7,	  8,   9,   10, 11, 12, 13, 14,
	15, 16,	  17,  18,  19,	 20,  21,  22,	23,  24,  25,  26,  27, 28, 29, 30, 31,
	32, 33,	  34,  35,  36,	 37,  38,  39,	40,  41,  42,  43,  44, 45, 46, 47, 48,
	49, 50,	  51,  52,  53,	 54,  55,  56,	57,  58,  59,  60,  65, 70, 75, 80, 85,
	90, 95,	  100, 105, 110, 115, 120, 150, 180, 210, 240, 270, 300};

static const double request_bounds[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

static const double turn_bounds[] = {0.0001, 0.0005, 0.001, 0.002, 0.004, 0.006, 0.008,
				     0.01,   0.02,   0.05,  0.1,   0.5,	  1};

#define COUNTER .type = METRIC_TYPE_COUNTER
#define GAUGE	.type = METRIC_TYPE_GAUGE
#define HISTOGRAM(array) \
	.type = METRIC_TYPE_HISTOGRAM, .bounds = (array), .bound_count = COUNT(array)
#define LABELS(names) .labels = (names)

#define SYNC "kubeproxy_sync_proxy_rules_"

#define BUILD_HELP \
	"A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running."
#define BUILD_LABELS \
	"build_date,compiler,git_commit,git_tree_state,git_version,go_version,major,minor,platform"

static const struct metric_description descriptions[METRIC_ID_COUNT] = {
	[METRIC_ID_SYNC_DURATION] = {SYNC "duration_seconds",
				     "[ALPHA] SyncProxyRules latency in seconds",
				     HISTOGRAM(sync_bounds), LABELS("ip_family")},
	[METRIC_ID_LAST_QUEUED] = {SYNC "last_queued_timestamp_seconds",
				   "[ALPHA] The last time a sync of proxy rules was queued", GAUGE,
				   LABELS("ip_family")},
	[METRIC_ID_LAST_SYNCED] = {SYNC "last_timestamp_seconds",
				   "[ALPHA] The last time proxy rules were successfully synced",
				   GAUGE, LABELS("ip_family")},
	[METRIC_ID_ENDPOINT_CHANGES] = {SYNC "endpoint_changes_total",
					"[ALPHA] Cumulative proxy rules Endpoint changes", COUNTER},
	[METRIC_ID_ENDPOINT_CHANGES_PENDING] = {SYNC "endpoint_changes_pending",
						"[ALPHA] Pending proxy rules Endpoint changes",
						GAUGE},
	[METRIC_ID_SERVICE_CHANGES] = {SYNC "service_changes_total",
				       "[ALPHA] Cumulative proxy rules Service changes", COUNTER},
	[METRIC_ID_SERVICE_CHANGES_PENDING] = {SYNC "service_changes_pending",
					       "[ALPHA] Pending proxy rules Service changes",
					       GAUGE},
	[METRIC_ID_NETWORK_PROGRAMMING] =
		{"kubeproxy_network_programming_duration_seconds",
		 "[ALPHA] In Cluster Network Programming Latency in seconds",
		 HISTOGRAM(programming_bounds), LABELS("ip_family")},
	[METRIC_ID_NO_LOCAL_ENDPOINTS] =
		{SYNC "no_local_endpoints_total",
		 "[ALPHA] Number of services with a Local traffic policy and no endpoints", GAUGE,
		 LABELS("ip_family,traffic_policy")},
	[METRIC_ID_RESTORE_FAILURES] = {SYNC "iptables_restore_failures_total",
					"[ALPHA] Cumulative proxy iptables restore failures",
					COUNTER, LABELS("ip_family")},
	[METRIC_ID_CONNTRACK_DURATION] =
		{"kubeproxy_conntrack_reconciler_sync_duration_seconds",
		 "[ALPHA] ReconcileConntrackFlowsLatency latency in seconds",
		 HISTOGRAM(sync_bounds), LABELS("ip_family")},
	[METRIC_ID_CONNTRACK_DELETED] =
		{"kubeproxy_conntrack_reconciler_deleted_entries_total",
		 "[ALPHA] Cumulative conntrack flows deleted by conntrack reconciler", COUNTER,
		 LABELS("ip_family")},
	[METRIC_ID_HEALTHZ] = {"kubeproxy_proxy_healthz_total",
			       "[ALPHA] Cumulative proxy healthz HTTP status", COUNTER,
			       LABELS("code")},
	[METRIC_ID_LIVEZ] = {"kubeproxy_proxy_livez_total",
			     "[ALPHA] Cumulative proxy livez HTTP status", COUNTER, LABELS("code")},
	[METRIC_ID_BUILD] = {"kubernetes_build_info", "[BETA] " BUILD_HELP, GAUGE,
			     LABELS(BUILD_LABELS)},
	[METRIC_ID_REQUEST_DURATION] =
		{"rest_client_request_duration_seconds",
		 "[ALPHA] Request latency in seconds. Broken down by verb, and host.",
		 HISTOGRAM(request_bounds), LABELS("host,verb")},
	[METRIC_ID_REQUESTS] =
		{"rest_client_requests_total",
		 "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
		 COUNTER, LABELS("code,host,method")},

	[METRIC_ID_CPU] = {"process_cpu_seconds_total",
			   "Total user and system CPU time spent in seconds.", COUNTER},
	[METRIC_ID_OPEN_DESCRIPTORS] = {"process_open_fds", "Number of open file descriptors.",
					GAUGE},
	[METRIC_ID_DESCRIPTORS_MAX] = {"process_max_fds",
				       "Maximum number of open file descriptors.", GAUGE},
	[METRIC_ID_RESIDENT_MEMORY] = {"process_resident_memory_bytes",
				       "Resident memory size in bytes.", GAUGE},
	[METRIC_ID_VIRTUAL_MEMORY] = {"process_virtual_memory_bytes",
				      "Virtual memory size in bytes.", GAUGE},
	[METRIC_ID_VIRTUAL_MEMORY_MAX] = {"process_virtual_memory_max_bytes",
					  "Maximum amount of virtual memory available in bytes.",
					  GAUGE},
	[METRIC_ID_START_TIME] = {"process_start_time_seconds",
				  "Start time of the process since unix epoch in seconds.", GAUGE},

	[METRIC_ID_OWN_BUILD] =
		{"ipvsagent_build_info",
		 "A metric with a constant '1' value labeled by the agent's version.", GAUGE,
		 LABELS("version")},
	[METRIC_ID_APPLIED] = {"ipvsagent_changes_applied_total",
			       "Successful kernel operations, by facility.", COUNTER,
			       LABELS("facility")},
	[METRIC_ID_FAILED] = {"ipvsagent_changes_failed_total",
			      "Failed kernel operations, by facility; each is retried.", COUNTER,
			      LABELS("facility")},
	[METRIC_ID_REPAIRED] = {"ipvsagent_drift_repaired_total",
				"Objects that another program had changed or removed, by kind.",
				COUNTER, LABELS("kind")},
	[METRIC_ID_SERVICES] = {"ipvsagent_services", "Services read from the source.", GAUGE},
	[METRIC_ID_SLICES] = {"ipvsagent_endpoint_slices", "EndpointSlices read from the source.",
			      GAUGE},
	[METRIC_ID_ENDPOINTS] = {"ipvsagent_endpoints",
				 "Endpoints in the EndpointSlices read from the source.", GAUGE},
	[METRIC_ID_VIRTUAL_SERVERS] = {"ipvsagent_virtual_servers",
				       "Virtual servers in the kernel.", GAUGE},
	[METRIC_ID_DESTINATIONS] = {"ipvsagent_destinations",
				    "Destinations in the kernel, including draining ones.", GAUGE},
	[METRIC_ID_ADDRESSES] = {"ipvsagent_addresses", "Addresses on the dummy interface.", GAUGE},
	[METRIC_ID_SET_MEMBERS] = {"ipvsagent_set_members", "Members of each ipset.", GAUGE,
				   LABELS("set")},
	[METRIC_ID_SET_CAPACITY] =
		{"ipvsagent_set_capacity",
		 "Capacity of each ipset in members; a full set is replaced by a larger one. Without bitmaps, which hold every port.",
		 GAUGE, LABELS("set")},
	[METRIC_ID_DRAINING] =
		{"ipvsagent_draining_destinations",
		 "Draining destinations: their endpoint is gone, their connections are not.",
		 GAUGE},
	[METRIC_ID_FAILED_OBJECTS] = {"ipvsagent_failed_objects",
				      "Kernel objects that failed and wait for a retry.", GAUGE},
	[METRIC_ID_REJECTED_OBJECTS] = {"ipvsagent_rejected_objects",
					"Invalid objects and files in the source.", GAUGE},
	[METRIC_ID_SERVICE_CONFLICTS] =
		{"ipvsagent_service_conflicts",
		 "Virtual servers and addresses of a Service that others claim or have: waiting (another Service has it), contested (another Service claims it), unbound (an IP that is a node's or endpoint's address), endpoint (an endpoint's address that is an IP of another Service).",
		 GAUGE, LABELS("conflict,namespace,service")},
	[METRIC_ID_SOURCE_SYNCED] = {"ipvsagent_source_synced",
				     "1 once the source has been read completely, else 0.", GAUGE},
	[METRIC_ID_WATCH_CURRENT] = {"ipvsagent_watch_current",
				     "1 while the watch of this resource works, else 0.", GAUGE,
				     LABELS("resource")},
	[METRIC_ID_WATCH_INTERRUPTIONS] = {"ipvsagent_watch_interruptions_total",
					   "Failures of a working watch of this resource.", COUNTER,
					   LABELS("resource")},
	[METRIC_ID_EVENTS] =
		{"ipvsagent_events_total",
		 "Kubernetes Events, by result: created, updated (count written), repeated (only counted), refused by the server, lost (after several attempts), discarded (beyond the limits).",
		 COUNTER, LABELS("result")},
	[METRIC_ID_EVENTS_WAITING] = {"ipvsagent_events_waiting",
				      "Kubernetes Events waiting to be written.", GAUGE},
	[METRIC_ID_SETTLED] = {"ipvsagent_settled", "1 while no Service is queued, else 0.", GAUGE},
	[METRIC_ID_RULES_IN_PLACE] = {"ipvsagent_rules_in_place",
				      "1 while the iptables rules are in place, else 0.", GAUGE},
	[METRIC_ID_RULES_READABLE] =
		{"ipvsagent_rules_readable",
		 "1 while iptables can show all tables with rules of the agent, else 0.", GAUGE},
	[METRIC_ID_SETTINGS_IN_FORCE] =
		{"ipvsagent_settings_in_force",
		 "1 while the configuration files are valid, 0 while the previous settings stay in force.",
		 GAUGE},
	[METRIC_ID_SETTINGS_WAITING] = {"ipvsagent_settings_waiting_for_restart",
					"Changed settings that take effect after a restart.",
					GAUGE},
	[METRIC_ID_SETTINGS_READ] = {"ipvsagent_settings_read_total",
				     "Configuration reloads, by result.", COUNTER,
				     LABELS("result")},
	[METRIC_ID_IN_CLUSTER] =
		{"ipvsagent_in_cluster_supported",
		 "1 while in-cluster clients reach all endpoints with externalTrafficPolicy Local, else 0.",
		 GAUGE},
	[METRIC_ID_MARK_CLASH] =
		{"ipvsagent_mark_clash",
		 "1 while another program is known to use firewall marks of the agent's range, else 0.",
		 GAUGE},
	[METRIC_ID_KERNEL_LOST] = {"ipvsagent_kernel_lost",
				   "1 while this facility of the kernel cannot be reached, else 0.",
				   GAUGE, LABELS("facility")},
	[METRIC_ID_FIRST_PASS] =
		{"ipvsagent_first_pass_duration_seconds",
		 "Duration of the first pass after the start, from a complete source to a programmed kernel.",
		 GAUGE},
	[METRIC_ID_VERIFICATION] = {"ipvsagent_verification_duration_seconds",
				    "Duration of the last verification of the kernel's state.",
				    GAUGE},
	[METRIC_ID_TURN] = {"ipvsagent_loop_turn_duration_seconds",
			    "Duration of event loop turns (iterations).", HISTOGRAM(turn_bounds)},
	[METRIC_ID_LOG_DROPPED] = {"ipvsagent_log_lines_dropped_total",
				   "Log lines dropped because nobody read standard error.",
				   COUNTER},
	[METRIC_ID_LOG_HELD_BACK] = {"ipvsagent_log_lines_held_back_total",
				     "Log lines held back because there were too many like them.",
				     COUNTER},
	[METRIC_ID_LONGEST_TURN] = {"ipvsagent_loop_longest_turn_seconds",
				    "Duration of the longest event loop turn since the start.",
				    GAUGE},
	[METRIC_ID_CERTIFICATE_EXPIRY] =
		{"ipvsagent_client_certificate_expiration_timestamp_seconds",
		 "When the client certificate for the API server expires; 0 without one.", GAUGE},

	[METRIC_ID_SERVICE_CONNECTIONS] =
		{"ipvsagent_service_connections_total",
		 "Connections to each Service, as of the last verification.", COUNTER,
		 LABELS("namespace,service")},
	[METRIC_ID_SERVICE_PACKETS] =
		{"ipvsagent_service_packets_total",
		 "Packets to (in) and from (out) each Service, as of the last verification.",
		 COUNTER, LABELS("direction,namespace,service")},
	[METRIC_ID_SERVICE_BYTES] =
		{"ipvsagent_service_bytes_total",
		 "Bytes to (in) and from (out) each Service, as of the last verification.", COUNTER,
		 LABELS("direction,namespace,service")},
};

static const struct metric_description checks[CHECK_METRIC_ID_COUNT] = {
	[CHECK_METRIC_ID_LAST_RESULT] =
		{"kubernetes_healthcheck",
		 "[STABLE] This metric records the result of a single healthcheck.", GAUGE,
		 LABELS("name,type")},
	[CHECK_METRIC_ID_RESULTS] = {"kubernetes_healthchecks_total",
				     "[STABLE] This metric records the results of all healthcheck.",
				     COUNTER, LABELS("name,status,type")},
	[CHECK_METRIC_ID_START_TIME] =
		{"process_start_time_seconds",
		 "[ALPHA] Start time of the process since unix epoch in seconds.", GAUGE},
};

/* Before 1.33 there was one number for both families, and the build information was alpha. */
static const struct {
	enum metric_id id;
	const char *labels;
	const char *help; /* NULL = the same */
} differences_of_1_32[] = {
	{METRIC_ID_SYNC_DURATION, NULL, NULL},
	{METRIC_ID_LAST_QUEUED, NULL, NULL},
	{METRIC_ID_LAST_SYNCED, NULL, NULL},
	{METRIC_ID_NETWORK_PROGRAMMING, NULL, NULL},
	{METRIC_ID_NO_LOCAL_ENDPOINTS, "traffic_policy", NULL},
	{METRIC_ID_RESTORE_FAILURES, NULL, NULL},
	{METRIC_ID_BUILD, BUILD_LABELS, "[ALPHA] " BUILD_HELP},
};

void metric_table_fill(enum kube_proxy_release release,
		       struct metric_description ret[METRIC_ID_COUNT])
{
	memcpy(ret, descriptions, sizeof(descriptions));
	if (release != KUBE_PROXY_RELEASE_1_32)
		return;
	for (size_t i = 0; i < COUNT(differences_of_1_32); i++) {
		struct metric_description *description = &ret[differences_of_1_32[i].id];

		description->labels = differences_of_1_32[i].labels;
		if (differences_of_1_32[i].help)
			description->help = differences_of_1_32[i].help;
	}
	ret[METRIC_ID_CONNTRACK_DURATION].name = NULL;
	ret[METRIC_ID_CONNTRACK_DELETED].name = NULL;
}

const struct metric_description *metric_table_check(enum kube_proxy_release release,
						    enum check_metric_id id)
{
	if (release == KUBE_PROXY_RELEASE_1_32 && id == CHECK_METRIC_ID_START_TIME)
		return NULL;
	return &checks[id];
}
