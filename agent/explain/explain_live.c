/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_live.h"

#include "agent/input/node_state.h"
#include "agent/status/server_reading.h"
#include "agent/status/status_client.h"
#include "agent/status/status_document.h"
#include "agent/status/status_field.h"
#include "lib/kernel/ipvs_connections.h"
#include "lib/kernel/link.h"

#include <string.h>

/* More are counted, and not named. */
#define CONNECTIONS_MAX 250

/* The client's connections. @locals: addresses of this node, sorted */
struct search {
	const struct explain_query *query;
	struct address *locals;
	size_t local_count, local_capacity;
	json_t *list;
	json_int_t count;
};

static void add_local(struct search *search, const struct address *address)
{
	search->locals = memory_grow(search->locals, search->local_count, &search->local_capacity,
				     sizeof(*search->locals));
	search->locals[search->local_count++] = *address;
}

static void on_bound(void *owner, const struct address *address)
{
	add_local(owner, address);
}

static void on_node(void *owner, const struct node_address *address)
{
	add_local(owner, &address->address);
}

/* The node sends from any of its addresses, VIPs included. */
static int read_locals(struct search *search, struct error *err)
{
	struct link *link = NULL;
	int r = link_open(DUMMY_INTERFACE, &link, err);

	if (r >= 0)
		r = link_observe(link, on_bound, on_node, search, err);
	link_close(link);
	if (search->local_count)
		address_sort(search->locals, search->local_count);
	return r;
}

static bool is_client(const struct search *search, const struct address *client)
{
	bool is_local;

	if (search->query->client == EXPLAIN_CLIENT_ADDRESS)
		return address_is_equal(client, &search->query->source);
	is_local = address_is_among(client, search->locals, search->local_count);
	return is_local == (search->query->client == EXPLAIN_CLIENT_NODE);
}

static json_t *connection_json(const struct ipvs_connection *connection)
{
	char client[ADDRESS_TEXT_SIZE], endpoint[ADDRESS_TEXT_SIZE];

	return json_pack("{s:s, s:i, s:s, s:i, s:s, s:I}", "clientAddress",
			 address_text(&connection->client, client), "clientPort",
			 connection->client_port, "address",
			 address_text(&connection->endpoint, endpoint), "port",
			 connection->endpoint_port, "state", connection->state, "secondsLeft",
			 (json_int_t)connection->seconds);
}

static void on_connection(void *owner, const struct ipvs_connection *connection)
{
	struct search *search = owner;

	if (connection->port != search->query->port ||
	    connection->protocol != search->query->protocol ||
	    !address_is_equal(&connection->address, &search->query->address) ||
	    !is_client(search, &connection->client))
		return;
	if (search->count++ < CONNECTIONS_MAX)
		json_array_append_new(search->list, connection_json(connection));
}

static int add_connections(json_t *live, const struct explain_query *query, struct error *err)
{
	struct search search = {.query = query, .list = json_array()};
	int r = read_locals(&search, err);

	if (r >= 0)
		r = ipvs_connections_each(on_connection, &search, err);
	free(search.locals);
	json_object_set_new(live, "connections", search.list);
	json_object_set_new(live, "connectionCount", json_integer(search.count));
	return r;
}

static bool is_asked_for(const json_t *server, const struct explain_query *query)
{
	struct address address;

	return status_field_number(server, "port") == query->port &&
	       strcmp(status_field_text(server, "protocol"),
		      address_protocol_name(query->protocol)) == 0 &&
	       address_parse(status_field_text(server, "address"), &address) &&
	       address_is_equal(&address, &query->address);
}

static json_t *chosen_servers(const json_t *status, const struct explain_query *query)
{
	const json_t *services = json_object_get(status, "services"), *server;
	json_t *list = json_array();
	size_t i;

	json_array_foreach (json_object_get(json_array_get(services, 0), "servers"), i, server) {
		if (is_asked_for(server, query))
			json_array_append(list, (json_t *)server);
	}
	return list;
}

static int add_servers(json_t *live, const char *service, const struct explain_query *query,
		       const char *socket_path, struct error *err)
{
	auto_free(server_listing) struct server_listing *listing = NULL;
	json_t *status = NULL;
	int r;

	json_object_set_new(live, "servers", json_array());
	if (!*service)
		return 0;
	r = status_client_ask(socket_path, "status", service, &status, err);
	if (r >= 0)
		r = server_reading(status, &listing, err);
	if (r >= 0) {
		status_document_join(status, listing);
		json_object_set_new(live, "servers", chosen_servers(status, query));
	}
	json_decref(status);
	return r;
}

int explain_live_add(json_t *document, const struct explain_query *query, const char *socket_path,
		     struct error *err)
{
	json_t *live = json_object();
	int r = add_servers(live, status_field_text(document, "service"), query, socket_path, err);

	if (r >= 0)
		r = add_connections(live, query, err);
	json_object_set_new(document, "live", live);
	return r;
}

static long long number(const json_t *object, const char *name)
{
	return (long long)status_field_number(object, name);
}

static void print_server(const json_t *server, FILE *stream)
{
	const json_t *traffic = json_object_get(server, "traffic"), *destination;
	auto_memory char *address = status_field_address(server);
	size_t i;

	fprintf(stream,
		"  %s/%s%s had %lld connections since it was created: %lld packets in, %lld out\n",
		address, status_field_text(server, "protocol"), status_field_scope(server),
		number(traffic, "connections"), number(traffic, "packetsIn"),
		number(traffic, "packetsOut"));
	json_array_foreach (json_object_get(server, "destinations"), i, destination) {
		auto_memory char *place = status_field_address(destination);

		fprintf(stream, "    %s has %lld active and %lld inactive connections%s\n", place,
			number(destination, "activeConnections"),
			number(destination, "inactiveConnections"),
			json_is_true(json_object_get(destination, "wanted")) ? "" : ", and drains");
	}
}

static void print_connection(const json_t *connection, FILE *stream)
{
	auto_memory char *endpoint = status_field_address(connection);
	const char *client = status_field_text(connection, "clientAddress");
	long long port = number(connection, "clientPort");

	if (port)
		fprintf(stream, "  %s, port %lld, to %s: %s, forgotten in %lld s\n", client, port,
			endpoint, status_field_text(connection, "state"),
			number(connection, "secondsLeft"));
	else
		fprintf(stream, "  %s stays with %s for %lld s\n", client, endpoint,
			number(connection, "secondsLeft"));
}

void explain_live_print(const json_t *document, FILE *stream)
{
	const json_t *live = json_object_get(document, "live");
	const json_t *connections = json_object_get(live, "connections"), *item;
	long long rest = number(live, "connectionCount") - (long long)json_array_size(connections);
	size_t i;

	fputs("\nWhat IPVS has now:\n\n", stream);
	json_array_foreach (json_object_get(live, "servers"), i, item) {
		print_server(item, stream);
	}
	json_array_foreach (connections, i, item) {
		print_connection(item, stream);
	}
	if (rest > 0)
		fprintf(stream, "  and %lld others\n", rest);
	if (!json_array_size(connections))
		fputs("  No connection of the client.\n", stream);
}
