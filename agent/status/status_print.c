/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_print.h"

#include "lib/base/address.h"
#include "status_endpoints.h"
#include "status_field.h"
#include "status_header.h"
#include "status_table.h"
#include "status_traffic.h"

#include <ctype.h>
#include <string.h>

/* A set that is fuller than this is worth a word, although the agent makes room in time. */
#define SET_CLOSE_PERCENT 90

enum column {
	COLUMN_SERVICE,
	COLUMN_TYPE,
	COLUMN_KIND,
	COLUMN_PORT_NAME,
	COLUMN_ADDRESS,
	COLUMN_PROTOCOL,
	COLUMN_SCHEDULER,
	COLUMN_AFFINITY,
	COLUMN_WEIGHT,
	COLUMN_ENDPOINTS,
	COLUMN_ACTIVE,
	COLUMN_INACTIVE,
	COLUMN_STATE,
};
#define COLUMN_COUNT (COLUMN_STATE + 1)

/* All columns in order; those that only the wide table has are marked. */
static const struct {
	struct status_column column;
	bool is_wide_only;
} all_columns[COLUMN_COUNT] = {
	[COLUMN_SERVICE] = {{"NAMESPACE/NAME", false}, false},
	[COLUMN_TYPE] = {{"TYPE", false}, false},
	[COLUMN_KIND] = {{"KIND", false}, true},
	[COLUMN_PORT_NAME] = {{"PORT-NAME", false}, true},
	[COLUMN_ADDRESS] = {{"ADDRESS:PORT", false}, false},
	[COLUMN_PROTOCOL] = {{"PROTOCOL", false}, false},
	[COLUMN_SCHEDULER] = {{"SCHEDULER", false}, false},
	[COLUMN_AFFINITY] = {{"AFFINITY", false}, false},
	[COLUMN_WEIGHT] = {{"WEIGHT", true}, true},
	[COLUMN_ENDPOINTS] = {{"ENDPOINTS", true}, false},
	[COLUMN_ACTIVE] = {{"ACTIVE", true}, false},
	[COLUMN_INACTIVE] = {{"INACTIVE", true}, false},
	[COLUMN_STATE] = {{"STATE", false}, false},
};

/* A table of services, with the columns that its style has. */
struct listing {
	struct status_table *table;
	const struct status_style *style;
	const char *cells[COLUMN_COUNT];
};

static void add_row(struct listing *listing, enum status_colour colour)
{
	const char *cells[COLUMN_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (listing->style->is_wide || !all_columns[i].is_wide_only)
			cells[count++] = listing->cells[i] ? listing->cells[i] : "";
	status_table_add(listing->table, cells, colour);
	memset(listing->cells, 0, sizeof(listing->cells));
}

static enum status_colour state_colour(const char *state)
{
	if (strcmp(state, "programmed") == 0)
		return STATUS_COLOUR_GOOD;
	if (strcmp(state, "pending") == 0)
		return STATUS_COLOUR_WAITING;
	if (strcmp(state, "skipped") == 0)
		return STATUS_COLOUR_FAINT;
	return STATUS_COLOUR_BAD;
}

static char *state_text(const json_t *object)
{
	const char *reason = status_field_text(object, "reason");

	return string_printf("%s%s%s", status_field_text(object, "state"), *reason ? ": " : "",
			     reason);
}

/* A count that is missing could not be read. */
static char *count_text(const json_t *object, const char *name)
{
	const json_t *count = json_object_get(object, name);

	return count ? string_printf("%lld", (long long)json_integer_value(count))
		     : string_dup("-");
}

static char *affinity_text(const json_t *server)
{
	json_int_t seconds = status_field_number(server, "persistenceSeconds");

	return seconds ? string_printf("%llds", (long long)seconds) : string_dup("-");
}

static void add_destination(struct listing *listing, const json_t *destination)
{
	auto_memory char *target = status_field_address(destination);
	auto_memory char *address = string_printf("-> %s", target);
	auto_memory char *weight = count_text(destination, "weight");
	auto_memory char *active = count_text(destination, "activeConnections");
	auto_memory char *inactive = count_text(destination, "inactiveConnections");
	const json_t *wanted = json_object_get(destination, "wanted");
	bool is_leaving = wanted && !json_is_true(wanted);

	listing->cells[COLUMN_ADDRESS] = address;
	listing->cells[COLUMN_WEIGHT] = weight;
	listing->cells[COLUMN_ACTIVE] = active;
	listing->cells[COLUMN_INACTIVE] = inactive;
	listing->cells[COLUMN_STATE] = is_leaving ? "draining" : "";
	add_row(listing, STATUS_COLOUR_WAITING);
}

static void add_destinations(struct listing *listing, const json_t *server)
{
	const json_t *destination;
	size_t i;

	if (!listing->style->is_wide)
		return;
	json_array_foreach (json_object_get(server, "destinations"), i, destination) {
		add_destination(listing, destination);
	}
}

static size_t wanted_count(const json_t *server)
{
	const json_t *destination;
	size_t i, count = 0;

	json_array_foreach (json_object_get(server, "destinations"), i, destination) {
		count += json_is_true(json_object_get(destination, "wanted"));
	}
	return count;
}

/* An earlier version of a rejected Service may be in force; that it is rejected matters more. */
static const json_t *state_holder(const json_t *service, const json_t *server)
{
	return strcmp(status_field_text(service, "state"), "rejected") == 0 ? service : server;
}

static void add_server(struct listing *listing, const char *name, const json_t *service,
		       const json_t *server)
{
	const json_t *holder = state_holder(service, server);
	auto_memory char *target = status_field_address(server);
	auto_memory char *address = string_printf("%s%s", target, status_field_scope(server));
	auto_memory char *affinity = affinity_text(server);
	auto_memory char *endpoints =
		string_printf("%zu/%lld/%lld", wanted_count(server),
			      (long long)status_field_number(server, "draining"),
			      (long long)status_field_number(server, "endpoints"));
	auto_memory char *active = count_text(server, "activeConnections");
	auto_memory char *inactive = count_text(server, "inactiveConnections");
	auto_memory char *state = state_text(holder);
	const char *port_name = status_field_text(server, "portName");

	listing->cells[COLUMN_SERVICE] = name;
	listing->cells[COLUMN_TYPE] = status_field_text(service, "type");
	listing->cells[COLUMN_KIND] = status_field_text(server, "kind");
	listing->cells[COLUMN_PORT_NAME] = *port_name ? port_name : "-";
	listing->cells[COLUMN_ADDRESS] = address;
	listing->cells[COLUMN_PROTOCOL] = status_field_text(server, "protocol");
	listing->cells[COLUMN_SCHEDULER] = status_field_text(server, "scheduler");
	listing->cells[COLUMN_AFFINITY] = affinity;
	listing->cells[COLUMN_WEIGHT] = "-";
	listing->cells[COLUMN_ENDPOINTS] = endpoints;
	listing->cells[COLUMN_ACTIVE] = active;
	listing->cells[COLUMN_INACTIVE] = inactive;
	listing->cells[COLUMN_STATE] = state;
	add_row(listing, state_colour(status_field_text(holder, "state")));
	add_destinations(listing, server);
}

/* A Service without virtual servers. */
static void add_plain_service(struct listing *listing, const char *name, const json_t *service)
{
	const char *type = status_field_text(service, "type");
	auto_memory char *state = state_text(service);

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		listing->cells[i] = "-";
	listing->cells[COLUMN_SERVICE] = name;
	listing->cells[COLUMN_TYPE] = *type ? type : "-";
	listing->cells[COLUMN_STATE] = state;
	add_row(listing, state_colour(status_field_text(service, "state")));
}

static void add_service(struct listing *listing, const json_t *service)
{
	const json_t *servers = json_object_get(service, "servers"), *server;
	auto_memory char *name = string_printf("%s/%s", status_field_text(service, "namespace"),
					       status_field_text(service, "name"));
	size_t i;

	if (!json_array_size(servers))
		add_plain_service(listing, name, service);
	json_array_foreach (servers, i, server) {
		add_server(listing, name, service, server);
	}
}

static void print_services(const json_t *services, const struct status_style *style, FILE *stream)
{
	struct status_column columns[COLUMN_COUNT];
	struct listing listing = {.style = style};
	const json_t *service;
	size_t i, count = 0;

	if (!json_array_size(services)) {
		fputs("No Services.\n", stream);
		return;
	}
	for (i = 0; i < COLUMN_COUNT; i++)
		if (style->is_wide || !all_columns[i].is_wide_only)
			columns[count++] = all_columns[i].column;
	listing.table = status_table_new(columns, count);
	json_array_foreach (services, i, service) {
		add_service(&listing, service);
	}
	status_table_print(listing.table, style->is_coloured, stream);
	status_table_free(listing.table);
}

/* A slice names its Service only in a label, so all of the namespace may matter. */
static bool is_asked_for(const json_t *rejection, const char *filter)
{
	const char *namespace_name = status_field_text(rejection, "namespace");
	size_t length = strlen(namespace_name);
	const char *name = filter + length + 1;

	if (!*filter || !length)
		return true;
	if (strncmp(filter, namespace_name, length) != 0 || filter[length] != '/')
		return false;
	return !*name || strcmp(status_field_text(rejection, "kind"), "Service") != 0 ||
	       strcmp(status_field_text(rejection, "name"), name) == 0;
}

static void print_service_remarks(const json_t *services, const struct status_style *style,
				  FILE *stream)
{
	static const struct status_column columns[] = {{"SERVICE", false}, {"REMARK", false}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	const json_t *service, *remark;
	bool is_empty = true;
	size_t i, k;

	json_array_foreach (services, i, service) {
		auto_memory char *name =
			string_printf("%s/%s", status_field_text(service, "namespace"),
				      status_field_text(service, "name"));

		json_array_foreach (json_object_get(service, "remarks"), k, remark) {
			status_table_add(table, (const char *[]){name, json_string_value(remark)},
					 STATUS_COLOUR_WAITING);
			is_empty = false;
		}
	}
	if (is_empty)
		return;
	fputc('\n', stream);
	status_table_print(table, style->is_coloured, stream);
}

static void print_rejections(const json_t *rejections, const struct status_style *style,
			     FILE *stream)
{
	static const struct status_column columns[] = {{"REJECTED", false}, {"REASON", false}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	const json_t *rejection;
	bool is_empty = true;
	size_t i;

	json_array_foreach (rejections, i, rejection) {
		const char *namespace_name = status_field_text(rejection, "namespace");
		auto_memory char *object = NULL;

		if (!is_asked_for(rejection, style->filter))
			continue;
		object = string_printf("%s %s%s%s", status_field_text(rejection, "kind"),
				       namespace_name, *namespace_name ? "/" : "",
				       status_field_text(rejection, "name"));
		status_table_add(table,
				 (const char *[]){object, status_field_text(rejection, "reason")},
				 STATUS_COLOUR_BAD);
		is_empty = false;
	}
	if (is_empty)
		return;
	fputc('\n', stream);
	status_table_print(table, style->is_coloured, stream);
}

/* One line in the colour of its weight. */
static void print_remark(char *text, enum status_colour colour, const struct status_style *style,
			 FILE *stream)
{
	status_colour_print(text, colour, style->is_coloured, stream);
	fputc('\n', stream);
	free(text);
}

static void print_full_sets(const json_t *sets, const struct status_style *style, FILE *stream)
{
	const json_t *set;
	size_t i;

	json_array_foreach (sets, i, set) {
		json_int_t members = status_field_number(set, "members");
		json_int_t capacity = status_field_number(set, "capacity");

		if (!capacity || members * 100 < capacity * SET_CLOSE_PERCENT)
			continue;
		print_remark(string_printf("Set %s is close to its capacity: %lld of %lld members.",
					   status_field_text(set, "name"), (long long)members,
					   (long long)capacity),
			     STATUS_COLOUR_WAITING, style, stream);
	}
}

static void print_failures(const json_t *agent, const struct status_style *style, FILE *stream)
{
	json_int_t failed = status_field_number(agent, "waitingForRetry");

	if (failed)
		print_remark(string_printf("%lld kernel objects failed; retrying them.",
					   (long long)failed),
			     STATUS_COLOUR_BAD, style, stream);
}

static void print_settings(const json_t *settings, const struct status_style *style, FILE *stream)
{
	const char *error = status_field_text(settings, "error");
	auto_memory char *waiting =
		status_field_joined(json_object_get(settings, "waitingForRestart"));

	if (*error)
		print_remark(string_printf("Reload failed, previous settings in force: %s", error),
			     STATUS_COLOUR_BAD, style, stream);
	if (*waiting)
		print_remark(
			string_printf("Settings that take effect after a restart: %s", waiting),
			STATUS_COLOUR_WAITING, style, stream);
}

/* Of what cannot be reached some is programmed no more, and some comes late. */
static void print_lost(const json_t *lost, const struct status_style *style, FILE *stream)
{
	const char *part;
	json_t *reason;

	json_object_foreach ((json_t *)lost, part, reason)
		print_remark(string_printf("The kernel's %s cannot be reached, retrying: %s", part,
					   json_string_value(reason)),
			     STATUS_COLOUR_BAD, style, stream);
}

/* What others on this host do that disturbs Services; a sentence that the log has as well. */
static void print_host(const json_t *agent, const struct status_style *style, FILE *stream)
{
	static const char *const names[] = {"otherVariant", "portOverlap"};

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *text = status_field_text(agent, names[i]);

		if (*text)
			print_remark(
				string_printf("%c%s.", toupper((unsigned char)*text), text + 1),
				STATUS_COLOUR_BAD, style, stream);
	}
}

/* What keeps the agent from its work, if anything does. */
static void print_obstacles(const json_t *agent, const struct status_style *style, FILE *stream)
{
	const json_t *source = json_object_get(agent, "source");
	const json_t *rules = json_object_get(agent, "rules");
	const char *rules_error = status_field_text(rules, "error");

	const json_t *in_cluster = json_object_get(agent, "inCluster");
	const char *in_cluster_error = status_field_text(in_cluster, "error");
	const char *clash = status_field_text(in_cluster, "clash");
	const char *ipv6_off = status_field_text(agent, "ipv6Off");

	print_settings(json_object_get(agent, "settings"), style, stream);
	print_lost(json_object_get(agent, "lost"), style, stream);
	if (*ipv6_off)
		print_remark(
			string_printf(
				"IPv6 is off on this node, so IPv6 addresses of Services are not programmed: %s",
				ipv6_off),
			STATUS_COLOUR_WAITING, style, stream);
	if (*in_cluster_error)
		print_remark(
			string_printf(
				"externalTrafficPolicy Local: in-cluster clients are treated as external ones (kube-proxy behaviour): %s",
				in_cluster_error),
			STATUS_COLOUR_WAITING, style, stream);
	if (*clash)
		print_remark(
			string_printf(
				"Another program uses firewall marks of the agent's range, so in-cluster clients may not reach all endpoints: %s. Choose another range with --in-cluster-mark-base and --in-cluster-mark-mask.",
				clash),
			STATUS_COLOUR_BAD, style, stream);
	if (*rules_error && json_is_true(json_object_get(rules, "inPlace")))
		print_remark(string_dup(rules_error), STATUS_COLOUR_BAD, style, stream);
	else if (*rules_error)
		print_remark(string_printf("The iptables rules are not in place: %s", rules_error),
			     STATUS_COLOUR_BAD, style, stream);
	if (!json_is_true(json_object_get(source, "synced")))
		print_remark(
			string_dup(
				"Waiting for the source: nothing is programmed until it has been read completely."),
			STATUS_COLOUR_WAITING, style, stream);
	else if (json_is_true(json_object_get(agent, "waitingForPodCIDRs")))
		print_remark(
			string_dup(
				"Waiting for podCIDRs of the Node, which detectLocalMode NodeCIDR requires."),
			STATUS_COLOUR_WAITING, style, stream);
	else if (!json_is_true(json_object_get(rules, "inPlace")))
		print_remark(string_dup("Waiting for the iptables rules."), STATUS_COLOUR_WAITING,
			     style, stream);
	else if (!json_is_true(json_object_get(agent, "settled")))
		print_remark(string_dup("In progress: not every Service is programmed yet."),
			     STATUS_COLOUR_WAITING, style, stream);
}

/* Of one Service that is asked for by its name. */
static void print_details(const json_t *services, const struct status_style *style, FILE *stream)
{
	size_t length = strlen(style->filter);
	const json_t *service;
	size_t i;

	if (!length || style->filter[length - 1] == '/')
		return;
	json_array_foreach (services, i, service) {
		status_endpoints_print(service, style->is_coloured, stream);
		status_traffic_print(service, style->is_coloured, stream);
	}
}

/* What is wrong with the agent or around it, after an empty line; nothing if nothing is. */
static void print_agent(const json_t *agent, const struct status_style *style, FILE *stream)
{
	auto_memory char *text = NULL;
	size_t size = 0;
	FILE *remarks = open_memstream(&text, &size);

	if (!remarks)
		abort();
	print_failures(agent, style, remarks);
	print_full_sets(json_object_get(agent, "sets"), style, remarks);
	print_obstacles(agent, style, remarks);
	print_host(agent, style, remarks);
	fclose(remarks);
	if (size)
		fprintf(stream, "\n%s", text);
}

void status_print(const json_t *document, const struct status_style *style, FILE *stream)
{
	const json_t *services = json_object_get(document, "services");
	const json_t *agent = json_object_get(document, "agent");

	if (!style->is_partial)
		status_header_print(document, style->is_coloured, stream);
	print_services(services, style, stream);
	print_details(services, style, stream);
	print_service_remarks(services, style, stream);
	print_rejections(json_object_get(agent, "rejections"), style, stream);
	print_agent(agent, style, stream);
}

static void add_kernel_server(struct status_table *table, const json_t *server,
			      const struct status_style *style)
{
	json_int_t mark = status_field_number(server, "firewallMark");
	const json_t *destinations = json_object_get(server, "destinations"), *destination;
	auto_memory char *address =
		mark ? string_printf("fwmark %lld", (long long)mark) : status_field_address(server);
	auto_memory char *affinity = affinity_text(server);
	auto_memory char *count = string_printf("%zu", json_array_size(destinations));
	auto_memory char *active = count_text(server, "activeConnections");
	auto_memory char *inactive = count_text(server, "inactiveConnections");
	size_t i;

	status_table_add(table,
			 (const char *[]){address,
					  mark ? "-" : status_field_text(server, "protocol"),
					  status_field_text(server, "scheduler"), affinity, "-",
					  count, active, inactive},
			 STATUS_COLOUR_NONE);
	if (!style->is_wide)
		return;
	json_array_foreach (destinations, i, destination) {
		auto_memory char *target = status_field_address(destination);
		auto_memory char *arrow = string_printf("-> %s", target);
		auto_memory char *weight = count_text(destination, "weight");
		auto_memory char *its_active = count_text(destination, "activeConnections");
		auto_memory char *its_inactive = count_text(destination, "inactiveConnections");

		status_table_add(
			table,
			(const char *[]){arrow, "", "", "", weight, "", its_active, its_inactive},
			STATUS_COLOUR_NONE);
	}
}

void status_print_kernel(const json_t *document, const struct status_style *style, FILE *stream)
{
	static const struct status_column columns[] = {
		{"ADDRESS:PORT", false}, {"PROTOCOL", false}, {"SCHEDULER", false},
		{"AFFINITY", false},	 {"WEIGHT", true},    {"DESTINATIONS", true},
		{"ACTIVE", true},	 {"INACTIVE", true},
	};
	const json_t *servers = json_object_get(document, "virtualServers"), *server;
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	size_t i;

	if (!json_array_size(servers)) {
		fputs("No virtual servers in the kernel.\n", stream);
		return;
	}
	json_array_foreach (servers, i, server) {
		add_kernel_server(table, server, style);
	}
	status_table_print(table, style->is_coloured, stream);
}
