/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy_metrics.h"

#include "lib/base/log.h"
#include "lib/plan/ledger_drain.h"
#include "process_usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <uthash.h>

enum id {
	SYNC_DURATION,
	LAST_QUEUED,
	LAST_SYNCED,
	ENDPOINT_CHANGES,
	ENDPOINT_CHANGES_PENDING,
	SERVICE_CHANGES,
	SERVICE_CHANGES_PENDING,
	NETWORK_PROGRAMMING,
	NO_LOCAL_ENDPOINTS,
	RESTORE_FAILURES,
	CONNTRACK_DURATION,
	CONNTRACK_DELETED,
	HEALTHZ,
	LIVEZ,
	BUILD,
	REQUESTS,
	CPU,
	OPEN_DESCRIPTORS,
	DESCRIPTORS_MAX,
	RESIDENT_MEMORY,
	VIRTUAL_MEMORY,
	VIRTUAL_MEMORY_MAX,
	START_TIME,
	OWN_BUILD,
	APPLIED,
	FAILED,
	REPAIRED,
	SERVICES,
	SLICES,
	ENDPOINTS,
	VIRTUAL_SERVERS,
	DESTINATIONS,
	ADDRESSES,
	SET_MEMBERS,
	SET_CAPACITY,
	DRAINING,
	FAILED_OBJECTS,
	REJECTED_OBJECTS,
	SOURCE_SYNCED,
	WATCH_CURRENT,
	WATCH_INTERRUPTIONS,
	EVENTS,
	EVENTS_WAITING,
	SETTLED,
	RULES_IN_PLACE,
	RULES_READABLE,
	SETTINGS_IN_FORCE,
	SETTINGS_WAITING,
	SETTINGS_READ,
	IN_CLUSTER,
	MARK_CLASH,
	KERNEL_LOST,
	FIRST_PASS,
	VERIFICATION,
	TURN,
	LONGEST_TURN,
	LOG_DROPPED,
	ID_COUNT
};

static const double sync_bounds[15] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
				       0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384};

/* 0 too, since kube-proxy has it. */
static const double programming_bounds[81] = {
	0,  0.25, 0.5, 1,   2,	 3,   4,   5,	6,   7,	  8,   9,   10, 11, 12, 13, 14,
	15, 16,	  17,  18,  19,	 20,  21,  22,	23,  24,  25,  26,  27, 28, 29, 30, 31,
	32, 33,	  34,  35,  36,	 37,  38,  39,	40,  41,  42,  43,  44, 45, 46, 47, 48,
	49, 50,	  51,  52,  53,	 54,  55,  56,	57,  58,  59,  60,  65, 70, 75, 80, 85,
	90, 95,	  100, 105, 110, 115, 120, 150, 180, 210, 240, 270, 300};

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

static const struct metric_description descriptions[ID_COUNT] = {
	[SYNC_DURATION] = {SYNC "duration_seconds", "[ALPHA] SyncProxyRules latency in seconds",
			   HISTOGRAM(sync_bounds), LABELS("ip_family")},
	[LAST_QUEUED] = {SYNC "last_queued_timestamp_seconds",
			 "[ALPHA] The last time a sync of proxy rules was queued", GAUGE,
			 LABELS("ip_family")},
	[LAST_SYNCED] = {SYNC "last_timestamp_seconds",
			 "[ALPHA] The last time proxy rules were successfully synced", GAUGE,
			 LABELS("ip_family")},
	[ENDPOINT_CHANGES] = {SYNC "endpoint_changes_total",
			      "[ALPHA] Cumulative proxy rules Endpoint changes", COUNTER},
	[ENDPOINT_CHANGES_PENDING] = {SYNC "endpoint_changes_pending",
				      "[ALPHA] Pending proxy rules Endpoint changes", GAUGE},
	[SERVICE_CHANGES] = {SYNC "service_changes_total",
			     "[ALPHA] Cumulative proxy rules Service changes", COUNTER},
	[SERVICE_CHANGES_PENDING] = {SYNC "service_changes_pending",
				     "[ALPHA] Pending proxy rules Service changes", GAUGE},
	[NETWORK_PROGRAMMING] = {"kubeproxy_network_programming_duration_seconds",
				 "[ALPHA] In Cluster Network Programming Latency in seconds",
				 HISTOGRAM(programming_bounds), LABELS("ip_family")},
	[NO_LOCAL_ENDPOINTS] =
		{SYNC "no_local_endpoints_total",
		 "[ALPHA] Number of services with a Local traffic policy and no endpoints", GAUGE,
		 LABELS("ip_family,traffic_policy")},
	[RESTORE_FAILURES] = {SYNC "iptables_restore_failures_total",
			      "[ALPHA] Cumulative proxy iptables restore failures", COUNTER,
			      LABELS("ip_family")},
	[CONNTRACK_DURATION] = {"kubeproxy_conntrack_reconciler_sync_duration_seconds",
				"[ALPHA] ReconcileConntrackFlowsLatency latency in seconds",
				HISTOGRAM(sync_bounds), LABELS("ip_family")},
	[CONNTRACK_DELETED] = {"kubeproxy_conntrack_reconciler_deleted_entries_total",
			       "[ALPHA] Cumulative conntrack flows deleted by conntrack reconciler",
			       COUNTER, LABELS("ip_family")},
	[HEALTHZ] = {"kubeproxy_proxy_healthz_total",
		     "[ALPHA] Cumulative proxy healthz HTTP status", COUNTER, LABELS("code")},
	[LIVEZ] = {"kubeproxy_proxy_livez_total", "[ALPHA] Cumulative proxy livez HTTP status",
		   COUNTER, LABELS("code")},
	[BUILD] = {"kubernetes_build_info", "[BETA] " BUILD_HELP, GAUGE, LABELS(BUILD_LABELS)},
	[REQUESTS] =
		{"rest_client_requests_total",
		 "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
		 COUNTER, LABELS("code,host,method")},

	[CPU] = {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
		 COUNTER},
	[OPEN_DESCRIPTORS] = {"process_open_fds", "Number of open file descriptors.", GAUGE},
	[DESCRIPTORS_MAX] = {"process_max_fds", "Maximum number of open file descriptors.", GAUGE},
	[RESIDENT_MEMORY] = {"process_resident_memory_bytes", "Resident memory size in bytes.",
			     GAUGE},
	[VIRTUAL_MEMORY] = {"process_virtual_memory_bytes", "Virtual memory size in bytes.", GAUGE},
	[VIRTUAL_MEMORY_MAX] = {"process_virtual_memory_max_bytes",
				"Maximum amount of virtual memory available in bytes.", GAUGE},
	[START_TIME] = {"process_start_time_seconds",
			"Start time of the process since unix epoch in seconds.", GAUGE},

	[OWN_BUILD] = {"ipvsagent_build_info",
		       "A metric with a constant '1' value labeled by the agent's version.", GAUGE,
		       LABELS("version")},
	[APPLIED] = {"ipvsagent_changes_applied_total",
		     "Successful kernel operations, by facility.", COUNTER, LABELS("facility")},
	[FAILED] = {"ipvsagent_changes_failed_total",
		    "Failed kernel operations, by facility; each is retried.", COUNTER,
		    LABELS("facility")},
	[REPAIRED] = {"ipvsagent_drift_repaired_total",
		      "Objects that another program had changed or removed, by kind.", COUNTER,
		      LABELS("kind")},
	[SERVICES] = {"ipvsagent_services", "Services read from the source.", GAUGE},
	[SLICES] = {"ipvsagent_endpoint_slices", "EndpointSlices read from the source.", GAUGE},
	[ENDPOINTS] = {"ipvsagent_endpoints",
		       "Endpoints in the EndpointSlices read from the source.", GAUGE},
	[VIRTUAL_SERVERS] = {"ipvsagent_virtual_servers", "Virtual servers in the kernel.", GAUGE},
	[DESTINATIONS] = {"ipvsagent_destinations",
			  "Destinations in the kernel, including draining ones.", GAUGE},
	[ADDRESSES] = {"ipvsagent_addresses", "Addresses on the dummy interface.", GAUGE},
	[SET_MEMBERS] = {"ipvsagent_set_members", "Members of each ipset.", GAUGE, LABELS("set")},
	[SET_CAPACITY] =
		{"ipvsagent_set_capacity",
		 "Capacity of each ipset in members; a full set is replaced by a larger one. Without bitmaps, which hold every port.",
		 GAUGE, LABELS("set")},
	[DRAINING] = {"ipvsagent_draining_destinations",
		      "Draining destinations: their endpoint is gone, their connections are not.",
		      GAUGE},
	[FAILED_OBJECTS] = {"ipvsagent_failed_objects",
			    "Kernel objects that failed and wait for a retry.", GAUGE},
	[REJECTED_OBJECTS] = {"ipvsagent_rejected_objects",
			      "Invalid objects and files in the source.", GAUGE},
	[SOURCE_SYNCED] = {"ipvsagent_source_synced",
			   "1 once the source has been read completely, else 0.", GAUGE},
	[WATCH_CURRENT] = {"ipvsagent_watch_current",
			   "1 while the watch of this resource works, else 0.", GAUGE,
			   LABELS("resource")},
	[WATCH_INTERRUPTIONS] = {"ipvsagent_watch_interruptions_total",
				 "Failures of a working watch of this resource.", COUNTER,
				 LABELS("resource")},
	[EVENTS] =
		{"ipvsagent_events_total",
		 "Kubernetes Events, by result: created, updated (count written), repeated (only counted), refused by the server, lost (after several attempts), discarded (beyond the limits).",
		 COUNTER, LABELS("result")},
	[EVENTS_WAITING] = {"ipvsagent_events_waiting", "Kubernetes Events waiting to be written.",
			    GAUGE},
	[SETTLED] = {"ipvsagent_settled", "1 while no Service is queued, else 0.", GAUGE},
	[RULES_IN_PLACE] = {"ipvsagent_rules_in_place",
			    "1 while the iptables rules are in place, else 0.", GAUGE},
	[RULES_READABLE] = {"ipvsagent_rules_readable",
			    "1 while iptables can show all tables with rules of the agent, else 0.",
			    GAUGE},
	[SETTINGS_IN_FORCE] =
		{"ipvsagent_settings_in_force",
		 "1 while the configuration files are valid, 0 while the previous settings stay in force.",
		 GAUGE},
	[SETTINGS_WAITING] = {"ipvsagent_settings_waiting_for_restart",
			      "Changed settings that take effect after a restart.", GAUGE},
	[SETTINGS_READ] = {"ipvsagent_settings_read_total", "Configuration reloads, by result.",
			   COUNTER, LABELS("result")},
	[IN_CLUSTER] =
		{"ipvsagent_in_cluster_supported",
		 "1 while in-cluster clients reach all endpoints with externalTrafficPolicy Local, else 0.",
		 GAUGE},
	[MARK_CLASH] =
		{"ipvsagent_mark_clash",
		 "1 while another program is known to use firewall marks of the agent's range, else 0.",
		 GAUGE},
	[KERNEL_LOST] = {"ipvsagent_kernel_lost",
			 "1 while this facility of the kernel cannot be reached, else 0.", GAUGE,
			 LABELS("facility")},
	[FIRST_PASS] =
		{"ipvsagent_first_pass_duration_seconds",
		 "Duration of the first pass after the start, from a complete source to a programmed kernel.",
		 GAUGE},
	[VERIFICATION] = {"ipvsagent_verification_duration_seconds",
			  "Duration of the last verification of the kernel's state.", GAUGE},
	[TURN] = {"ipvsagent_loop_turn_duration_seconds",
		  "Duration of event loop turns (iterations).", HISTOGRAM(turn_bounds)},
	[LOG_DROPPED] = {"ipvsagent_log_lines_dropped_total",
			 "Log lines dropped because nobody read standard error.", COUNTER},
	[LONGEST_TURN] = {"ipvsagent_loop_longest_turn_seconds",
			  "Duration of the longest event loop turn since the start.", GAUGE},
};

/* Before 1.33 there was one number for both families, and the build information was alpha. */
static const struct {
	enum id id;
	const char *labels;
	const char *help; /* NULL = the same */
} differences_of_1_32[] = {
	{SYNC_DURATION, NULL, NULL},
	{LAST_QUEUED, NULL, NULL},
	{LAST_SYNCED, NULL, NULL},
	{NETWORK_PROGRAMMING, NULL, NULL},
	{NO_LOCAL_ENDPOINTS, "traffic_policy", NULL},
	{RESTORE_FAILURES, NULL, NULL},
	{BUILD, BUILD_LABELS, "[ALPHA] " BUILD_HELP},
};

/**
 * struct gap - a Service whose traffic policy asks for local endpoints that do not exist
 * @families:  of which there are endpoints elsewhere only; bits
 */
struct gap {
	UT_hash_handle hh;
	bool is_internal;
	bool is_external;
	unsigned int families;
	char key[];
};

/* A pending EndpointSlice: its family, and when it was changed, in seconds since 1970. */
struct trigger {
	unsigned int families;
	double time;
};

/**
 * struct proxy_metrics
 * @adapted:           descriptions as the release has them
 * @families:          that this host has; bits
 * @pending_families:  of the changes since the last pass; bits
 * @has_passed:        the first pass, which programs both families, is over
 */
struct proxy_metrics {
	enum kube_proxy_release release;
	struct metrics *registry;
	struct service_traffic *traffic;
	struct metric_description adapted[ID_COUNT];
	struct metric *of[ID_COUNT]; /* NULL: the release does not have it */
	double started;
	unsigned int families;
	unsigned int pending_families;
	bool has_passed;
	struct trigger *triggers;
	size_t trigger_count, trigger_capacity;
	struct gap *gaps;
	double longest_turn;
};

static void set(struct proxy_metrics *metrics, enum id id, double number)
{
	metric_set(metrics->of[id], NULL, number);
}

static void set_labelled(struct proxy_metrics *metrics, enum id id, const char *label,
			 double number)
{
	metric_set(metrics->of[id], &label, number);
}

/*
 * A number of each of @families, or of all together where the release does not tell them apart.
 * @act: metric_set(), metric_increase() or metric_observe()
 */
static void
act_on_families(struct proxy_metrics *metrics, enum id id, unsigned int families, double number,
		void (*act)(struct metric *metric, const char *const *values, double number))
{
	if (metrics->release == KUBE_PROXY_RELEASE_1_32) {
		act(metrics->of[id], NULL, number);
		return;
	}
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++) {
		const char *name = ip_family_name((enum ip_family)i);

		if (families & metrics->families & 1U << i)
			act(metrics->of[id], &name, number);
	}
}

static void set_build(struct proxy_metrics *metrics)
{
	static const char *const own[] = {IPVSAGENT_VERSION};
	const char *minor = metrics->release == KUBE_PROXY_RELEASE_1_32 ? "32" : "36";
	auto_memory char *version = string_printf("v1.%s.0+ipvsagent-" IPVSAGENT_VERSION, minor);
	auto_memory char *platform = NULL;
	struct utsname host = {0};

	uname(&host);
	platform = string_printf("linux/%s", strcmp(host.machine, "x86_64") == 0    ? "amd64"
					     : strcmp(host.machine, "aarch64") == 0 ? "arm64"
										    : host.machine);
	const char *const values[] = {"", "", "", "", version, "", "1", minor, platform};

	metric_set(metrics->of[BUILD], values, 1);
	metric_set(metrics->of[OWN_BUILD], own, 1);
}

static void adapt_descriptions(struct proxy_metrics *metrics)
{
	memcpy(metrics->adapted, descriptions, sizeof(metrics->adapted));
	if (metrics->release != KUBE_PROXY_RELEASE_1_32)
		return;
	for (size_t i = 0; i < COUNT(differences_of_1_32); i++) {
		struct metric_description *adapted = &metrics->adapted[differences_of_1_32[i].id];

		adapted->labels = differences_of_1_32[i].labels;
		if (differences_of_1_32[i].help)
			adapted->help = differences_of_1_32[i].help;
	}
	metrics->adapted[CONNTRACK_DURATION].name = NULL;
	metrics->adapted[CONNTRACK_DELETED].name = NULL;
}

struct proxy_metrics *proxy_metrics_new(double now, size_t service_limit,
					enum kube_proxy_release release)
{
	struct proxy_metrics *metrics = memory_allocate(sizeof(*metrics));

	metrics->release = release;
	metrics->registry = metrics_new();
	metrics->started = now;
	metrics->families = IP_FAMILY_ALL;
	adapt_descriptions(metrics);
	for (int i = 0; i < ID_COUNT; i++)
		if (metrics->adapted[i].name)
			metrics->of[i] = metrics_add(metrics->registry, &metrics->adapted[i]);
	metrics->traffic = service_traffic_new(metrics->registry, service_limit);
	set_build(metrics);
	return metrics;
}

void proxy_metrics_set_families(struct proxy_metrics *metrics, unsigned int families)
{
	metrics->families = families;
}

void proxy_metrics_free(struct proxy_metrics *metrics)
{
	struct gap *gap, *next;

	if (!metrics)
		return;
	HASH_ITER (hh, metrics->gaps, gap, next) {
		HASH_DEL(metrics->gaps, gap);
		free(gap);
	}
	service_traffic_free(metrics->traffic);
	metrics_free(metrics->registry);
	free(metrics->triggers);
	free(metrics);
}

struct service_traffic *proxy_metrics_traffic(struct proxy_metrics *metrics)
{
	return metrics->traffic;
}

struct metrics *proxy_metrics_registry(struct proxy_metrics *metrics)
{
	return metrics->registry;
}

static void count_event(struct proxy_metrics *metrics, enum id total, enum id pending,
			unsigned int families, bool is_change, double now)
{
	metric_increase(metrics->of[total], NULL, 1);
	if (!is_change)
		return;
	metric_increase(metrics->of[pending], NULL, 1);
	if (!metrics->has_passed)
		families = IP_FAMILY_ALL;
	metrics->pending_families |= families;
	act_on_families(metrics, LAST_QUEUED, families, now, metric_set);
}

void proxy_metrics_service_event(struct proxy_metrics *metrics, unsigned int families,
				 bool is_change, double now)
{
	count_event(metrics, SERVICE_CHANGES, SERVICE_CHANGES_PENDING, families, is_change, now);
}

void proxy_metrics_slice_event(struct proxy_metrics *metrics, unsigned int families, bool is_change,
			       int64_t trigger_time, double now)
{
	double triggered = (double)trigger_time / 1000;

	count_event(metrics, ENDPOINT_CHANGES, ENDPOINT_CHANGES_PENDING, families, is_change, now);
	if (!is_change || triggered <= metrics->started)
		return;
	metrics->triggers = memory_grow(metrics->triggers, metrics->trigger_count,
					&metrics->trigger_capacity, sizeof(*metrics->triggers));
	metrics->triggers[metrics->trigger_count++] = (struct trigger){families, triggered};
}

void proxy_metrics_passed(struct proxy_metrics *metrics, double seconds, double now)
{
	unsigned int families =
		metrics->pending_families ? metrics->pending_families : IP_FAMILY_ALL;

	act_on_families(metrics, SYNC_DURATION, families, seconds, metric_observe);
	for (size_t i = 0; i < metrics->trigger_count; i++)
		act_on_families(metrics, NETWORK_PROGRAMMING, metrics->triggers[i].families,
				now - metrics->triggers[i].time, metric_observe);
	metrics->trigger_count = 0;
	metrics->pending_families = 0;
	metrics->has_passed = true;
	set(metrics, ENDPOINT_CHANGES_PENDING, 0);
	set(metrics, SERVICE_CHANGES_PENDING, 0);
	act_on_families(metrics, LAST_SYNCED, IP_FAMILY_ALL, now, metric_set);
}

void proxy_metrics_walked(struct proxy_metrics *metrics, const struct conntrack_report *report)
{
	if (!metrics->of[CONNTRACK_DURATION])
		return;
	if (report->error->code >= 0)
		act_on_families(metrics, CONNTRACK_DURATION, report->families, report->seconds,
				metric_observe);
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		act_on_families(metrics, CONNTRACK_DELETED, report->families & 1U << i,
				(double)report->deleted[i], metric_increase);
}

/* Whether endpoints of a family could serve, but none of them is on this node. */
static bool family_has_gap(const struct service_view *view, uint16_t family, const char *node_name)
{
	bool has_any = false;

	for (size_t i = 0; i < view->slice_count; i++) {
		const struct endpoint_slice *slice = view->slices[i];

		for (size_t k = 0; k < slice->endpoint_count && slice->family == family; k++) {
			const struct endpoint *endpoint = &slice->endpoints[k];

			if (!endpoint->is_ready &&
			    !(endpoint->is_serving && endpoint->is_terminating))
				continue;
			has_any = true;
			if (string_equal(endpoint->node_name, node_name))
				return false;
		}
	}
	return has_any;
}

static unsigned int families_with_gap(const struct service_view *view, const char *node_name)
{
	const struct service *service = view->service;
	unsigned int families = 0;

	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (family_has_gap(view, service->cluster_ips[i].family, node_name))
			families |= ip_family_bit(service->cluster_ips[i].family);
	return families;
}

static bool is_reachable_from_outside(const struct service *service)
{
	return service->type == SERVICE_TYPE_NODE_PORT ||
	       service->type == SERVICE_TYPE_LOAD_BALANCER || service->external_ip_count;
}

static void drop_gap(struct proxy_metrics *metrics, const char *key)
{
	struct gap *gap;

	HASH_FIND_STR(metrics->gaps, key, gap);
	if (!gap)
		return;
	HASH_DEL(metrics->gaps, gap);
	free(gap);
}

void proxy_metrics_planned(struct proxy_metrics *metrics, const struct service_view *view,
			   const char *node_name)
{
	const struct service *service = view->service;
	size_t size = strlen(view->key) + 1;
	bool is_internal, is_external;
	unsigned int families;
	struct gap *gap;

	service_traffic_planned(metrics->traffic, view);
	drop_gap(metrics, view->key);
	if (!service || desired_skip_reason(service) != SKIP_REASON_NONE)
		return;
	is_internal = service->is_internal_local;
	is_external = service->is_external_local && is_reachable_from_outside(service);
	families = is_internal || is_external ? families_with_gap(view, node_name) : 0;
	if (!families)
		return;
	gap = memory_allocate(sizeof(*gap) + size);
	gap->is_internal = is_internal;
	gap->is_external = is_external;
	gap->families = families;
	memcpy(gap->key, view->key, size);
	HASH_ADD_STR(metrics->gaps, key, gap);
}

void proxy_metrics_turn(struct proxy_metrics *metrics, double seconds)
{
	metric_observe(metrics->of[TURN], NULL, seconds);
	if (seconds > metrics->longest_turn)
		metrics->longest_turn = seconds;
}

void proxy_metrics_probe(struct proxy_metrics *metrics, bool is_liveness, unsigned int status)
{
	char code[16];
	const char *label = code;

	snprintf(code, sizeof(code), "%u", status);
	metric_increase(metrics->of[is_liveness ? LIVEZ : HEALTHZ], &label, 1);
}

void proxy_metrics_request(struct proxy_metrics *metrics, const char *code, const char *method,
			   const char *host)
{
	const char *const values[] = {code, host, method};

	metric_increase(metrics->of[REQUESTS], values, 1);
}

static void collect_process(struct proxy_metrics *metrics)
{
	struct process_usage usage;

	process_usage_read(&usage);
	set(metrics, CPU, usage.cpu_seconds);
	set(metrics, OPEN_DESCRIPTORS, usage.open_descriptors);
	set(metrics, DESCRIPTORS_MAX, usage.most_descriptors);
	set(metrics, RESIDENT_MEMORY, usage.resident_memory);
	set(metrics, VIRTUAL_MEMORY, usage.virtual_memory);
	set(metrics, VIRTUAL_MEMORY_MAX, usage.most_virtual_memory);
	set(metrics, START_TIME, usage.start_seconds);
}

static void collect_operations(struct proxy_metrics *metrics, const struct sync_counters *counters,
			       const struct rules_keeper *rules)
{
	for (int i = 0; i < FACILITY_COUNT; i++) {
		const char *name = facility_name((enum facility)i);

		set_labelled(metrics, APPLIED, name, (double)counters->applied[i]);
		set_labelled(metrics, FAILED, name, (double)counters->failed[i]);
		set_labelled(metrics, REPAIRED, name, (double)counters->repaired[i]);
	}
	set_labelled(metrics, REPAIRED, "rules", rules ? (double)rules_keeper_repaired(rules) : 0);
}

static void collect_rules_failures(struct proxy_metrics *metrics, const struct rules_keeper *rules)
{
	double failed[IP_FAMILY_COUNT] = {0}, all = 0;

	for (int i = 0; rules && i < IP_FAMILY_COUNT; i++) {
		failed[i] = (double)rules_keeper_failed(rules, (enum ip_family)i);
		all += failed[i];
	}
	for (int i = 0; i < IP_FAMILY_COUNT; i++)
		act_on_families(metrics, RESTORE_FAILURES, 1U << i,
				metrics->release == KUBE_PROXY_RELEASE_1_32 ? all : failed[i],
				metric_set);
}

/* How many Services have a gap in one of @families. */
static size_t gap_count(const struct proxy_metrics *metrics, unsigned int families,
			bool is_internal)
{
	size_t count = 0;

	for (const struct gap *gap = metrics->gaps; gap; gap = gap->hh.next)
		if (gap->families & families && (is_internal ? gap->is_internal : gap->is_external))
			count++;
	return count;
}

/* Clients of one family are no help to those of the other: of all, one of them is enough. */
static void collect_gaps(struct proxy_metrics *metrics)
{
	static const char *const policies[] = {"external", "internal"};

	for (size_t p = 0; p < COUNT(policies); p++) {
		if (metrics->release == KUBE_PROXY_RELEASE_1_32)
			set_labelled(metrics, NO_LOCAL_ENDPOINTS, policies[p],
				     (double)gap_count(metrics, IP_FAMILY_ALL, p == 1));
		for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++) {
			const char *const values[] = {ip_family_name((enum ip_family)i),
						      policies[p]};

			if (metrics->release != KUBE_PROXY_RELEASE_1_32 &&
			    metrics->families & 1U << i)
				metric_set(metrics->of[NO_LOCAL_ENDPOINTS], values,
					   (double)gap_count(metrics, 1U << i, p == 1));
		}
	}
}

static void collect_held(struct proxy_metrics *metrics, const struct ledger *ledger)
{
	struct ledger_counts counts;

	ledger_count(ledger, &counts);
	set(metrics, VIRTUAL_SERVERS, (double)counts.servers);
	set(metrics, DESTINATIONS, (double)counts.destinations);
	set(metrics, ADDRESSES, (double)counts.addresses);
	set(metrics, DRAINING, (double)ledger_drain_count(ledger));
	set(metrics, FAILED_OBJECTS, (double)ledger_failed_count(ledger));
}

static void collect_sets(struct proxy_metrics *metrics, struct kernel *kernel)
{
	struct ipset_usage usages[2 * SET_KIND_COUNT];
	size_t count = kernel ? ipsets_usage(kernel->ipsets, usages) : 0;

	metric_clear(metrics->of[SET_MEMBERS]);
	metric_clear(metrics->of[SET_CAPACITY]);
	for (size_t i = 0; i < count; i++) {
		const char *name = set_kind_name(usages[i].kind, usages[i].family);

		set_labelled(metrics, SET_MEMBERS, name, usages[i].member_count);
		if (usages[i].capacity)
			set_labelled(metrics, SET_CAPACITY, name, usages[i].capacity);
	}
}

static void collect_source(struct proxy_metrics *metrics, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;

	set(metrics, SERVICES, (double)store_service_count(sources->store));
	set(metrics, SLICES, (double)store_endpoint_slice_count(sources->store));
	set(metrics, ENDPOINTS, (double)store_endpoint_count(sources->store));
	set(metrics, REJECTED_OBJECTS, (double)rejections_count(sources->rejections));
	set(metrics, SOURCE_SYNCED, health->is_source_synced);
	set(metrics, RULES_IN_PLACE, health->are_rules_in_place);
	set(metrics, RULES_READABLE, !health->are_rules_in_place || !*health->rules_error);
	set(metrics, IN_CLUSTER, !*health->in_cluster_error);
	set(metrics, MARK_CLASH, *health->mark_clash != '\0');
	set(metrics, VERIFICATION, health->last_verification_seconds);
	for (int i = 0; i < HEALTH_PART_COUNT; i++)
		set_labelled(metrics, KERNEL_LOST, health_part_name((enum health_part)i),
			     *health->lost[i] != '\0');
}

static void collect_settings(struct proxy_metrics *metrics, const struct reload_state *state)
{
	const struct reload_state none = {.error = (char[]){""}};

	if (!state)
		state = &none;
	set(metrics, SETTINGS_IN_FORCE, !*state->error);
	set(metrics, SETTINGS_WAITING, (double)state->waiting.count);
	set_labelled(metrics, SETTINGS_READ, "applied", (double)state->applied);
	set_labelled(metrics, SETTINGS_READ, "rejected", (double)state->rejected);
}

static void collect_watches(struct proxy_metrics *metrics, const struct object_source *source)
{
	struct kube_source_watch watches[KUBE_SOURCE_WATCHES];
	size_t count = source ? object_source_watches(source, watches) : 0;

	for (size_t i = 0; i < count; i++) {
		set_labelled(metrics, WATCH_CURRENT, watches[i].resource, watches[i].is_current);
		set_labelled(metrics, WATCH_INTERRUPTIONS, watches[i].resource,
			     (double)watches[i].interruptions);
	}
}

static void collect_events(struct proxy_metrics *metrics, const struct object_source *source)
{
	const struct kube_events_counts *counts =
		source ? object_source_event_counts(source) : NULL;

	if (!counts)
		return;
	set_labelled(metrics, EVENTS, "created", (double)counts->created);
	set_labelled(metrics, EVENTS, "updated", (double)counts->updated);
	set_labelled(metrics, EVENTS, "repeated", (double)counts->repeated);
	set_labelled(metrics, EVENTS, "refused", (double)counts->refused);
	set_labelled(metrics, EVENTS, "lost", (double)counts->lost);
	set_labelled(metrics, EVENTS, "discarded", (double)counts->discarded);
	set(metrics, EVENTS_WAITING, (double)counts->waiting);
}

char *proxy_metrics_text(struct proxy_metrics *metrics, const struct proxy_metrics_sources *sources,
			 enum metrics_format format)
{
	const struct status_sources *status = sources->status;
	const struct sync_counters *counters = sync_counters(status->sync);

	collect_process(metrics);
	collect_operations(metrics, counters, sources->rules);
	collect_rules_failures(metrics, sources->rules);
	collect_held(metrics, status->ledger);
	collect_sets(metrics, status->kernel);
	collect_source(metrics, status);
	collect_watches(metrics, sources->source);
	collect_events(metrics, sources->source);
	collect_settings(metrics, status->health->settings);
	service_traffic_collect(metrics->traffic, status->ledger);
	collect_gaps(metrics);
	set(metrics, SETTLED, sync_is_settled(status->sync));
	set(metrics, FIRST_PASS, counters->first_pass_seconds);
	set(metrics, LONGEST_TURN, metrics->longest_turn);
	set(metrics, LOG_DROPPED, (double)log_dropped_count());
	return metrics_text(metrics->registry, format);
}
