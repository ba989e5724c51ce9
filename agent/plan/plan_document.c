/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_document.h"

#include <string.h>
#include <sys/socket.h>

#define DOCUMENT_VERSION 1

static void set_address(json_t *json, const char *field, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	json_object_set_new(json, field, json_string(address_text(address, text)));
}

static json_t *addresses_json(const struct address *addresses, size_t count)
{
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(address_text(&addresses[i], text)));
	return list;
}

static json_t *node_json(const struct node_view *view)
{
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(view->name));
	json_object_set_new(json, "zone", json_string(view->zone ? view->zone : ""));
	json_object_set_new(json, "addresses",
			    addresses_json(view->local_addresses, view->local_address_count));
	json_object_set_new(
		json, "nodePortAddresses",
		addresses_json(view->node_port_addresses, view->node_port_address_count));
	return json;
}

static json_t *destinations_json(const struct planned_server *planned)
{
	json_t *list = json_array();

	for (size_t i = 0; i < planned->destination_count; i++) {
		const struct destination *destination = &planned->destinations[i];
		json_t *json = json_object();

		set_address(json, "address", &destination->address);
		json_object_set_new(json, "port", json_integer(destination->port));
		json_object_set_new(json, "weight", json_integer(destination->weight));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *server_json(const struct plan_result *result, size_t index)
{
	const struct planned_server *planned = &result->state->servers[index];
	const struct virtual_server *server = &planned->server;
	bool is_in_cluster = server->key.client_scope == CLIENT_SCOPE_IN_CLUSTER;
	const char *service = result->services[index] ? result->services[index] : "";
	json_t *json = json_object();

	json_object_set_new(json, "service", json_string(service));
	set_address(json, "address", &server->key.address);
	json_object_set_new(json, "port", json_integer(server->key.port));
	json_object_set_new(json, "protocol",
			    json_string(address_protocol_name((uint8_t)server->key.protocol)));
	json_object_set_new(json, "clientScope", json_string(is_in_cluster ? "in-cluster" : "any"));
	if (is_in_cluster)
		json_object_set_new(json, "firewallMark",
				    json_integer(plan_result_key(result, server).firewall_mark));
	json_object_set_new(json, "scheduler", json_string(server->scheduler));
	json_object_set_new(json, "persistenceSeconds", json_integer(server->persistence_seconds));
	json_object_set_new(json, "destinations", destinations_json(planned));
	return json;
}

static json_t *servers_json(const struct plan_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->state->server_count; i++)
		json_array_append_new(list, server_json(result, i));
	return list;
}

static json_t *member_json(const struct plan_result *result, const struct set_member *member)
{
	uint32_t mark = plan_result_mark(result, member);
	char text[3 * ADDRESS_TEXT_SIZE];
	json_t *json = json_object();

	json_object_set_new(json, "element", json_string(set_member_text(member, text)));
	if (mark)
		json_object_set_new(json, "mark", json_integer(mark));
	return json;
}

static json_t *set_json(const struct plan_result *result, enum set_kind kind, uint16_t family)
{
	json_t *json = json_object(), *list = json_array();
	const struct set_member *members;
	size_t count;

	members = planned_state_members(result->state, kind, family, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, member_json(result, &members[i]));
	json_object_set_new(json, "name", json_string(set_kind_name(kind, family)));
	json_object_set_new(json, "type", json_string(set_type_name(set_kind_type(kind))));
	json_object_set_new(json, "members", list);
	return json;
}

static json_t *sets_json(const struct plan_result *result)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	json_t *list = json_array();

	for (size_t f = 0; f < COUNT(families); f++)
		for (int kind = 0; kind < SET_KIND_COUNT; kind++)
			json_array_append_new(list,
					      set_json(result, (enum set_kind)kind, families[f]));
	return list;
}

static json_t *lines_json(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t length = strcspn(text, "\n");

		json_array_append_new(list, json_stringn(text, length));
		text += length + (text[length] == '\n');
	}
	return list;
}

json_t *plan_document_new(const struct plan_result *result)
{
	json_t *json = json_object();

	json_object_set_new(json, "version", json_integer(DOCUMENT_VERSION));
	json_object_set_new(json, "node", node_json(&result->view));
	json_object_set_new(json, "virtualServers", servers_json(result));
	json_object_set_new(json, "sets", sets_json(result));
	json_object_set_new(json, "iptables", lines_json(result->rules[0]));
	json_object_set_new(json, "ip6tables", lines_json(result->rules[1]));
	json_object_set_new(json, "addresses",
			    addresses_json(result->state->addresses, result->state->address_count));
	return json;
}
