/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted.h"

#include "lib/plan/ledger_former.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DOCUMENT_VERSION 1

static int refuse(struct error *err)
{
	return error_set(err, -EPROTO,
			 "the agent that runs is of another release; use the ipvsagent that it is");
}

static bool read_excluded(const json_t *list, struct wanted *ret)
{
	const json_t *item;
	size_t i;

	ret->excluded = memory_array(json_array_size(list), sizeof(*ret->excluded));
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (!text || !address_parse_prefix(text, &ret->excluded[ret->excluded_count++]))
			return false;
	}
	return true;
}

static bool read_rules(const json_t *json, enum ip_family family, struct wanted *ret)
{
	struct ruleset_options *options = &ret->rules[family];
	int detection, masquerade_all, random_fully, in_cluster;
	const char *prefix, *interface;
	json_int_t mark;

	if (json_is_null(json))
		return true;
	if (json_unpack((json_t *)json, "{s:i, s:s, s:s, s:I, s:b, s:b, s:b}", "detection",
			&detection, "podPrefix", &prefix, "podInterface", &interface,
			"masqueradeMark", &mark, "masqueradeAll", &masquerade_all, "randomFully",
			&random_fully, "inCluster", &in_cluster) < 0 ||
	    detection < 0 || detection > LOCAL_DETECTION_INTERFACE_PREFIX ||
	    (*prefix && !address_parse_prefix(prefix, &options->pod_prefix)))
		return false;
	ret->interfaces[family] = string_dup(interface);
	ret->has_rules[family] = true;
	options->family = family == IP_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	options->detection = (enum local_detection)detection;
	options->pod_interface = *interface ? ret->interfaces[family] : NULL;
	options->masquerade_mark = (uint32_t)mark;
	options->masquerade_all = masquerade_all;
	options->has_random_fully = random_fully;
	options->has_in_cluster = in_cluster;
	options->marks = ret->marks;
	return true;
}

static bool read_head(const json_t *head, struct wanted *ret)
{
	const json_t *excluded, *rules;
	const char *node, *source;
	json_int_t base, mask;
	int version, settled;

	if (json_unpack((json_t *)head, "{s:i, s:s, s:s, s:b, s:I, s:I, s:o, s:o}", "wanted",
			&version, "node", &node, "source", &source, "settled", &settled, "markBase",
			&base, "markMask", &mask, "excluded", &excluded, "rules", &rules) < 0 ||
	    version != DOCUMENT_VERSION)
		return false;
	ret->node = string_dup(node);
	ret->source = string_dup(source);
	ret->is_settled = settled;
	ret->marks = (struct mark_range){(uint32_t)base, (uint32_t)mask};
	for (int i = 0; i < IP_FAMILY_COUNT; i++)
		if (!read_rules(json_array_get(rules, (size_t)i), (enum ip_family)i, ret))
			return false;
	return read_excluded(excluded, ret);
}

int wanted_read(const json_t *answer, struct wanted *ret, struct error *err)
{
	*ret = (struct wanted){0};
	if (read_head(json_object_get(answer, "agent"), ret))
		return 0;
	wanted_clear(ret);
	return refuse(err);
}

void wanted_clear(struct wanted *wanted)
{
	free(wanted->node);
	free(wanted->source);
	free(wanted->excluded);
	for (size_t i = 0; i < COUNT(wanted->interfaces); i++)
		free(wanted->interfaces[i]);
	*wanted = (struct wanted){0};
}

/* A state that is being read; @capacity: of its destinations */
struct reading {
	struct service_state *state;
	size_t capacity;
};

static bool read_destination(struct reading *reading, const json_t *json)
{
	struct destination destination = {0};
	const char *address;
	int port, weight;

	if (json_unpack((json_t *)json, "[s,i,i]", &address, &port, &weight) < 0 ||
	    !address_parse(address, &destination.address))
		return false;
	destination.port = (uint16_t)port;
	destination.weight = (uint16_t)weight;
	service_state_add_destination(reading->state, &reading->capacity, &destination);
	return true;
}

static bool read_server(struct reading *reading, const json_t *json)
{
	struct wanted_server *wanted = &reading->state->servers[reading->state->server_count];
	struct virtual_server *server = &wanted->server;
	json_int_t persistence, netmask, flags;
	const json_t *destinations, *item;
	const char *address, *scheduler;
	int port, protocol, scope, origin;
	size_t i;

	if (json_unpack((json_t *)json, "[s,i,i,i,s,I,I,I,i,o]", &address, &port, &protocol, &scope,
			&scheduler, &persistence, &netmask, &flags, &origin, &destinations) < 0 ||
	    !address_parse(address, &server->key.address) || origin < 0 ||
	    origin > ADDRESS_ORIGIN_NODE_PORT)
		return false;
	server->key.port = (uint16_t)port;
	server->key.protocol = (uint16_t)protocol;
	server->key.client_scope = (uint16_t)scope;
	snprintf(server->scheduler, sizeof(server->scheduler), "%s", scheduler);
	server->persistence_seconds = (uint32_t)persistence;
	server->netmask = (uint32_t)netmask;
	server->flags = (uint32_t)flags;
	wanted->origin = (enum address_origin)origin;
	wanted->first_destination = reading->state->destination_bytes;
	wanted->destination_count = (uint32_t)json_array_size(destinations);
	json_array_foreach (destinations, i, item) {
		if (!read_destination(reading, item))
			return false;
	}
	reading->state->server_count++;
	return true;
}

static bool read_member(const json_t *json, struct set_member *ret)
{
	int kind, family, protocol, length, port;
	const char *address, *source;

	memset(ret, 0, sizeof(*ret));
	if (json_unpack((json_t *)json, "[i,i,i,i,i,s,s]", &kind, &family, &protocol, &length,
			&port, &address, &source) < 0 ||
	    kind < 0 || kind >= SET_KIND_COUNT ||
	    (*address && !address_parse(address, &ret->address)) ||
	    (*source && !address_parse(source, &ret->source)))
		return false;
	ret->kind = (uint8_t)kind;
	ret->family = (uint8_t)family;
	ret->protocol = (uint8_t)protocol;
	ret->prefix_length = (uint8_t)length;
	ret->port = (uint16_t)port;
	return true;
}

static bool read_members(struct service_state *state, const json_t *list)
{
	size_t count = json_array_size(list), i;
	auto_memory struct owned_member *members = memory_array(count, sizeof(*members));
	const json_t *item;

	json_array_foreach (list, i, item) {
		if (!read_member(item, &members[i].member))
			return false;
	}
	service_state_set_members(state, members, count);
	return true;
}

static bool read_addresses(struct service_state *state, const json_t *list)
{
	const json_t *item;
	size_t i;

	state->addresses = memory_array(json_array_size(list), sizeof(*state->addresses));
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (!text || !address_parse(text, &state->addresses[state->address_count++]))
			return false;
	}
	return true;
}

static bool read_state(struct reading *reading, const json_t *json)
{
	const json_t *servers = json_object_get(json, "servers"), *item;
	struct service_state *state = reading->state;
	size_t i;

	state->servers = memory_array(json_array_size(servers), sizeof(*state->servers));
	json_array_foreach (servers, i, item) {
		if (!read_server(reading, item))
			return false;
	}
	return read_members(state, json_object_get(json, "members")) &&
	       read_addresses(state, json_object_get(json, "addresses"));
}

/* VIPs of deleted Services, which the agent keeps for a time. */
static bool add_former_vips(const json_t *list, struct ledger *ledger)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);
		struct address address;

		if (!text || !address_parse(text, &address))
			return false;
		ledger_former_add(ledger, &address, 0);
	}
	return true;
}

int wanted_replace(const json_t *answer, struct ledger *ledger, struct error *err)
{
	const json_t *services = json_object_get(answer, "services"), *service;
	size_t i;

	json_array_foreach (services, i, service) {
		const char *key = json_string_value(json_object_get(service, "service"));
		json_int_t created = json_integer_value(json_object_get(service, "created"));
		struct reading reading = {.state = memory_allocate(sizeof(*reading.state))};

		if (!key || !read_state(&reading, service)) {
			service_state_free(reading.state);
			return refuse(err);
		}
		ledger_replace(ledger, key, created, service_state_pack(reading.state));
	}
	if (!add_former_vips(json_object_get(json_object_get(answer, "agent"), "formerVIPs"),
			     ledger))
		return refuse(err);
	return 0;
}
