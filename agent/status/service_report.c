/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_report.h"

#include "endpoint_report.h"
#include "lib/objects/service_key.h"
#include "lib/plan/address_owner.h"
#include "lib/plan/ledger_conflicts.h"
#include "lib/plan/service_remarks.h"
#include "lib/source/json_text.h"

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

/* Of one virtual server. */
#define CLAIMANTS_MAX 20

/**
 * enum stage - which part of a report comes next
 *   HEAD     which Service
 *   SERVERS  one virtual server after the other
 *   TAIL     how it is, which its virtual servers decide
 *   END      nothing
 */
enum stage { STAGE_HEAD, STAGE_SERVERS, STAGE_TAIL, STAGE_END };

/*
 * What a Service's report is built from. What can change between two steps is looked up in each.
 * @rejected:     NULL: there is no complaint
 * @view:         its Service is NULL if there is a complaint only
 * @state:        NULL: nothing is known of it yet
 * @next_server:  of @state
 */
struct service_report {
	const struct status_sources *sources;
	const struct rejection *rejected;
	struct service_view view;
	char *key;
	enum stage stage;
	size_t next_server;
	const struct service_state *state;
	enum service_look look;
	char *reason;
	struct endpoint_report endpoints;
};

static void worsen(struct service_report *report, enum service_look look, char *reason)
{
	if (look <= report->look) {
		free(reason);
		return;
	}
	free(report->reason);
	report->look = look;
	report->reason = reason;
}

static const char *server_kind(const struct wanted_server *wanted)
{
	switch (wanted->origin) {
	case ADDRESS_ORIGIN_CLUSTER_IP:
		return "ClusterIP";
	case ADDRESS_ORIGIN_NODE_PORT:
		return "NodePort";
	case ADDRESS_ORIGIN_LOAD_BALANCER_IP:
		return "LoadBalancerIP";
	case ADDRESS_ORIGIN_EXTERNAL_IP:
		return "ExternalIP";
	}
	return "";
}

/* A virtual server works only together with its set members and its address. */
static enum service_look claim_look(const struct claim_report *claim, char **reason)
{
	switch (claim->state) {
	case CLAIM_STATE_PROGRAMMED:
		if (!claim->element_code) {
			*reason = string_dup("");
			return SERVICE_LOOK_PROGRAMMED;
		}
		*reason =
			string_printf("address or set member: %s", strerror(-claim->element_code));
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

static char *owner_text(const struct service_report *report, const struct address *address)
{
	const struct node_view *node = sync_node(report->sources->sync);
	const char *name = address_owner_node(node, address);
	const char *key;

	switch (address_owner_find(node, report->view.externals, address)) {
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
static char *unbound_text(const struct service_report *report, const struct wanted_server *wanted)
{
	const struct desired_options *options = sync_desired_options(report->sources->sync);
	const struct service *service = report->view.service;

	if (wanted->origin == ADDRESS_ORIGIN_NODE_PORT)
		return NULL;
	if (service->is_unbound)
		return string_dup("not bound: annotation ipvsagent/do-not-bind");
	if (opt_out_use(service, &options->opt_out, &wanted->server.key.address) !=
	    ADDRESS_USE_FULL)
		return string_dup("not bound: unboundCIDRs");
	if (wanted->origin == ADDRESS_ORIGIN_CLUSTER_IP)
		return NULL;
	return owner_text(report, &wanted->server.key.address);
}

static void add_claimant(void *owner, const char *key)
{
	json_array_append_new(owner, json_text(key));
}

/* Who would have it if this Service had not. */
static json_t *others_json(const struct service_report *report, const struct claim_report *claim,
			   const struct virtual_server_key *server)
{
	json_t *others = json_array();

	if (claim->state != CLAIM_STATE_CONFLICT)
		ledger_conflicts_of(report->sources->ledger, server, CLAIMANTS_MAX, add_claimant,
				    others);
	return others;
}

static void add_claim(struct service_report *report, json_t *server, const char *server_name,
		      size_t index)
{
	const struct wanted_server *wanted = &report->state->servers[index];
	auto_memory char *reason = NULL;
	struct claim_report claim;
	enum service_look look;
	bool is_ours;

	ledger_claim(report->sources->ledger, report->view.key, index, &claim);
	look = claim_look(&claim, &reason);
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
	json_object_set_new(server, "alsoWantedBy",
			    others_json(report, &claim, &wanted->server.key));
	worsen(report, look,
	       *reason ? string_printf("%s: %s", server_name, reason) : string_dup(""));
}

static json_t *server_json(struct service_report *report, size_t index)
{
	const struct wanted_server *wanted = &report->state->servers[index];
	const struct virtual_server *server = &wanted->server;
	const struct service *service = report->view.service;
	bool has_port = wanted->port_index < service->port_count;
	char address[ADDRESS_TEXT_SIZE], name[2 * ADDRESS_TEXT_SIZE];
	json_t *json = json_object();

	json_object_set_new(json, "kind", json_string(server_kind(wanted)));
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
static bool has_lost_all(const struct service_report *report)
{
	const struct service *service = report->view.service;

	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (service->cluster_ips[i].family != AF_INET6)
			return false;
	return sync_node(report->sources->sync)->lacks_ipv6;
}

/* What all of its virtual servers together say. */
static void judge(struct service_report *report)
{
	const struct service_state *state = report->state;
	const struct service *service = report->view.service;
	enum skip_reason skip = skip_reason_of(service);

	if (skip != SKIP_REASON_NONE) {
		free(report->reason);
		report->reason = string_dup(service ? skip_reason_text(skip) : "");
	} else if (!state && has_lost_all(report)) {
		free(report->reason);
		report->reason = string_dup("IPv6 is off on this node");
	} else if (!state && sync_is_settled(report->sources->sync)) {
		worsen(report, SERVICE_LOOK_PROGRAMMED, string_dup("no ports"));
	} else if (!state) {
		worsen(report, SERVICE_LOOK_PENDING, pending_reason(report->sources));
	} else if (state->left_out) {
		worsen(report, SERVICE_LOOK_FAILED,
		       string_printf(
			       "%u virtual server%s left out: %s allows no more kernel objects",
			       state->left_out, state->left_out == 1 ? "" : "s",
			       state->is_node_full ? "--max-node-objects"
						   : "--max-service-objects"));
	}
}

static void remark_on_endpoint(void *owner, const struct address *address, const char *claimant)
{
	char text[ADDRESS_TEXT_SIZE];

	json_array_append_new(owner,
			      json_sprintf("the endpoint's address %s is an external or load "
					   "balancer IP of Service %s",
					   address_text(address, text), claimant));
}

static json_t *remarks_json(const struct service_report *report)
{
	struct service_remark remarks[SERVICE_REMARK_COUNT];
	json_t *list = json_array();
	size_t count = 0;

	if (report->view.service)
		count = service_remarks(report->view.service,
					sync_desired_options(report->sources->sync), remarks);

	if (report->state && report->state->endpoints_left_out)
		json_array_append_new(
			list, json_sprintf("%u endpoint%s of one port without connections: "
					   "--max-service-endpoints allows no more",
					   report->state->endpoints_left_out,
					   report->state->endpoints_left_out == 1 ? "" : "s"));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(remarks[i].text));
	if (report->sources->conflicts)
		conflicts_at_endpoints(report->sources->conflicts, report->key, remark_on_endpoint,
				       list);
	return list;
}

/* A Service without what was left out of it is programmed; that it lacks something is told. */
static void add_complaint(struct service_report *report)
{
	const struct rejection *rejected = report->rejected;

	if (!rejected->is_partial) {
		worsen(report, SERVICE_LOOK_REJECTED, string_dup(rejected->reason));
	} else if (!report->reason || !*report->reason) {
		free(report->reason);
		report->reason = report_complaint(rejected);
	}
}

static void look_up(struct service_report *report)
{
	auto_memory char *namespace_name = service_key_namespace(report->key);

	report->view = (struct service_view){.key = report->key};
	store_find(report->sources->store, report->key, &report->view);
	report->state = NULL;
	if (skip_reason_of(report->view.service) == SKIP_REASON_NONE)
		report->state = ledger_state(report->sources->ledger, report->key);
	report->endpoints.state = report->state;
	report->rejected = NULL;
	if (namespace_name)
		report->rejected = rejections_find(report->sources->rejections, "Service",
						   namespace_name, service_key_name(report->key));
}

static void write_head(const struct service_report *report, const struct report_writer *writer)
{
	const struct service *service = report->view.service;
	auto_memory char *namespace_name = service_key_namespace(report->key);
	json_t *json = json_object();

	json_object_set_new(json, "namespace", json_text(namespace_name));
	json_object_set_new(json, "name", json_text(service_key_name(report->key)));
	json_object_set_new(json, "type",
			    json_string(service ? service_type_name(service->type) : ""));
	report_write_begin(writer, json);
	report_write_text(writer, ",\"servers\":[");
}

static void write_server(struct service_report *report, const struct report_writer *writer)
{
	json_t *json = server_json(report, report->next_server);

	report_write_text(writer, report->next_server ? "," : "");
	endpoint_report_write(&report->endpoints, &report->state->servers[report->next_server],
			      json, writer);
	report->next_server++;
}

static void write_tail(struct service_report *report, const struct report_writer *writer)
{
	json_t *json = json_object();

	judge(report);
	if (report->rejected)
		add_complaint(report);
	json_object_set_new(json, "remarks", remarks_json(report));
	json_object_set_new(json, "state", json_string(look_name(report->look)));
	json_object_set_new(json, "reason", json_text(report->reason ? report->reason : ""));
	report_write_text(writer, "],");
	report_write_end(writer, json);
}

bool service_report_step(struct service_report *report, json_dump_callback_t write, void *owner)
{
	const struct report_writer writer = {write, owner};

	look_up(report);
	switch (report->stage) {
	case STAGE_HEAD:
		write_head(report, &writer);
		report->stage = STAGE_SERVERS;
		break;
	case STAGE_SERVERS:
		if (!report->state || report->next_server >= report->state->server_count)
			report->stage = STAGE_TAIL;
		else if (endpoint_report_collect(&report->endpoints,
						 &report->state->servers[report->next_server]))
			write_server(report, &writer);
		break;
	case STAGE_TAIL:
		write_tail(report, &writer);
		report->stage = STAGE_END;
		break;
	case STAGE_END:
		break;
	}
	return report->stage != STAGE_END;
}

struct service_report *service_report_new(const struct status_sources *sources, const char *key)
{
	struct service_report *report = memory_allocate(sizeof(*report));

	report->sources = sources;
	report->key = string_dup(key);
	endpoint_report_begin(&report->endpoints, sources, &report->view);
	look_up(report);
	if (!service_key_name(key) || (!report->view.service && !report->rejected)) {
		service_report_free(report);
		return NULL;
	}
	return report;
}

void service_report_free(struct service_report *report)
{
	if (!report)
		return;
	free(report->key);
	free(report->reason);
	endpoint_report_clear(&report->endpoints);
	free(report);
}
