/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_endpoints.h"

#include "status_field.h"
#include "status_table.h"

#include <string.h>

/* Virtual servers whose endpoints fare alike. */
struct group {
	char *servers; /* separated by ", " */
	json_t *rows;  /* [endpoint, used, reason] */
	const json_t *first;
};

struct groups {
	struct group *items;
	size_t count, capacity;
};

static void add_row(json_t *rows, const json_t *destination, const char *used, const char *reason)
{
	auto_memory char *address = status_field_address(destination);

	json_array_append_new(rows, json_pack("[sss]", address, used, reason));
}

/* The kernel was asked, and answered. */
static bool is_counted(const json_t *server)
{
	return json_object_get(server, "activeConnections");
}

static void add_wanted(json_t *rows, const json_t *server, const json_t *destination)
{
	const char *state = status_field_text(server, "state");
	const char *reason = status_field_text(server, "reason");
	auto_memory char *why = NULL;

	if (strcmp(state, "conflict") == 0) {
		add_row(rows, destination, "no", reason);
	} else if (is_counted(server) && !json_object_get(destination, "weight")) {
		why = string_printf("not in the kernel%s%s", *reason ? ": " : "", reason);
		add_row(rows, destination, "no", why);
	} else {
		add_row(rows, destination, "yes", status_field_text(destination, "rule"));
	}
}

static void add_leaving(json_t *rows, const json_t *destination)
{
	const char *since = status_field_text(destination, "drainingSince");
	const char *reason = status_field_text(destination, "reason");
	auto_memory char *why =
		*since ? string_printf("since %s: %s", since, reason) : string_dup(reason);

	add_row(rows, destination, "draining", why);
}

static bool is_leaving(const json_t *server, const json_t *endpoint)
{
	const json_t *destination;
	size_t i;

	json_array_foreach (json_object_get(server, "destinations"), i, destination) {
		if (json_equal(json_object_get(destination, "address"),
			       json_object_get(endpoint, "address")) &&
		    json_equal(json_object_get(destination, "port"),
			       json_object_get(endpoint, "port")))
			return true;
	}
	return false;
}

static json_t *rows_of(const json_t *server)
{
	json_t *rows = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(server, "destinations"), i, item) {
		if (json_is_true(json_object_get(item, "wanted")))
			add_wanted(rows, server, item);
		else
			add_leaving(rows, item);
	}
	json_array_foreach (json_object_get(server, "unused"), i, item) {
		if (!is_leaving(server, item))
			add_row(rows, item, "no", status_field_text(item, "reason"));
	}
	return rows;
}

static bool fares_alike(const struct group *group, const json_t *server, const json_t *rows)
{
	return json_equal(group->rows, rows) &&
	       strcmp(status_field_text(group->first, "hints"),
		      status_field_text(server, "hints")) == 0 &&
	       status_field_number(group->first, "leftOut") ==
		       status_field_number(server, "leftOut");
}

static void add_server(struct groups *groups, const json_t *server)
{
	auto_memory char *address = status_field_address(server);
	char *name = string_printf("%s/%s%s", address, status_field_text(server, "protocol"),
				   status_field_scope(server));
	json_t *rows = rows_of(server);
	struct group *group;

	for (size_t i = 0; i < groups->count; i++) {
		group = &groups->items[i];
		if (fares_alike(group, server, rows)) {
			char *longer = string_printf("%s, %s", group->servers, name);

			free(group->servers);
			free(name);
			json_decref(rows);
			group->servers = longer;
			return;
		}
	}
	groups->items = memory_grow(groups->items, groups->count, &groups->capacity,
				    sizeof(*groups->items));
	groups->items[groups->count++] =
		(struct group){.servers = name, .rows = rows, .first = server};
}

static enum status_colour colour_of(const char *used)
{
	if (strcmp(used, "yes") == 0)
		return STATUS_COLOUR_GOOD;
	return strcmp(used, "draining") == 0 ? STATUS_COLOUR_WAITING : STATUS_COLOUR_FAINT;
}

static void print_rows(const json_t *rows, bool is_coloured, FILE *stream)
{
	static const struct status_column columns[] = {
		{"ENDPOINT", false}, {"USED", false}, {"REASON", false}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *cells[COUNT(columns)];

		for (size_t k = 0; k < COUNT(cells); k++)
			cells[k] = json_string_value(json_array_get(row, k));
		status_table_add(table, cells, colour_of(cells[1]));
	}
	status_table_print(table, is_coloured, stream);
}

static void print_note(char *text, bool is_coloured, FILE *stream)
{
	status_colour_print(text, STATUS_COLOUR_WAITING, is_coloured, stream);
	fputc('\n', stream);
	free(text);
}

static void print_group(const struct group *group, bool is_coloured, FILE *stream)
{
	const char *hints = status_field_text(group->first, "hints");
	json_int_t left_out = status_field_number(group->first, "leftOut");

	fprintf(stream, "\nEndpoints of %s%s\n", group->servers,
		json_array_size(group->rows) ? ":" : ": none");
	if (json_array_size(group->rows))
		print_rows(group->rows, is_coloured, stream);
	if (*hints)
		print_note(string_dup(hints), is_coloured, stream);
	if (left_out)
		print_note(
			string_printf(
				"%lld of these get no connections: scheduler %s has no more places",
				(long long)left_out, status_field_text(group->first, "scheduler")),
			is_coloured, stream);
}

/* Who waits for the address and port that this Service has. */
static void print_others(const json_t *server, bool is_coloured, FILE *stream)
{
	auto_memory char *others = status_field_joined(json_object_get(server, "alsoWantedBy"));
	auto_memory char *address = status_field_address(server);

	if (!*others)
		return;
	fputc('\n', stream);
	print_note(string_printf("%s/%s%s is claimed by %s as well, in vain", address,
				 status_field_text(server, "protocol"), status_field_scope(server),
				 others),
		   is_coloured, stream);
}

void status_endpoints_print(const json_t *service, bool is_coloured, FILE *stream)
{
	struct groups groups = {0};
	const json_t *server;
	size_t i;

	json_array_foreach (json_object_get(service, "servers"), i, server) {
		add_server(&groups, server);
		print_others(server, is_coloured, stream);
	}
	for (i = 0; i < groups.count; i++) {
		print_group(&groups.items[i], is_coloured, stream);
		free(groups.items[i].servers);
		json_decref(groups.items[i].rows);
	}
	free(groups.items);
}
