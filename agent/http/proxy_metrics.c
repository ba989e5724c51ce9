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

static const struct metric_description descriptions[ID_COUNT] = {
	[SYNC_DURATION] = {SYNC "duration_seconds", "[ALPHA] SyncProxyRules latency in seconds",
			   HISTOGRAM(sync_bounds)},
	[LAST_QUEUED] = {SYNC "last_queued_timestamp_seconds",
			 "[ALPHA] The last time a sync of proxy rules was queued", GAUGE},
	[LAST_SYNCED] = {SYNC "last_timestamp_seconds",
			 "[ALPHA] The last time proxy rules were successfully synced", GAUGE},
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
				 HISTOGRAM(programming_bounds)},
	[NO_LOCAL_ENDPOINTS] =
		{SYNC "no_local_endpoints_total",
		 "[ALPHA] Number of services with a Local traffic policy and no endpoints", GAUGE,
		 LABELS("traffic_policy")},
	[RESTORE_FAILURES] = {SYNC "iptables_restore_failures_total",
			      "[ALPHA] Cumulative proxy iptables restore failures", COUNTER},
	[HEALTHZ] = {"kubeproxy_proxy_healthz_total",
		     "[ALPHA] Cumulative proxy healthz HTTP status", COUNTER, LABELS("code")},
	[LIVEZ] = {"kubeproxy_proxy_livez_total", "[ALPHA] Cumulative proxy livez HTTP status",
		   COUNTER, LABELS("code")},
	[BUILD] =
		{"kubernetes_build_info",
		 "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
		 GAUGE,
		 LABELS("build_date,compiler,git_commit,git_tree_state,git_version,go_version,major,minor,platform")},
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

/** struct gap - a Service whose traffic policy asks for local endpoints that do not exist */
struct gap {
	UT_hash_handle hh;
	bool is_internal;
	bool is_external;
	char key[];
};

struct proxy_metrics {
	struct metrics *registry;
	struct service_traffic *traffic;
	struct metric *of[ID_COUNT];
	double started;
	double *triggers; /* of the pending slices, seconds since 1970 */
	size_t trigger_count, trigger_capacity;
	struct gap *gaps;
	size_t internal_gap_count, external_gap_count;
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

static void set_build(struct proxy_metrics *metrics)
{
	static const char *const own[] = {IPVSAGENT_VERSION};
	struct utsname host = {0};
	auto_memory char *platform = NULL;

	uname(&host);
	platform = string_printf("linux/%s", strcmp(host.machine, "x86_64") == 0    ? "amd64"
					     : strcmp(host.machine, "aarch64") == 0 ? "arm64"
										    : host.machine);
	const char *const values[] = {
		"", "", "", "", ("v1.32.0+ipvsagent-" IPVSAGENT_VERSION), "", "1", "32", platform};

	metric_set(metrics->of[BUILD], values, 1);
	metric_set(metrics->of[OWN_BUILD], own, 1);
}

struct proxy_metrics *proxy_metrics_new(double now, size_t service_limit)
{
	struct proxy_metrics *metrics = memory_allocate(sizeof(*metrics));

	metrics->registry = metrics_new();
	metrics->started = now;
	for (int i = 0; i < ID_COUNT; i++)
		metrics->of[i] = metrics_add(metrics->registry, &descriptions[i]);
	metrics->traffic = service_traffic_new(metrics->registry, service_limit);
	set_build(metrics);
	return metrics;
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
			bool is_change, double now)
{
	metric_increase(metrics->of[total], NULL, 1);
	if (!is_change)
		return;
	metric_increase(metrics->of[pending], NULL, 1);
	set(metrics, LAST_QUEUED, now);
}

void proxy_metrics_service_event(struct proxy_metrics *metrics, bool is_change, double now)
{
	count_event(metrics, SERVICE_CHANGES, SERVICE_CHANGES_PENDING, is_change, now);
}

void proxy_metrics_slice_event(struct proxy_metrics *metrics, bool is_change, int64_t trigger_time,
			       double now)
{
	double triggered = (double)trigger_time / 1000;

	count_event(metrics, ENDPOINT_CHANGES, ENDPOINT_CHANGES_PENDING, is_change, now);
	if (!is_change || triggered <= metrics->started)
		return;
	metrics->triggers = memory_grow(metrics->triggers, metrics->trigger_count,
					&metrics->trigger_capacity, sizeof(*metrics->triggers));
	metrics->triggers[metrics->trigger_count++] = triggered;
}

void proxy_metrics_passed(struct proxy_metrics *metrics, double seconds, double now)
{
	metric_observe(metrics->of[SYNC_DURATION], NULL, seconds);
	for (size_t i = 0; i < metrics->trigger_count; i++)
		metric_observe(metrics->of[NETWORK_PROGRAMMING], NULL, now - metrics->triggers[i]);
	metrics->trigger_count = 0;
	set(metrics, ENDPOINT_CHANGES_PENDING, 0);
	set(metrics, SERVICE_CHANGES_PENDING, 0);
	set(metrics, LAST_SYNCED, now);
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

/* Clients of one family are no help to those of the other: one of them is enough. */
static bool has_gap(const struct service_view *view, const char *node_name)
{
	const struct service *service = view->service;

	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (family_has_gap(view, service->cluster_ips[i].family, node_name))
			return true;
	return false;
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
	metrics->internal_gap_count -= gap->is_internal;
	metrics->external_gap_count -= gap->is_external;
	HASH_DEL(metrics->gaps, gap);
	free(gap);
}

void proxy_metrics_planned(struct proxy_metrics *metrics, const struct service_view *view,
			   const char *node_name)
{
	const struct service *service = view->service;
	size_t size = strlen(view->key) + 1;
	bool is_internal, is_external;
	struct gap *gap;

	service_traffic_planned(metrics->traffic, view);
	drop_gap(metrics, view->key);
	if (!service || desired_skip_reason(service) != SKIP_REASON_NONE)
		return;
	is_internal = service->is_internal_local;
	is_external = service->is_external_local && is_reachable_from_outside(service);
	if ((!is_internal && !is_external) || !has_gap(view, node_name))
		return;
	gap = memory_allocate(sizeof(*gap) + size);
	gap->is_internal = is_internal;
	gap->is_external = is_external;
	memcpy(gap->key, view->key, size);
	HASH_ADD_STR(metrics->gaps, key, gap);
	metrics->internal_gap_count += is_internal;
	metrics->external_gap_count += is_external;
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
	set(metrics, RESTORE_FAILURES,
	    rules ? (double)rules_keeper_failed(rules, IP_FAMILY_IPV4) : 0);
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
	collect_held(metrics, status->ledger);
	collect_sets(metrics, status->kernel);
	collect_source(metrics, status);
	collect_watches(metrics, sources->source);
	collect_events(metrics, sources->source);
	collect_settings(metrics, status->health->settings);
	service_traffic_collect(metrics->traffic, status->ledger);
	set_labelled(metrics, NO_LOCAL_ENDPOINTS, "internal", (double)metrics->internal_gap_count);
	set_labelled(metrics, NO_LOCAL_ENDPOINTS, "external", (double)metrics->external_gap_count);
	set(metrics, SETTLED, sync_is_settled(status->sync));
	set(metrics, FIRST_PASS, counters->first_pass_seconds);
	set(metrics, LONGEST_TURN, metrics->longest_turn);
	set(metrics, LOG_DROPPED, (double)log_dropped_count());
	return metrics_text(metrics->registry, format);
}
