/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy_metrics.h"

#include "lib/base/log.h"
#include "lib/objects/service_key.h"
#include "lib/plan/ledger_drain.h"
#include "local_gaps.h"
#include "metric_table.h"
#include "process_usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

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
	struct metric_description adapted[METRIC_ID_COUNT];
	struct metric *of[METRIC_ID_COUNT]; /* NULL: the release does not have it */
	double started;
	unsigned int families;
	unsigned int pending_families;
	bool has_passed;
	struct trigger *triggers;
	size_t trigger_count, trigger_capacity;
	struct local_gaps *gaps;
	double longest_turn;
};

static void set(struct proxy_metrics *metrics, enum metric_id id, double number)
{
	metric_set(metrics->of[id], NULL, number);
}

static void set_labelled(struct proxy_metrics *metrics, enum metric_id id, const char *label,
			 double number)
{
	metric_set(metrics->of[id], &label, number);
}

/*
 * A number of each of @families, or of all together where the release does not tell them apart.
 * @act: metric_set(), metric_increase() or metric_observe()
 */
static void act_on_families(struct proxy_metrics *metrics, enum metric_id id, unsigned int families,
			    double number,
			    void (*act)(struct metric *metric, const char *const *values,
					double number))
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

	metric_set(metrics->of[METRIC_ID_BUILD], values, 1);
	metric_set(metrics->of[METRIC_ID_OWN_BUILD], own, 1);
}

struct proxy_metrics *proxy_metrics_new(double now, size_t service_limit,
					enum kube_proxy_release release)
{
	struct proxy_metrics *metrics = memory_allocate(sizeof(*metrics));

	metrics->release = release;
	metrics->registry = metrics_new();
	metrics->started = now;
	metrics->families = IP_FAMILY_ALL;
	metrics->gaps = local_gaps_new();
	metric_table_fill(release, metrics->adapted);
	for (int i = 0; i < METRIC_ID_COUNT; i++)
		if (metrics->adapted[i].name)
			metrics->of[i] = metrics_add(metrics->registry, &metrics->adapted[i]);
	metrics->traffic = service_traffic_new(
		&(struct service_traffic_metrics){metrics->of[METRIC_ID_SERVICE_CONNECTIONS],
						  metrics->of[METRIC_ID_SERVICE_PACKETS],
						  metrics->of[METRIC_ID_SERVICE_BYTES]},
		service_limit);
	set_build(metrics);
	return metrics;
}

void proxy_metrics_set_families(struct proxy_metrics *metrics, unsigned int families)
{
	metrics->families = families;
}

void proxy_metrics_free(struct proxy_metrics *metrics)
{
	if (!metrics)
		return;
	local_gaps_free(metrics->gaps);
	service_traffic_free(metrics->traffic);
	metrics_free(metrics->registry);
	free(metrics->triggers);
	free(metrics);
}

struct service_traffic *proxy_metrics_traffic(struct proxy_metrics *metrics)
{
	return metrics->traffic;
}

static void count_event(struct proxy_metrics *metrics, enum metric_id total, enum metric_id pending,
			unsigned int families, bool is_change, double now)
{
	metric_increase(metrics->of[total], NULL, 1);
	if (!is_change)
		return;
	metric_increase(metrics->of[pending], NULL, 1);
	if (!metrics->has_passed)
		families = IP_FAMILY_ALL;
	metrics->pending_families |= families;
	act_on_families(metrics, METRIC_ID_LAST_QUEUED, families, now, metric_set);
}

void proxy_metrics_service_event(struct proxy_metrics *metrics, unsigned int families,
				 bool is_change, double now)
{
	count_event(metrics, METRIC_ID_SERVICE_CHANGES, METRIC_ID_SERVICE_CHANGES_PENDING, families,
		    is_change, now);
}

void proxy_metrics_slice_event(struct proxy_metrics *metrics, unsigned int families, bool is_change,
			       int64_t trigger_time, double now)
{
	double triggered = (double)trigger_time / 1000;

	count_event(metrics, METRIC_ID_ENDPOINT_CHANGES, METRIC_ID_ENDPOINT_CHANGES_PENDING,
		    families, is_change, now);
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

	act_on_families(metrics, METRIC_ID_SYNC_DURATION, families, seconds, metric_observe);
	for (size_t i = 0; i < metrics->trigger_count; i++)
		act_on_families(metrics, METRIC_ID_NETWORK_PROGRAMMING,
				metrics->triggers[i].families, now - metrics->triggers[i].time,
				metric_observe);
	metrics->trigger_count = 0;
	metrics->pending_families = 0;
	metrics->has_passed = true;
	set(metrics, METRIC_ID_ENDPOINT_CHANGES_PENDING, 0);
	set(metrics, METRIC_ID_SERVICE_CHANGES_PENDING, 0);
	act_on_families(metrics, METRIC_ID_LAST_SYNCED, IP_FAMILY_ALL, now, metric_set);
}

void proxy_metrics_walked(struct proxy_metrics *metrics, const struct conntrack_report *report)
{
	if (!metrics->of[METRIC_ID_CONNTRACK_DURATION])
		return;
	if (report->error->code >= 0)
		act_on_families(metrics, METRIC_ID_CONNTRACK_DURATION, report->families,
				report->seconds, metric_observe);
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		act_on_families(metrics, METRIC_ID_CONNTRACK_DELETED, report->families & 1U << i,
				(double)report->deleted[i], metric_increase);
}

void proxy_metrics_planned(struct proxy_metrics *metrics, const struct service_view *view,
			   const char *node_name)
{
	service_traffic_planned(metrics->traffic, view);
	local_gaps_planned(metrics->gaps, view, node_name);
}

void proxy_metrics_turn(struct proxy_metrics *metrics, double seconds)
{
	metric_observe(metrics->of[METRIC_ID_TURN], NULL, seconds);
	if (seconds > metrics->longest_turn)
		metrics->longest_turn = seconds;
}

void proxy_metrics_probe(struct proxy_metrics *metrics, bool is_liveness, unsigned int status)
{
	char code[16];
	const char *label = code;

	snprintf(code, sizeof(code), "%u", status);
	metric_increase(metrics->of[is_liveness ? METRIC_ID_LIVEZ : METRIC_ID_HEALTHZ], &label, 1);
}

void proxy_metrics_request(struct proxy_metrics *metrics, const char *code, const char *method,
			   const char *host, double seconds)
{
	const char *const values[] = {code, host, method};
	const char *const duration_values[] = {host, method};

	metric_observe(metrics->of[METRIC_ID_REQUEST_DURATION], duration_values, seconds);
	metric_increase(metrics->of[METRIC_ID_REQUESTS], values, 1);
}

static void collect_process(struct proxy_metrics *metrics)
{
	struct process_usage usage;

	process_usage_read(&usage);
	set(metrics, METRIC_ID_CPU, usage.cpu_seconds);
	set(metrics, METRIC_ID_OPEN_DESCRIPTORS, usage.open_descriptors);
	set(metrics, METRIC_ID_DESCRIPTORS_MAX, usage.most_descriptors);
	set(metrics, METRIC_ID_RESIDENT_MEMORY, usage.resident_memory);
	set(metrics, METRIC_ID_VIRTUAL_MEMORY, usage.virtual_memory);
	set(metrics, METRIC_ID_VIRTUAL_MEMORY_MAX, usage.most_virtual_memory);
	set(metrics, METRIC_ID_START_TIME, usage.start_seconds);
}

static void collect_operations(struct proxy_metrics *metrics, const struct sync_counters *counters,
			       const struct rules_keeper *rules)
{
	for (int i = 0; i < FACILITY_COUNT; i++) {
		const char *name = facility_name((enum facility)i);

		set_labelled(metrics, METRIC_ID_APPLIED, name, (double)counters->applied[i]);
		set_labelled(metrics, METRIC_ID_FAILED, name, (double)counters->failed[i]);
		set_labelled(metrics, METRIC_ID_REPAIRED, name, (double)counters->repaired[i]);
	}
	set_labelled(metrics, METRIC_ID_REPAIRED, "rules",
		     rules ? (double)rules_keeper_repaired(rules) : 0);
}

static void collect_rules_failures(struct proxy_metrics *metrics, const struct rules_keeper *rules)
{
	double failed[IP_FAMILY_COUNT] = {0}, all = 0;

	for (int i = 0; rules && i < IP_FAMILY_COUNT; i++) {
		failed[i] = (double)rules_keeper_failed(rules, (enum ip_family)i);
		all += failed[i];
	}
	for (int i = 0; i < IP_FAMILY_COUNT; i++)
		act_on_families(metrics, METRIC_ID_RESTORE_FAILURES, 1U << i,
				metrics->release == KUBE_PROXY_RELEASE_1_32 ? all : failed[i],
				metric_set);
}

/* Clients of one family are no help to those of the other: of all, one of them is enough. */
static void collect_gaps(struct proxy_metrics *metrics)
{
	static const char *const policies[] = {"external", "internal"};

	for (size_t p = 0; p < COUNT(policies); p++) {
		if (metrics->release == KUBE_PROXY_RELEASE_1_32)
			set_labelled(
				metrics, METRIC_ID_NO_LOCAL_ENDPOINTS, policies[p],
				(double)local_gaps_count(metrics->gaps, IP_FAMILY_ALL, p == 1));
		for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++) {
			const char *const values[] = {ip_family_name((enum ip_family)i),
						      policies[p]};

			if (metrics->release != KUBE_PROXY_RELEASE_1_32 &&
			    metrics->families & 1U << i)
				metric_set(
					metrics->of[METRIC_ID_NO_LOCAL_ENDPOINTS], values,
					(double)local_gaps_count(metrics->gaps, 1U << i, p == 1));
		}
	}
}

static void collect_held(struct proxy_metrics *metrics, const struct ledger *ledger)
{
	struct ledger_counts counts;

	ledger_count(ledger, &counts);
	set(metrics, METRIC_ID_VIRTUAL_SERVERS, (double)counts.servers);
	set(metrics, METRIC_ID_DESTINATIONS, (double)counts.destinations);
	set(metrics, METRIC_ID_ADDRESSES, (double)counts.addresses);
	set(metrics, METRIC_ID_DRAINING, (double)ledger_drain_count(ledger));
	set(metrics, METRIC_ID_FAILED_OBJECTS, (double)ledger_failed_count(ledger));
}

static void collect_sets(struct proxy_metrics *metrics, struct kernel *kernel)
{
	struct ipset_usage usages[2 * SET_KIND_COUNT];
	size_t count = kernel ? ipsets_usage(kernel->ipsets, usages) : 0;

	metric_clear(metrics->of[METRIC_ID_SET_MEMBERS]);
	metric_clear(metrics->of[METRIC_ID_SET_CAPACITY]);
	for (size_t i = 0; i < count; i++) {
		const char *name = set_kind_name(usages[i].kind, usages[i].family);

		set_labelled(metrics, METRIC_ID_SET_MEMBERS, name, usages[i].member_count);
		if (usages[i].capacity)
			set_labelled(metrics, METRIC_ID_SET_CAPACITY, name, usages[i].capacity);
	}
}

static void collect_source(struct proxy_metrics *metrics, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;

	set(metrics, METRIC_ID_SERVICES, (double)store_service_count(sources->store));
	set(metrics, METRIC_ID_SLICES, (double)store_endpoint_slice_count(sources->store));
	set(metrics, METRIC_ID_ENDPOINTS, (double)store_endpoint_count(sources->store));
	set(metrics, METRIC_ID_REJECTED_OBJECTS, (double)rejections_count(sources->rejections));
	set(metrics, METRIC_ID_SOURCE_SYNCED, health->is_source_synced);
	set(metrics, METRIC_ID_RULES_IN_PLACE, health->are_rules_in_place);
	set(metrics, METRIC_ID_RULES_READABLE,
	    !health->are_rules_in_place || !*health->rules_error);
	set(metrics, METRIC_ID_IN_CLUSTER, !*health->in_cluster_error);
	set(metrics, METRIC_ID_MARK_CLASH, *health->mark_clash != '\0');
	set(metrics, METRIC_ID_VERIFICATION, health->last_verification_seconds);
	for (int i = 0; i < HEALTH_PART_COUNT; i++)
		set_labelled(metrics, METRIC_ID_KERNEL_LOST, health_part_name((enum health_part)i),
			     *health->lost[i] != '\0');
}

static void count_conflict(void *owner, const char *service, enum conflict_side side, size_t count)
{
	struct proxy_metrics *metrics = owner;
	auto_memory char *namespace_name = service_key_namespace(service);
	const char *const values[] = {conflict_side_name(side), namespace_name,
				      service_key_name(service)};

	metric_increase(metrics->of[METRIC_ID_SERVICE_CONFLICTS], values, (double)count);
}

static void collect_conflicts(struct proxy_metrics *metrics, const struct conflicts *conflicts)
{
	metric_clear(metrics->of[METRIC_ID_SERVICE_CONFLICTS]);
	if (conflicts)
		conflicts_each(conflicts, count_conflict, metrics);
}

static void collect_settings(struct proxy_metrics *metrics, const struct reload_state *state)
{
	const struct reload_state none = {.error = (char[]){""}};

	if (!state)
		state = &none;
	set(metrics, METRIC_ID_SETTINGS_IN_FORCE, !*state->error);
	set(metrics, METRIC_ID_SETTINGS_WAITING, (double)state->waiting.count);
	set_labelled(metrics, METRIC_ID_SETTINGS_READ, "applied", (double)state->applied);
	set_labelled(metrics, METRIC_ID_SETTINGS_READ, "rejected", (double)state->rejected);
}

static void collect_server(struct proxy_metrics *metrics, const struct object_source *source)
{
	struct kube_source_watch watches[KUBE_SOURCE_WATCHES];
	size_t count = source ? object_source_watches(source, watches) : 0;

	set(metrics, METRIC_ID_CERTIFICATE_EXPIRY,
	    source ? (double)object_source_certificate_expiry(source) : 0);
	for (size_t i = 0; i < count; i++) {
		set_labelled(metrics, METRIC_ID_WATCH_CURRENT, watches[i].resource,
			     watches[i].is_current);
		set_labelled(metrics, METRIC_ID_WATCH_INTERRUPTIONS, watches[i].resource,
			     (double)watches[i].interruptions);
	}
}

static void collect_events(struct proxy_metrics *metrics, const struct object_source *source)
{
	const struct kube_events_counts *counts =
		source ? object_source_event_counts(source) : NULL;

	if (!counts)
		return;
	set_labelled(metrics, METRIC_ID_EVENTS, "created", (double)counts->created);
	set_labelled(metrics, METRIC_ID_EVENTS, "updated", (double)counts->updated);
	set_labelled(metrics, METRIC_ID_EVENTS, "repeated", (double)counts->repeated);
	set_labelled(metrics, METRIC_ID_EVENTS, "refused", (double)counts->refused);
	set_labelled(metrics, METRIC_ID_EVENTS, "lost", (double)counts->lost);
	set_labelled(metrics, METRIC_ID_EVENTS, "discarded", (double)counts->discarded);
	set(metrics, METRIC_ID_EVENTS_WAITING, (double)counts->waiting);
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
	collect_conflicts(metrics, status->conflicts);
	collect_server(metrics, sources->source);
	collect_events(metrics, sources->source);
	collect_settings(metrics, status->health->settings);
	service_traffic_collect(metrics->traffic, status->ledger);
	collect_gaps(metrics);
	set(metrics, METRIC_ID_SETTLED, sync_is_settled(status->sync));
	set(metrics, METRIC_ID_FIRST_PASS, counters->first_pass_seconds);
	set(metrics, METRIC_ID_LONGEST_TURN, metrics->longest_turn);
	set(metrics, METRIC_ID_LOG_DROPPED, (double)log_dropped_count());
	set(metrics, METRIC_ID_LOG_HELD_BACK, (double)log_held_back_count());
	return metrics_text(metrics->registry, format);
}
