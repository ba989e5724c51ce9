/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff_print.h"

#include "agent/status/status_table.h"
#include "lib/source/json_text.h"

#include <jansson.h>

#define DOCUMENT_VERSION 1

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void print_differences(const struct differences *differences, bool is_coloured, FILE *stream)
{
	static const struct status_column columns[] = {
		{"OBJECT", false}, {"KERNEL", false}, {"WANTED", false}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));

	if (!differences->count)
		return;
	for (size_t i = 0; i < differences->count; i++) {
		const struct difference *one = &differences->items[i];

		status_table_add(
			table,
			(const char *[]){one->object, or_dash(one->kernel), or_dash(one->wanted)},
			STATUS_COLOUR_BAD);
	}
	status_table_print(table, is_coloured, stream);
	fputc('\n', stream);
}

static void print_draining(const struct differences *differences, bool is_coloured, FILE *stream)
{
	static const struct status_column columns[] = {
		{"DRAINING", false}, {"ACTIVE", true}, {"INACTIVE", true}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));

	if (!differences->draining_count)
		return;
	for (size_t i = 0; i < differences->draining_count; i++) {
		const struct draining *one = &differences->draining[i];
		char active[16], inactive[16];

		snprintf(active, sizeof(active), "%u", one->active_connections);
		snprintf(inactive, sizeof(inactive), "%u", one->inactive_connections);
		status_table_add(table, (const char *[]){one->object, active, inactive},
				 STATUS_COLOUR_NONE);
	}
	status_table_print(table, is_coloured, stream);
	fputc('\n', stream);
}

void diff_print_text(const struct differences *differences, const struct diff_subject *subject,
		     bool is_coloured, FILE *stream)
{
	print_differences(differences, is_coloured, stream);
	print_draining(differences, is_coloured, stream);
	if (differences->count)
		fprintf(stream, "%zu difference%s between the kernel of node %s and %s.\n",
			differences->count, differences->count == 1 ? "" : "s", subject->node,
			subject->source);
	else
		fprintf(stream, "The kernel of node %s is as wanted by %s.\n", subject->node,
			subject->source);
}

static json_t *difference_json(const struct difference *difference)
{
	json_t *json = json_object();

	json_object_set_new(json, "kind", json_string(difference->kind));
	json_object_set_new(json, "object", json_text(difference->object));
	json_object_set_new(json, "kernel", json_text(difference->kernel));
	json_object_set_new(json, "wanted", json_text(difference->wanted));
	return json;
}

static json_t *draining_json(const struct draining *draining)
{
	json_t *json = json_object();

	json_object_set_new(json, "object", json_text(draining->object));
	json_object_set_new(json, "activeConnections", json_integer(draining->active_connections));
	json_object_set_new(json, "inactiveConnections",
			    json_integer(draining->inactive_connections));
	return json;
}

void diff_print_json(const struct differences *differences, const struct diff_subject *subject,
		     FILE *stream)
{
	json_t *json = json_object(), *list = json_array(), *draining = json_array();

	for (size_t i = 0; i < differences->count; i++)
		json_array_append_new(list, difference_json(&differences->items[i]));
	for (size_t i = 0; i < differences->draining_count; i++)
		json_array_append_new(draining, draining_json(&differences->draining[i]));
	json_object_set_new(json, "version", json_integer(DOCUMENT_VERSION));
	json_object_set_new(json, "node", json_text(subject->node));
	json_object_set_new(json, "source", json_text(subject->source));
	json_object_set_new(json, "differences", list);
	json_object_set_new(json, "draining", draining);
	json_dumpf(json, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(json);
}
