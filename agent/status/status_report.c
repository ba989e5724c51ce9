/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_report.h"

#include "lib/base/clock.h"
#include "lib/kernel/sysctl.h"
#include "lib/objects/scheduler.h"
#include "lib/plan/ledger_drain.h"
#include "lib/source/json_text.h"
#include "report_json.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void add_rejection(void *owner, const struct rejection *rejection)
{
	auto_memory char *reason = report_complaint(rejection);
	json_t *item = json_object();

	json_object_set_new(item, "kind", json_text(rejection->kind));
	json_object_set_new(item, "namespace", json_text(rejection->namespace_name));
	json_object_set_new(item, "name", json_text(rejection->name));
	json_object_set_new(item, "reason", json_text(reason));
	json_array_append_new(owner, item);
}

static json_t *rejections_json(const struct rejections *rejections)
{
	json_t *list = json_array();

	rejections_each(rejections, add_rejection, list);
	return list;
}

static json_t *operations_json(const struct sync_counters *counters)
{
	json_t *all = json_object();

	for (int i = 0; i < FACILITY_COUNT; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "applied", report_number(counters->applied[i]));
		json_object_set_new(one, "failed", report_number(counters->failed[i]));
		json_object_set_new(one, "repaired", report_number(counters->repaired[i]));
		json_object_set_new(all, facility_name((enum facility)i), one);
	}
	return all;
}

static json_t *held_json(const struct ledger *ledger)
{
	json_t *held = json_object();
	struct ledger_counts counts;

	ledger_count(ledger, &counts);
	json_object_set_new(held, "virtualServers", report_number(counts.servers));
	json_object_set_new(held, "destinations", report_number(counts.destinations));
	json_object_set_new(held, "setMembers", report_number(counts.members));
	json_object_set_new(held, "addresses", report_number(counts.addresses));
	return held;
}

static json_t *sets_json(struct kernel *kernel)
{
	struct ipset_usage usages[2 * SET_KIND_COUNT];
	size_t count = kernel ? ipsets_usage(kernel->ipsets, usages) : 0;
	json_t *sets = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *set = json_object();

		json_object_set_new(set, "name",
				    json_text(set_kind_name(usages[i].kind, usages[i].family)));
		json_object_set_new(set, "members", report_number(usages[i].member_count));
		json_object_set_new(set, "capacity", report_number(usages[i].capacity));
		json_array_append_new(sets, set);
	}
	return sets;
}

/* What of the kernel cannot be reached, and why; empty if nothing. */
static json_t *lost_json(const struct agent_health *health)
{
	json_t *lost = json_object();

	for (int i = 0; i < HEALTH_PART_COUNT; i++)
		if (*health->lost[i])
			json_object_set_new(lost, health_part_name((enum health_part)i),
					    json_text(health->lost[i]));
	return lost;
}

static const char *rules_variant(const struct rules_keeper *rules)
{
	if (!rules)
		return "";
	return rules_keeper_is_legacy(rules) ? "legacy" : "nft";
}

/* The rules of IPv4, which every node has, are as those of IPv6 in that. */
static bool lacks_random_ports(const struct rules_keeper *rules)
{
	struct ruleset_options options;

	return rules && rules_keeper_options(rules, IP_FAMILY_IPV4, &options) &&
	       !options.has_random_fully;
}

/* What the agent would use, and this host does not have. */
static void add_missing_sysctl(json_t *missing, bool is_wanted, const char *name)
{
	int value;

	if (is_wanted && sysctl_get(name, &value, NULL) == -ENOENT)
		json_array_append_new(missing, json_sprintf("sysctl %s", name));
}

static json_t *missing_json(const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;
	uint32_t schedulers = sync_desired_options(sources->sync)->missing_schedulers;
	json_t *missing = json_array();

	if (*health->in_cluster_error)
		json_array_append_new(missing, json_string("marks for in-cluster clients"));
	if (*health->ipv6_off)
		json_array_append_new(missing, json_string("IPv6"));
	if (lacks_random_ports(sources->rules))
		json_array_append_new(missing, json_string("MASQUERADE --random-fully"));
	for (uint8_t i = 1; i < 32; i++)
		if (schedulers >> i & 1)
			json_array_append_new(missing,
					      json_sprintf("scheduler %s", scheduler_name(i)));
	if (sources->options) {
		add_missing_sysctl(missing, sources->options->suspend_estimation,
				   "net/ipv4/vs/run_estimation");
		add_missing_sysctl(missing, sources->options->sloppy_sctp,
				   "net/ipv4/vs/sloppy_sctp");
	}
	return missing;
}

static void add_source(json_t *report, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;
	json_t *source = json_object(), *rules = json_object(), *in_cluster = json_object();

	json_object_set_new(source, "description", json_text(health->source_description));
	json_object_set_new(source, "synced", json_boolean(health->is_source_synced));
	json_object_set_new(source, "services", report_number(store_service_count(sources->store)));
	json_object_set_new(source, "endpointSlices",
			    report_number(store_endpoint_slice_count(sources->store)));
	json_object_set_new(source, "endpoints",
			    report_number(store_endpoint_count(sources->store)));
	json_object_set_new(source, "lastChange",
			    health->last_object_change > 0 ? report_time(health->last_object_change)
							   : json_null());
	json_object_set_new(report, "source", source);

	json_object_set_new(rules, "inPlace", json_boolean(health->are_rules_in_place));
	json_object_set_new(rules, "error", json_text(health->rules_error));
	json_object_set_new(rules, "variant", json_string(rules_variant(sources->rules)));
	json_object_set_new(report, "rules", rules);
	json_object_set_new(report, "lost", lost_json(health));

	json_object_set_new(in_cluster, "error", json_text(health->in_cluster_error));
	json_object_set_new(in_cluster, "clash", json_text(health->mark_clash));
	json_object_set_new(report, "inCluster", in_cluster);
	json_object_set_new(report, "ipv6Off", json_text(health->ipv6_off));
	json_object_set_new(report, "otherVariant", json_text(health->other_variant));
	json_object_set_new(report, "portOverlap", json_text(health->port_overlap));
}

static json_t *texts_json(const struct string_list *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(list, json_text(texts->items[i]));
	return list;
}

static json_t *settings_json(const struct reload_state *state)
{
	const struct reload_state none = {.error = (char[]){""}};
	json_t *settings = json_object();

	if (!state)
		state = &none;
	json_object_set_new(settings, "files", texts_json(&state->paths));
	json_object_set_new(settings, "error", json_text(state->error));
	json_object_set_new(settings, "waitingForRestart", texts_json(&state->waiting));
	json_object_set_new(settings, "applied", report_number(state->applied));
	json_object_set_new(settings, "rejected", report_number(state->rejected));
	return settings;
}

/* Seconds that the loop was busy with each kind of work since the start. */
static json_t *effort_json(const struct status_sources *sources)
{
	const struct sync_counters *counters = sync_counters(sources->sync);
	static const struct source_effort none;
	const struct source_effort *source =
		sources->health->source ? sources->health->source : &none;
	json_t *effort = json_object();

	json_object_set_new(effort, "reading", json_real(source->reading));
	json_object_set_new(effort, "decoding", json_real(source->decoding));
	json_object_set_new(effort, "delivering", json_real(source->delivering));
	json_object_set_new(effort, "planning", json_real(counters->planning_seconds));
	json_object_set_new(effort, "applying", json_real(counters->applying_seconds));
	return effort;
}

json_t *status_report_agent(const struct status_sources *sources)
{
	const struct sync_counters *counters = sync_counters(sources->sync);
	const struct ledger *ledger = sources->ledger;
	const struct node_view *node = sync_node(sources->sync);
	double uptime = (double)(clock_milliseconds() - sources->health->started) / 1000;
	json_t *report = json_object();

	json_object_set_new(report, "version", json_string(IPVSAGENT_VERSION));
	json_object_set_new(report, "node", json_text(node->name ? node->name : ""));
	json_object_set_new(report, "pid", json_integer(getpid()));
	json_object_set_new(report, "uptimeSeconds", json_real(uptime));
	json_object_set_new(report, "settled", json_boolean(sync_is_settled(sources->sync)));
	json_object_set_new(report, "waitingForPodCIDRs",
			    json_boolean(sources->health->lacks_pod_cidrs));
	json_object_set_new(report, "settings", settings_json(sources->health->settings));
	add_source(report, sources);
	json_object_set_new(report, "passes", report_number(counters->passes));
	json_object_set_new(report, "firstPassSeconds", json_real(counters->first_pass_seconds));
	json_object_set_new(report, "lastPassSeconds", json_real(counters->last_pass_seconds));
	json_object_set_new(report, "lastVerificationSeconds",
			    json_real(sources->health->last_verification_seconds));
	json_object_set_new(report, "longestVerificationStepSeconds",
			    json_real(sources->health->longest_verification_step_seconds));
	json_object_set_new(report, "effort", effort_json(sources));
	json_object_set_new(report, "operations", operations_json(counters));
	json_object_set_new(report, "held", held_json(ledger));
	json_object_set_new(report, "waitingForRetry", report_number(ledger_failed_count(ledger)));
	json_object_set_new(report, "draining", report_number(ledger_drain_count(ledger)));
	json_object_set_new(report, "sets", sets_json(sources->kernel));
	json_object_set_new(report, "missingFeatures", missing_json(sources));
	json_object_set_new(report, "rejections", rejections_json(sources->rejections));
	return report;
}

/* Gathers the keys that pass the filter. */
struct key_list {
	const char *filter;
	size_t filter_length;
	bool is_exact;
	char **items;
	size_t count, capacity;
};

static void add_key(struct key_list *list, const char *key)
{
	if (list->is_exact ? strcmp(key, list->filter) != 0
			   : strncmp(key, list->filter, list->filter_length) != 0)
		return;
	list->items = memory_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = string_dup(key);
}

static void add_known(const struct service_view *view, void *owner)
{
	if (view->service)
		add_key(owner, view->key);
}

static void add_rejected(void *owner, const struct rejection *rejection)
{
	auto_memory char *key = NULL;

	if (strcmp(rejection->kind, "Service") != 0)
		return;
	key = string_printf("%s/%s", rejection->namespace_name, rejection->name);
	add_key(owner, key);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *status_report_keys(const struct status_sources *sources, const char *filter, size_t *count)
{
	struct key_list list = {.filter = filter, .filter_length = strlen(filter)};
	size_t size = 1, used = 0;
	char *keys;

	list.is_exact = list.filter_length && filter[list.filter_length - 1] != '/';
	store_each(sources->store, false, add_known, &list);
	rejections_each(sources->rejections, add_rejected, &list);
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_keys);

	for (size_t i = 0; i < list.count; i++)
		size += strlen(list.items[i]) + 1;
	keys = memory_allocate(size);
	*count = 0;
	for (size_t i = 0; i < list.count; i++) {
		size_t length = strlen(list.items[i]) + 1;

		if (!i || strcmp(list.items[i - 1], list.items[i]) != 0) {
			memcpy(keys + used, list.items[i], length);
			used += length;
			(*count)++;
		}
	}
	for (size_t i = 0; i < list.count; i++)
		free(list.items[i]);
	free(list.items);
	return keys;
}
