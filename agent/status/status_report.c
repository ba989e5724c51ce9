/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_report.h"

#include "lib/base/clock.h"
#include "lib/plan/ledger_drain.h"
#include "lib/plan/service_remarks.h"
#include "lib/plan/topology.h"

#include <string.h>
#include <unistd.h>

/*
 * What one Service can look like, from best to worst; a Service looks like its worst virtual
 * server.
 */
enum service_look {
	SERVICE_LOOK_SKIPPED,
	SERVICE_LOOK_PROGRAMMED,
	SERVICE_LOOK_PENDING,
	SERVICE_LOOK_CONFLICT,
	SERVICE_LOOK_FAILED,
	SERVICE_LOOK_REJECTED,
};

static const char *look_name(enum service_look look)
{
	switch (look) {
	case SERVICE_LOOK_SKIPPED:
		return "skipped";
	case SERVICE_LOOK_PROGRAMMED:
		return "programmed";
	case SERVICE_LOOK_PENDING:
		return "pending";
	case SERVICE_LOOK_CONFLICT:
		return "conflict";
	case SERVICE_LOOK_FAILED:
		return "failed";
	case SERVICE_LOOK_REJECTED:
		return "rejected";
	}
	return "";
}

/* Names and reasons come from files and may hold any bytes; JSON holds UTF-8 only. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	auto_memory char *copy = json ? NULL : string_dup(text);

	if (json)
		return json;
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(copy);
}

static json_t *number_json(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static char *complaint_text(const struct rejection *rejection)
{
	return string_printf("%s%s", rejection->is_partial ? "left out: " : "", rejection->reason);
}

static void add_rejection(void *user, const struct rejection *rejection)
{
	auto_memory char *reason = complaint_text(rejection);
	json_t *item = json_object();

	json_object_set_new(item, "kind", text_json(rejection->kind));
	json_object_set_new(item, "namespace", text_json(rejection->namespace_name));
	json_object_set_new(item, "name", text_json(rejection->name));
	json_object_set_new(item, "reason", text_json(reason));
	json_array_append_new(user, item);
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

		json_object_set_new(one, "applied", number_json(counters->applied[i]));
		json_object_set_new(one, "failed", number_json(counters->failed[i]));
		json_object_set_new(one, "repaired", number_json(counters->repaired[i]));
		json_object_set_new(all, facility_name((enum facility)i), one);
	}
	return all;
}

static json_t *held_json(const struct ledger *ledger)
{
	json_t *held = json_object();
	struct ledger_counts counts;

	ledger_count(ledger, &counts);
	json_object_set_new(held, "virtualServers", number_json(counts.servers));
	json_object_set_new(held, "destinations", number_json(counts.destinations));
	json_object_set_new(held, "setMembers", number_json(counts.members));
	json_object_set_new(held, "addresses", number_json(counts.addresses));
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
				    text_json(set_kind_name(usages[i].kind, usages[i].family)));
		json_object_set_new(set, "members", number_json(usages[i].member_count));
		json_object_set_new(set, "capacity", number_json(usages[i].capacity));
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
					    text_json(health->lost[i]));
	return lost;
}

static void add_source(json_t *report, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;
	json_t *source = json_object(), *rules = json_object(), *in_cluster = json_object();

	json_object_set_new(source, "description", text_json(health->source_description));
	json_object_set_new(source, "synced", json_boolean(health->is_source_synced));
	json_object_set_new(source, "services", number_json(store_service_count(sources->store)));
	json_object_set_new(source, "endpointSlices",
			    number_json(store_endpoint_slice_count(sources->store)));
	json_object_set_new(source, "endpoints", number_json(store_endpoint_count(sources->store)));
	json_object_set_new(report, "source", source);

	json_object_set_new(rules, "inPlace", json_boolean(health->are_rules_in_place));
	json_object_set_new(rules, "error", text_json(health->rules_error));
	json_object_set_new(report, "rules", rules);
	json_object_set_new(report, "lost", lost_json(health));

	json_object_set_new(in_cluster, "error", text_json(health->in_cluster_error));
	json_object_set_new(in_cluster, "clash", text_json(health->mark_clash));
	json_object_set_new(report, "inCluster", in_cluster);
}

static json_t *texts_json(const struct string_list *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(list, text_json(texts->items[i]));
	return list;
}

static json_t *settings_json(const struct reload_state *state)
{
	const struct reload_state none = {.error = (char[]){""}};
	json_t *settings = json_object();

	if (!state)
		state = &none;
	json_object_set_new(settings, "files", texts_json(&state->paths));
	json_object_set_new(settings, "error", text_json(state->error));
	json_object_set_new(settings, "waitingForRestart", texts_json(&state->waiting));
	json_object_set_new(settings, "applied", number_json(state->applied));
	json_object_set_new(settings, "rejected", number_json(state->rejected));
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
	json_object_set_new(report, "node", text_json(node->name ? node->name : ""));
	json_object_set_new(report, "pid", json_integer(getpid()));
	json_object_set_new(report, "uptimeSeconds", json_real(uptime));
	json_object_set_new(report, "settled", json_boolean(sync_is_settled(sources->sync)));
	json_object_set_new(report, "waitingForPodCIDRs",
			    json_boolean(sources->health->lacks_pod_cidrs));
	json_object_set_new(report, "settings", settings_json(sources->health->settings));
	add_source(report, sources);
	json_object_set_new(report, "passes", number_json(counters->passes));
	json_object_set_new(report, "firstPassSeconds", json_real(counters->first_pass_seconds));
	json_object_set_new(report, "lastPassSeconds", json_real(counters->last_pass_seconds));
	json_object_set_new(report, "lastVerificationSeconds",
			    json_real(sources->health->last_verification_seconds));
	json_object_set_new(report, "longestVerificationStepSeconds",
			    json_real(sources->health->longest_verification_step_seconds));
	json_object_set_new(report, "effort", effort_json(sources));
	json_object_set_new(report, "operations", operations_json(counters));
	json_object_set_new(report, "held", held_json(ledger));
	json_object_set_new(report, "waitingForRetry", number_json(ledger_failed_count(ledger)));
	json_object_set_new(report, "draining", number_json(ledger_drain_count(ledger)));
	json_object_set_new(report, "sets", sets_json(sources->kernel));
	json_object_set_new(report, "rejections", rejections_json(sources->rejections));
	return report;
}

/* What a Service's report is built from and into. */
struct report {
	const struct status_sources *sources;
	const struct service_view *view;
	const struct service_state *state;
	enum service_look look;
	char *reason;
	int member_code; /* ledger_member_code() */
	struct candidates candidates;
	size_t collected_port; /* what @candidates holds; SIZE_MAX = nothing yet */
	uint16_t collected_family;
};

static void worsen(struct report *report, enum service_look look, char *reason)
{
	if (look <= report->look) {
		free(reason);
		return;
	}
	free(report->reason);
	report->look = look;
	report->reason = reason;
}

static bool is_among(const struct address *addresses, size_t count, const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		if (address_is_equal(&addresses[i], address))
			return true;
	return false;
}

/* An external IP may be the node's own, so that the address alone does not tell. */
static const char *server_kind(const struct service *service, const struct wanted_server *wanted)
{
	const struct address *address = &wanted->server.key.address;

	if (wanted->port_index < service->port_count &&
	    wanted->server.key.port != service->ports[wanted->port_index].port)
		return "NodePort";
	if (is_among(service->cluster_ips, service->cluster_ip_count, address))
		return "ClusterIP";
	if (is_among(service->external_ips, service->external_ip_count, address))
		return "ExternalIP";
	if (is_among(service->load_balancer_ips, service->load_balancer_ip_count, address))
		return "LoadBalancerIP";
	return "NodePort";
}

/* The virtual servers of a port follow each other, so one collection serves all of them. */

static const struct candidates *collect(struct report *report, const struct wanted_server *wanted)
{
	const struct service *service = report->view->service;
	uint16_t family = wanted->server.key.address.family;

	if (wanted->port_index >= service->port_count) {
		report->candidates.count = 0; /* the Service changed and is about to be planned */
		report->collected_port = SIZE_MAX;
	} else if (report->collected_port != wanted->port_index ||
		   report->collected_family != family) {
		topology_collect(report->view, &service->ports[wanted->port_index], family,
				 sync_node(report->sources->sync)->name, &report->candidates);
		report->collected_port = wanted->port_index;
		report->collected_family = family;
	}
	return &report->candidates;
}

/* Texts, because they cost the loop a fraction of what objects do. */
static void append_destination(json_t *list, const struct destination *destination)
{
	char text[ADDRESS_TEXT_SIZE];

	address_port_text(&destination->address, destination->port, text);
	json_array_append_new(list, json_string_nocheck(text));
}

static json_t *destinations_json(const struct destination *destinations, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		append_destination(list, &destinations[i]);
	return list;
}

/* The endpoints that are known and get nothing; both lists are sorted. */
static json_t *unused_json(const struct candidates *candidates,
			   const struct destination *destinations, size_t count)
{
	json_t *list = json_array();
	size_t k = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct destination *candidate = &candidates->items[i].destination;

		while (k < count && destination_compare(&destinations[k], candidate) < 0)
			k++;
		if (k == count || destination_compare(&destinations[k], candidate) != 0)
			append_destination(list, candidate);
	}
	return list;
}
/* A virtual server works only together with its set members and its address. */
static enum service_look claim_look(const struct report *report, const struct claim_report *claim,
				    char **reason)
{
	switch (claim->state) {
	case CLAIM_STATE_PROGRAMMED:
		if (!report->member_code) {
			*reason = string_dup("");
			return SERVICE_LOOK_PROGRAMMED;
		}
		*reason =
			string_printf("address or set member: %s", strerror(-report->member_code));
		return SERVICE_LOOK_FAILED;
	case CLAIM_STATE_FAILED:
		*reason = string_dup(strerror(-claim->code));
		return SERVICE_LOOK_FAILED;
	case CLAIM_STATE_CONFLICT:
		*reason = string_printf("in use by the older Service %s", claim->winner);
		return SERVICE_LOOK_CONFLICT;
	}
	*reason = string_dup("");
	return SERVICE_LOOK_PENDING;
}

/* Return: NULL unless it is an external or load balancer IP that is not bound */
static const char *address_owner_text(const struct report *report,
				      const struct wanted_server *wanted)
{
	const char *kind = server_kind(report->view->service, wanted);

	if (strcmp(kind, "ExternalIP") != 0 && strcmp(kind, "LoadBalancerIP") != 0)
		return NULL;
	switch (node_view_owner(sync_node(report->sources->sync), &wanted->server.key.address)) {
	case ADDRESS_OWNER_NONE:
		return NULL;
	case ADDRESS_OWNER_THIS_NODE:
		return "not bound: address of this node";
	case ADDRESS_OWNER_OTHER_NODE:
		return "not bound: address of another Node";
	}
	return NULL;
}

static void add_claim(struct report *report, json_t *server, const char *server_name, size_t index)
{
	const struct wanted_server *wanted = &report->state->servers[index];
	auto_memory char *reason = NULL;
	struct claim_report claim;
	enum service_look look;
	bool is_ours;

	ledger_claim(report->sources->ledger, report->view->key, index, &claim);
	look = claim_look(report, &claim, &reason);
	if (look == SERVICE_LOOK_PROGRAMMED && address_owner_text(report, wanted)) {
		free(reason);
		reason = string_dup(address_owner_text(report, wanted));
	}
	is_ours = claim.state != CLAIM_STATE_CONFLICT;
	json_object_set_new(server, "draining", number_json(is_ours ? claim.draining : 0));
	json_object_set_new(server, "state", json_string(look_name(look)));
	json_object_set_new(server, "reason", text_json(reason));
	worsen(report, look,
	       *reason ? string_printf("%s: %s", server_name, reason) : string_dup(""));
}

static struct destination *copy_destinations(const struct report *report,
					     const struct wanted_server *wanted)
{
	struct destination *copy = memory_array(wanted->destination_count, sizeof(*copy));

	for (uint32_t i = 0; i < wanted->destination_count; i++)
		copy[i] = service_state_destination(report->state, wanted, i);
	return copy;
}

static json_t *server_json(struct report *report, size_t index)
{
	const struct wanted_server *wanted = &report->state->servers[index];
	auto_memory struct destination *destinations = copy_destinations(report, wanted);
	const struct virtual_server *server = &wanted->server;
	const struct service *service = report->view->service;
	bool has_port = wanted->port_index < service->port_count;
	char address[ADDRESS_TEXT_SIZE], name[2 * ADDRESS_TEXT_SIZE];
	json_t *json = json_object();

	json_object_set_new(json, "kind", json_string(server_kind(service, wanted)));
	json_object_set_new(json, "address",
			    json_string(address_text(&server->key.address, address)));
	json_object_set_new(json, "port", json_integer(server->key.port));
	json_object_set_new(json, "protocol",
			    json_string(address_protocol_name((uint8_t)server->key.protocol)));
	json_object_set_new(json, "clientScope",
			    json_string(server->key.client_scope == CLIENT_SCOPE_IN_CLUSTER
						? "in-cluster"
						: "any"));
	if (server->key.client_scope == CLIENT_SCOPE_IN_CLUSTER && report->sources->kernel)
		json_object_set_new(
			json, "firewallMark",
			number_json(marks_find(report->sources->kernel->marks, &server->key)));
	json_object_set_new(json, "portName",
			    text_json(has_port ? service->ports[wanted->port_index].name : ""));
	json_object_set_new(json, "scheduler", json_string(server->scheduler));
	json_object_set_new(json, "persistenceSeconds", number_json(server->persistence_seconds));
	json_object_set_new(json, "destinations",
			    destinations_json(destinations, wanted->destination_count));
	json_object_set_new(
		json, "unused",
		unused_json(collect(report, wanted), destinations, wanted->destination_count));
	add_claim(report, json, virtual_server_key_text(&server->key, name), index);
	return json;
}

static char *pending_reason(const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;

	if (!health->is_source_synced)
		return string_dup("waiting for the source");
	if (!health->are_rules_in_place)
		return string_printf("waiting for the iptables rules%s%s",
				     *health->rules_error ? ": " : "", health->rules_error);
	return string_dup("queued");
}

static json_t *servers_json(struct report *report)
{
	const struct ledger *ledger = report->sources->ledger;
	const char *key = report->view->key;
	json_t *servers = json_array();

	report->state = ledger_state(ledger, key);
	report->member_code = ledger_member_code(ledger, key);
	if (report->state)
		for (size_t i = 0; i < report->state->server_count; i++)
			json_array_append_new(servers, server_json(report, i));
	else if (sync_is_settled(report->sources->sync))
		worsen(report, SERVICE_LOOK_PROGRAMMED, string_dup("no ports"));
	else
		worsen(report, SERVICE_LOOK_PENDING, pending_reason(report->sources));
	return servers;
}

static json_t *remarks_json(const struct report *report)
{
	struct service_remark remarks[SERVICE_REMARK_COUNT];
	json_t *list = json_array();
	size_t count = service_remarks(report->view->service,
				       sync_desired_options(report->sources->sync), remarks);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(remarks[i].text));
	return list;
}

static json_t *accepted_json(struct report *report)
{
	const struct service *service = report->view->service;
	enum skip_reason skip = desired_skip_reason(service);
	json_t *json = json_object();

	json_object_set_new(json, "namespace", text_json(service->namespace_name));
	json_object_set_new(json, "name", text_json(service->name));
	json_object_set_new(json, "type", json_string(service_type_name(service->type)));
	if (skip != SKIP_REASON_NONE) {
		report->reason = string_dup(skip_reason_text(skip));
		json_object_set_new(json, "servers", json_array());
	} else {
		json_object_set_new(json, "servers", servers_json(report));
	}
	json_object_set_new(json, "remarks", remarks_json(report));
	return json;
}

static json_t *unknown_json(const char *namespace_name, const char *name)
{
	json_t *json = json_object();

	json_object_set_new(json, "namespace", text_json(namespace_name));
	json_object_set_new(json, "name", text_json(name));
	json_object_set_new(json, "type", json_string(""));
	json_object_set_new(json, "servers", json_array());
	json_object_set_new(json, "remarks", json_array());
	return json;
}

/* A Service without what was left out of it is programmed; that it lacks something is told. */
static void add_complaint(struct report *report, const struct rejection *rejected)
{
	if (!rejected->is_partial) {
		worsen(report, SERVICE_LOOK_REJECTED, string_dup(rejected->reason));
	} else if (!report->reason || !*report->reason) {
		free(report->reason);
		report->reason = complaint_text(rejected);
	}
}

json_t *status_report_service(const struct status_sources *sources, const char *key)
{
	struct report report = {.sources = sources, .collected_port = SIZE_MAX};
	const struct rejection *rejected = NULL;
	const char *slash = strchr(key, '/');
	auto_memory char *namespace_name = NULL;
	struct service_view view;
	json_t *json = NULL;

	if (slash) {
		namespace_name = string_printf("%.*s", (int)(slash - key), key);
		rejected =
			rejections_find(sources->rejections, "Service", namespace_name, slash + 1);
	}
	if (store_find(sources->store, key, &view) && view.service) {
		report.view = &view;
		json = accepted_json(&report);
	} else if (rejected) {
		json = unknown_json(namespace_name, slash + 1);
	}
	if (json) {
		if (rejected)
			add_complaint(&report, rejected);
		json_object_set_new(json, "state", json_string(look_name(report.look)));
		json_object_set_new(json, "reason", text_json(report.reason ? report.reason : ""));
	}
	free(report.reason);
	free(report.candidates.items);
	return json;
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

static void add_known(const struct service_view *view, void *user)
{
	if (view->service)
		add_key(user, view->key);
}

static void add_rejected(void *user, const struct rejection *rejection)
{
	auto_memory char *key = NULL;

	if (strcmp(rejection->kind, "Service") != 0)
		return;
	key = string_printf("%s/%s", rejection->namespace_name, rejection->name);
	add_key(user, key);
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
