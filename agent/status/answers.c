/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answers.h"

#include "history_report.h"
#include "service_report.h"
#include "wanted_report.h"

#include <string.h>

static void *begin_service(const struct status_sources *sources, const char *key)
{
	return service_report_new(sources, key);
}

static bool step_service(void *report, json_dump_callback_t write, void *owner)
{
	return service_report_step(report, write, owner);
}

static void end_service(void *report)
{
	service_report_free(report);
}

static void *begin_wanted(const struct status_sources *sources, const char *key)
{
	return wanted_report_new(sources, key);
}

static bool step_wanted(void *report, json_dump_callback_t write, void *owner)
{
	return wanted_report_step(report, write, owner);
}

static void end_wanted(void *report)
{
	wanted_report_free(report);
}

static void *begin_event(const struct status_sources *sources, const char *key)
{
	return history_report_event(sources, key);
}

/* An event is small. */
static bool step_event(void *report, json_dump_callback_t write, void *owner)
{
	json_dump_callback(report, write, owner, JSON_COMPACT);
	return false;
}

static void end_event(void *report)
{
	json_decref(report);
}

static const struct answer_kind kinds[] = {
	{"status", status_report_agent, status_report_keys, begin_service, step_service,
	 end_service},
	{"events", history_report_agent, history_report_keys, begin_event, step_event, end_event},
	{"wanted", wanted_report_agent, status_report_keys, begin_wanted, step_wanted, end_wanted},
};

const struct answer_kind *answers_find(const char *request, const char **ret_filter)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t length = strlen(kinds[i].verb);

		if (strncmp(request, kinds[i].verb, length) != 0 ||
		    (request[length] && request[length] != ' '))
			continue;
		*ret_filter = request + length + (request[length] == ' ');
		return &kinds[i];
	}
	return NULL;
}
