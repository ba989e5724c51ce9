/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_document.h"

#include "status_field.h"

#include <netinet/in.h>
#include <string.h>

#define FORMAT_VERSION 1

static uint16_t protocol_of(const char *name)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	for (size_t i = 0; i < COUNT(protocols); i++)
		if (strcmp(address_protocol_name(protocols[i]), name) == 0)
			return protocols[i];
	return 0;
}

static void key_of(const json_t *server, struct virtual_server_key *ret)
{
	json_int_t mark = json_integer_value(json_object_get(server, "firewallMark"));

	memset(ret, 0, sizeof(*ret));
	address_parse(status_field_text(server, "address"), &ret->address);
	if (mark) {
		ret->firewall_mark = (uint32_t)mark;
		memset(ret->address.bytes, 0, sizeof(ret->address.bytes));
		return;
	}
	ret->port = (uint16_t)json_integer_value(json_object_get(server, "port"));
	ret->protocol = protocol_of(status_field_text(server, "protocol"));
}

/* Another Service has this virtual server. */
static bool is_lost(const json_t *server)
{
	return strcmp(status_field_text(server, "state"), "conflict") == 0;
}

void status_document_each(const json_t *document,
			  void (*visit)(void *owner, const char *service,
					const struct virtual_server_key *server),
			  void *owner)
{
	const json_t *service, *server;
	struct virtual_server_key key;
	size_t i, k;

	json_array_foreach (json_object_get(document, "services"), i, service) {
		auto_memory char *name =
			string_printf("%s/%s", status_field_text(service, "namespace"),
				      status_field_text(service, "name"));

		json_array_foreach (json_object_get(service, "servers"), k, server) {
			if (is_lost(server))
				continue;
			key_of(server, &key);
			visit(owner, name, &key);
		}
	}
}

struct key_list {
	struct virtual_server_key *items;
	size_t count, capacity;
};

static void add_key(void *owner, const char *service, const struct virtual_server_key *server)
{
	struct key_list *list = owner;

	(void)service;
	list->items = memory_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = *server;
}

struct virtual_server_key *status_document_keys(const json_t *document, size_t *count)
{
	struct key_list list = {0};

	status_document_each(document, add_key, &list);
	*count = list.count;
	return list.items;
}

/* A destination of the agent's answer, and what it says about it; "" if nothing. */
struct noted_destination {
	struct destination destination;
	const char *note;
};

/* The reverse of address_port_text(), up to a space. */
static bool parse_destination(const char *text, struct destination *ret)
{
	const char *colon = memrchr(text, ':', strcspn(text, " "));
	auto_memory char *address = NULL;

	memset(ret, 0, sizeof(*ret));
	if (!colon)
		return false;
	ret->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	if (*text == '[' && colon > text + 1)
		address = string_printf("%.*s", (int)(colon - text) - 2, text + 1);
	else
		address = string_printf("%.*s", (int)(colon - text), text);
	return address_parse(address, &ret->address);
}

static json_t *destination_json(const struct destination *destination)
{
	json_t *json = json_object();
	char text[ADDRESS_TEXT_SIZE];

	json_object_set_new(json, "address",
			    json_string(address_text(&destination->address, text)));
	json_object_set_new(json, "port", json_integer(destination->port));
	return json;
}

static void add_usage(json_t *json, const struct destination_usage *usage)
{
	json_object_set_new(json, "weight", json_integer(usage->destination.weight));
	json_object_set_new(json, "activeConnections", json_integer(usage->active_connections));
	json_object_set_new(json, "inactiveConnections", json_integer(usage->inactive_connections));
	json_object_set_new(json, "persistentConnections",
			    json_integer(usage->persistent_connections));
}

static void add_totals(json_t *json, const struct listed_server *listed)
{
	json_int_t active = 0, inactive = 0;

	for (size_t i = 0; listed && i < listed->usage_count; i++) {
		active += listed->usages[i].active_connections;
		inactive += listed->usages[i].inactive_connections;
	}
	json_object_set_new(json, "activeConnections", json_integer(active));
	json_object_set_new(json, "inactiveConnections", json_integer(inactive));
}

/* What it has had since it was created; nothing where the kernel does not tell. */
static void add_traffic(json_t *json, const struct listed_server *listed)
{
	const struct ipvs_traffic *traffic = listed ? &listed->traffic : NULL;

	if (!listed || !listed->has_traffic)
		return;
	json_object_set_new(json, "traffic",
			    json_pack("{s:I, s:I, s:I, s:I, s:I}", "connections",
				      (json_int_t)traffic->connections, "packetsIn",
				      (json_int_t)traffic->packets_in, "packetsOut",
				      (json_int_t)traffic->packets_out, "bytesIn",
				      (json_int_t)traffic->bytes_in, "bytesOut",
				      (json_int_t)traffic->bytes_out));
}

static int compare_usages(const void *a, const void *b)
{
	return destination_compare(&((const struct destination_usage *)a)->destination,
				   &((const struct destination_usage *)b)->destination);
}

/* Of struct noted_destination, which begin with what is compared. */
static int compare_destinations(const void *a, const void *b)
{
	return destination_compare(a, b);
}

/* @texts: "ADDRESS:PORT NOTE"; the notes are theirs */
static struct noted_destination *parsed_destinations(const json_t *texts, size_t *count)
{
	struct noted_destination *parsed = memory_array(json_array_size(texts), sizeof(*parsed));
	const json_t *item;
	size_t i;

	*count = 0;
	json_array_foreach (texts, i, item) {
		const char *text = json_string_value(item);
		const char *space;

		if (!text || !parse_destination(text, &parsed[*count].destination))
			continue;
		space = strchr(text, ' ');
		parsed[(*count)++].note = space ? space + 1 : "";
	}
	if (*count)
		qsort(parsed, *count, sizeof(*parsed), compare_destinations);
	return parsed;
}

/* Return: NULL if it is not among them */
static const char *find_note(const struct noted_destination *sorted, size_t count,
			     const struct destination *destination)
{
	const struct noted_destination *found =
		count ? bsearch(destination, sorted, count, sizeof(*sorted), compare_destinations)
		      : NULL;

	return found ? found->note : NULL;
}

static struct destination_usage *sorted_usages(const struct listed_server *listed, size_t *count)
{
	struct destination_usage *usages;

	*count = listed ? listed->usage_count : 0;
	usages = memory_array(*count, sizeof(*usages));
	if (*count) {
		memcpy(usages, listed->usages, *count * sizeof(*usages));
		qsort(usages, *count, sizeof(*usages), compare_usages);
	}
	return usages;
}

/*
 * A virtual server's destinations, each list sorted.
 * @rule:  by which those are used that are wanted
 */
struct joining {
	const char *rule;
	struct noted_destination *wanted;
	size_t wanted_count;
	struct noted_destination *unused;
	size_t unused_count;
	struct noted_destination *leaving;
	size_t leaving_count;
	struct destination_usage *usages;
	size_t usage_count;
};

/* Only the kernel has it: since when, and what became of the endpoint. */
static void explain_leaving(json_t *json, const struct joining *joining,
			    const struct destination *destination)
{
	const char *since = find_note(joining->leaving, joining->leaving_count, destination);
	const char *reason = find_note(joining->unused, joining->unused_count, destination);

	if (since && *since)
		json_object_set_new(json, "drainingSince", json_string(since));
	json_object_set_new(json, "reason", json_string(reason ? reason : "endpoint removed"));
}

/* What is wanted and what is held, merged. @leaving: how many endpoints only the kernel knows */
static json_t *join_destinations(const struct joining *joining, size_t *leaving)
{
	size_t i = 0, k = 0;
	json_t *list = json_array();

	*leaving = 0;
	while (i < joining->wanted_count || k < joining->usage_count) {
		const struct destination *wanted = &joining->wanted[i].destination;
		const struct destination_usage *usage = &joining->usages[k];
		int order = i == joining->wanted_count ? 1
			    : k == joining->usage_count
				    ? -1
				    : destination_compare(wanted, &usage->destination);
		json_t *json = destination_json(order <= 0 ? wanted : &usage->destination);

		json_object_set_new(json, "wanted", json_boolean(order <= 0));
		if (order >= 0) {
			add_usage(json, usage);
			k++;
		}
		if (order <= 0) {
			json_object_set_new(json, "rule", json_string(joining->rule));
			i++;
		} else {
			explain_leaving(json, joining, &usage->destination);
			*leaving += !find_note(joining->unused, joining->unused_count,
					       &usage->destination);
		}
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *unused_json(const struct joining *joining)
{
	json_t *list = json_array();

	for (size_t i = 0; i < joining->unused_count; i++) {
		json_t *json = destination_json(&joining->unused[i].destination);

		json_object_set_new(json, "reason", json_string(joining->unused[i].note));
		json_array_append_new(list, json);
	}
	return list;
}

static void join_server(json_t *server, const struct server_listing *listing)
{
	const struct listed_server *listed = NULL;
	struct joining joining;
	struct virtual_server_key key;
	json_t *destinations;
	size_t leaving;

	if (listing && !is_lost(server)) {
		key_of(server, &key);
		listed = server_listing_find(listing, &key);
		add_totals(server, listed);
		add_traffic(server, listed);
	}
	joining.rule = status_field_text(server, "rule");
	joining.wanted =
		parsed_destinations(json_object_get(server, "destinations"), &joining.wanted_count);
	joining.leaving =
		parsed_destinations(json_object_get(server, "leaving"), &joining.leaving_count);
	joining.unused =
		parsed_destinations(json_object_get(server, "unused"), &joining.unused_count);
	joining.usages = sorted_usages(listed, &joining.usage_count);
	destinations = join_destinations(&joining, &leaving);

	/* The notes are in what is replaced, and the rule goes to whom it applies. */
	json_object_set_new(server, "unused", unused_json(&joining));
	json_object_set_new(server, "destinations", destinations);
	json_object_del(server, "leaving");
	json_object_del(server, "rule");
	json_object_set_new(server, "endpoints",
			    json_integer((json_int_t)joining.wanted_count +
					 (json_int_t)joining.unused_count + (json_int_t)leaving));
	free(joining.wanted);
	free(joining.unused);
	free(joining.leaving);
	free(joining.usages);
}

void status_document_count(json_t *document)
{
	json_t *states = json_object();
	const json_t *service;
	size_t i;

	json_array_foreach (json_object_get(document, "services"), i, service) {
		const char *state = status_field_text(service, "state");

		json_object_set_new(states, state,
				    json_integer(status_field_number(states, state) + 1));
	}
	json_object_set_new(document, "states", states);
}

void status_document_join(json_t *document, const struct server_listing *listing)
{
	json_t *service, *server;
	size_t i, k;

	json_array_foreach (json_object_get(document, "services"), i, service) {
		json_array_foreach (json_object_get(service, "servers"), k, server) {
			join_server(server, listing);
		}
	}
	json_object_set_new(document, "version", json_integer(FORMAT_VERSION));
}

static json_t *listed_json(const struct listed_server *listed)
{
	const struct virtual_server *server = &listed->server;
	size_t count;
	auto_memory struct destination_usage *usages = sorted_usages(listed, &count);
	json_t *json = json_object(), *destinations = json_array();
	char text[ADDRESS_TEXT_SIZE];

	if (server->key.firewall_mark) {
		json_object_set_new(json, "firewallMark", json_integer(server->key.firewall_mark));
	} else {
		json_object_set_new(json, "address",
				    json_string(address_text(&server->key.address, text)));
		json_object_set_new(json, "port", json_integer(server->key.port));
		json_object_set_new(
			json, "protocol",
			json_string(address_protocol_name((uint8_t)server->key.protocol)));
	}
	json_object_set_new(json, "scheduler", json_string(server->scheduler));
	json_object_set_new(json, "persistenceSeconds", json_integer(server->persistence_seconds));
	for (size_t i = 0; i < count; i++) {
		json_t *destination = destination_json(&usages[i].destination);

		add_usage(destination, &usages[i]);
		json_array_append_new(destinations, destination);
	}
	json_object_set_new(json, "destinations", destinations);
	add_totals(json, listed);
	add_traffic(json, listed);
	return json;
}

json_t *status_document_of_kernel(const struct server_listing *listing)
{
	json_t *document = json_object(), *list = json_array();
	size_t count;
	auto_memory const struct listed_server **servers = server_listing_sorted(listing, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, listed_json(servers[i]));
	json_object_set_new(document, "version", json_integer(FORMAT_VERSION));
	json_object_set_new(document, "agent", json_null());
	json_object_set_new(document, "virtualServers", list);
	return document;
}
