/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_report.h"

#include "endpoint_report.h"
#include "lib/base/clock.h"
#include "lib/objects/service_key.h"
#include "lib/plan/address_owner.h"
#include "lib/plan/service_remarks.h"
#include "lib/source/json_text.h"
#include "report_json.h"

#include <string.h>
#include <sys/socket.h>

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

/* What a Service's report is built from and into. */
struct report {
	const struct status_sources *sources;
	const struct service_view *view;
	const struct service_state *state;
	enum service_look look;
	char *reason;
	int member_code; /* ledger_member_code() */
	struct endpoint_report endpoints;
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
		*reason = string_printf("in use by Service %s", claim->winner);
		return SERVICE_LOOK_CONFLICT;
	}
	*reason = string_dup("");
	return SERVICE_LOOK_PENDING;
}

static char *owner_text(const struct report *report, const struct address *address)
{
	const struct node_view *node = sync_node(report->sources->sync);
	const char *name = address_owner_node(node, address);
	const char *key;

	switch (address_owner_find(node, report->view->externals, address)) {
	case ADDRESS_OWNER_NONE:
		return NULL;
	case ADDRESS_OWNER_THIS_NODE:
		return string_dup("not bound: address of this node");
	case ADDRESS_OWNER_OTHER_NODE:
		return *name ? string_printf("not bound: address of Node %s", name)
			     : string_dup("not bound: address of another Node");
	case ADDRESS_OWNER_ENDPOINT:
		key = store_endpoint_owner(report->sources->store, address);
		return string_printf("not bound: address of an endpoint of Service %s",
				     key ? key : "");
	case ADDRESS_OWNER_UNCHECKED:
		return string_dup("not bound yet: asking for the addresses of other Nodes");
	}
	return NULL;
}

/* Return: NULL unless it is an address of the Service that is not bound; freed by the caller */
static char *unbound_text(const struct report *report, const struct wanted_server *wanted)
{
	const struct desired_options *options = sync_desired_options(report->sources->sync);
	const struct service *service = report->view->service;
	const char *kind = server_kind(service, wanted);

	if (strcmp(kind, "NodePort") == 0)
		return NULL;
	if (service->is_unbound)
		return string_dup("not bound: annotation ipvsagent/do-not-bind");
	if (opt_out_use(service, &options->opt_out, &wanted->server.key.address) !=
	    ADDRESS_USE_FULL)
		return string_dup("not bound: unboundCIDRs");
	if (strcmp(kind, "ClusterIP") == 0)
		return NULL;
	return owner_text(report, &wanted->server.key.address);
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
	if (look == SERVICE_LOOK_PROGRAMMED) {
		char *unbound = unbound_text(report, wanted);

		if (unbound)
			free(reason);
		reason = unbound ? unbound : reason;
	}
	is_ours = claim.state != CLAIM_STATE_CONFLICT;
	json_object_set_new(server, "draining", report_number(is_ours ? claim.draining : 0));
	json_object_set_new(server, "state", json_string(look_name(look)));
	json_object_set_new(server, "reason", json_text(reason));
	worsen(report, look,
	       *reason ? string_printf("%s: %s", server_name, reason) : string_dup(""));
}

static json_t *server_json(struct report *report, size_t index)
{
	const struct wanted_server *wanted = &report->state->servers[index];
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
			report_number(marks_find(report->sources->kernel->marks, &server->key)));
	json_object_set_new(json, "portName",
			    json_text(has_port ? service->ports[wanted->port_index].name : ""));
	json_object_set_new(json, "scheduler", json_string(server->scheduler));
	json_object_set_new(json, "persistenceSeconds", report_number(server->persistence_seconds));
	endpoint_report_add(&report->endpoints, index, json);
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

/* What IPv6 is off for is left out; only where that is everything, the Service is skipped. */
static bool has_lost_all(const struct report *report)
{
	const struct service *service = report->view->service;

	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (service->cluster_ips[i].family != AF_INET6)
			return false;
	return sync_node(report->sources->sync)->lacks_ipv6;
}

static json_t *servers_json(struct report *report)
{
	const struct ledger *ledger = report->sources->ledger;
	const char *key = report->view->key;
	json_t *servers = json_array();

	report->state = ledger_state(ledger, key);
	report->endpoints = (struct endpoint_report){.sources = report->sources,
						     .view = report->view,
						     .state = report->state,
						     .collected_port = SIZE_MAX,
						     .now = clock_milliseconds()};
	report->member_code = ledger_member_code(ledger, key);
	if (report->state)
		for (size_t i = 0; i < report->state->server_count; i++)
			json_array_append_new(servers, server_json(report, i));
	else if (has_lost_all(report))
		report->reason = string_dup("IPv6 is off on this node");
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

	json_object_set_new(json, "namespace", json_text(service->namespace_name));
	json_object_set_new(json, "name", json_text(service->name));
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

	json_object_set_new(json, "namespace", json_text(namespace_name));
	json_object_set_new(json, "name", json_text(name));
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
		report->reason = report_complaint(rejected);
	}
}

json_t *service_report(const struct status_sources *sources, const char *key)
{
	struct report report = {.sources = sources};
	const struct rejection *rejected = NULL;
	auto_memory char *namespace_name = service_key_namespace(key);
	const char *name = service_key_name(key);
	struct service_view view;
	json_t *json = NULL;

	if (name)
		rejected = rejections_find(sources->rejections, "Service", namespace_name, name);
	if (store_find(sources->store, key, &view) && view.service) {
		report.view = &view;
		json = accepted_json(&report);
	} else if (rejected) {
		json = unknown_json(namespace_name, name);
	}
	if (json) {
		if (rejected)
			add_complaint(&report, rejected);
		json_object_set_new(json, "state", json_string(look_name(report.look)));
		json_object_set_new(json, "reason", json_text(report.reason ? report.reason : ""));
	}
	free(report.reason);
	endpoint_report_clear(&report.endpoints);
	return json;
}
