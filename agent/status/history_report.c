/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history_report.h"

#include "lib/source/json_text.h"
#include "report_json.h"

#include <stdio.h>
#include <string.h>

#define DOCUMENT_VERSION 1
#define NUMBER_SIZE	 21 /* of 64 bits in decimal, with its NUL */

json_t *history_report_agent(const struct status_sources *sources)
{
	json_t *json = json_object();

	json_object_set_new(json, "version", json_integer(DOCUMENT_VERSION));
	json_object_set_new(json, "node", json_text(sync_node(sources->sync)->name));
	json_object_set_new(json, "agent", json_string(IPVSAGENT_VERSION));
	return json;
}

static bool is_asked_for(const struct history_event *event, const char *filter)
{
	static const char prefix[] = "Service ";
	size_t length = strlen(filter);
	const char *key = event->object + strlen(prefix);

	if (!length)
		return true;
	if (strncmp(event->object, prefix, strlen(prefix)) != 0)
		return false;
	return filter[length - 1] == '/' ? strncmp(key, filter, length) == 0
					 : strcmp(key, filter) == 0;
}

char *history_report_keys(const struct status_sources *sources, const char *filter, size_t *count)
{
	char *keys = memory_array(HISTORY_EVENTS, NUMBER_SIZE), *next = keys;
	uint64_t last = sources->history ? history_last(sources->history) : 0;
	uint64_t number = last > HISTORY_EVENTS ? last - HISTORY_EVENTS + 1 : 1;

	*count = 0;
	for (; number <= last; number++) {
		const struct history_event *event = history_find(sources->history, number);

		if (!event || !is_asked_for(event, filter))
			continue;
		next += snprintf(next, NUMBER_SIZE, "%llu", (unsigned long long)number) + 1;
		(*count)++;
	}
	return keys;
}

static json_t *operations_json(const struct history_event *event)
{
	const char *text = event->operations;
	json_t *list = json_array();

	for (uint32_t i = 0; i < event->kept; i++) {
		json_array_append_new(list, json_text(text));
		text += strlen(text) + 1;
	}
	return list;
}

json_t *history_report_event(const struct status_sources *sources, const char *key)
{
	const struct history_event *event = history_find(sources->history, strtoull(key, NULL, 10));
	json_t *json;

	if (!event)
		return NULL;
	json = json_object();
	json_object_set_new(json, "number", report_number(event->number));
	json_object_set_new(json, "time", report_time(event->time));
	json_object_set_new(json, "object", json_text(event->object));
	json_object_set_new(json, "cause", json_text(event->cause));
	json_object_set_new(json, "operations", operations_json(event));
	json_object_set_new(json, "operationCount", report_number(event->total));
	json_object_set_new(json, "failedCount", report_number(event->failed));
	return json;
}
