/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_print.h"

#include "agent/status/status_table.h"
#include "lib/source/json_text.h"

#include <jansson.h>

#define FORMAT_VERSION 1

const char *top_print_number(double number, char buffer[16])
{
	static const char units[] = " kMGTP";
	size_t unit = 0;

	while (number >= 999.5 && units[unit + 1]) {
		number /= 1000;
		unit++;
	}
	snprintf(buffer, 16, number > 0 && number < 9.95 ? "%.1f%.*s" : "%.0f%.*s", number,
		 unit ? 1 : 0, units + unit);
	return buffer;
}

bool top_print_is_idle(const struct traffic_rate *rate)
{
	return rate->connections <= 0 && rate->packets_in <= 0 && rate->packets_out <= 0;
}

void top_print_text(const struct top_view *view, FILE *stream)
{
	static const struct status_column columns[] = {
		{"NAMESPACE/NAME", false}, {"CONN/S", true},	{"PKT-IN/S", true},
		{"PKT-OUT/S", true},	   {"BYTE-IN/S", true}, {"BYTE-OUT/S", true}};
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	size_t busy = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct traffic_rate *row = &view->rows[i];
		char numbers[5][16];

		if (top_print_is_idle(row))
			continue;
		busy++;
		status_table_add(table,
				 (const char *[]){row->name,
						  top_print_number(row->connections, numbers[0]),
						  top_print_number(row->packets_in, numbers[1]),
						  top_print_number(row->packets_out, numbers[2]),
						  top_print_number(row->bytes_in, numbers[3]),
						  top_print_number(row->bytes_out, numbers[4])},
				 STATUS_COLOUR_NONE);
	}
	if (busy)
		status_table_print(table, false, stream);
	fprintf(stream, "%zu of %zu had traffic in %.1f s%s%s\n", busy, view->count, view->seconds,
		*view->note ? "; " : "", view->note);
}

static json_t *row_json(const struct traffic_rate *row)
{
	json_t *json = json_object();

	json_object_set_new(json, "service", json_text(row->name));
	json_object_set_new(json, "connectionsPerSecond", json_real(row->connections));
	json_object_set_new(json, "packetsInPerSecond", json_real(row->packets_in));
	json_object_set_new(json, "packetsOutPerSecond", json_real(row->packets_out));
	json_object_set_new(json, "bytesInPerSecond", json_real(row->bytes_in));
	json_object_set_new(json, "bytesOutPerSecond", json_real(row->bytes_out));
	return json;
}

void top_print_json(const struct top_view *view, FILE *stream)
{
	json_t *rows = json_array(), *document;

	for (size_t i = 0; i < view->count; i++)
		json_array_append_new(rows, row_json(&view->rows[i]));
	document = json_pack("{s:i, s:f, s:s, s:o}", "version", FORMAT_VERSION, "seconds",
			     view->seconds, "note", view->note, "services", rows);
	json_dumpf(document, stream, JSON_COMPACT | JSON_REAL_PRECISION(9));
	fputc('\n', stream);
	json_decref(document);
}
