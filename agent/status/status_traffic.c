/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_traffic.h"

#include "lib/base/memory.h"
#include "status_field.h"
#include "status_table.h"

static const struct status_column columns[] = {{"VIRTUAL SERVER", false}, {"CONNECTIONS", true},
					       {"PACKETS-IN", true},	  {"PACKETS-OUT", true},
					       {"BYTES-IN", true},	  {"BYTES-OUT", true}};

static void add_row(struct status_table *table, const json_t *server, const json_t *traffic)
{
	static const char *const fields[] = {"connections", "packetsIn", "packetsOut", "bytesIn",
					     "bytesOut"};
	auto_memory char *address = status_field_address(server);
	auto_memory char *name =
		string_printf("%s/%s%s", address, status_field_text(server, "protocol"),
			      status_field_scope(server));
	const char *cells[COUNT(columns)] = {name};
	char numbers[COUNT(fields)][24];

	for (size_t i = 0; i < COUNT(fields); i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%lld",
			 (long long)status_field_number(traffic, fields[i]));
		cells[i + 1] = numbers[i];
	}
	status_table_add(table, cells, STATUS_COLOUR_NONE);
}

void status_traffic_print(const json_t *service, bool is_coloured, FILE *stream)
{
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	const json_t *server;
	bool is_empty = true;
	size_t i;

	json_array_foreach (json_object_get(service, "servers"), i, server) {
		const json_t *traffic = json_object_get(server, "traffic");

		if (!traffic)
			continue;
		add_row(table, server, traffic);
		is_empty = false;
	}
	if (is_empty)
		return;
	fputs("\nSince it was created:\n", stream);
	status_table_print(table, is_coloured, stream);
}
