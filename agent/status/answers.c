/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answers.h"

#include "history_report.h"
#include "service_report.h"
#include "wanted_report.h"

#include <string.h>

static json_t *head_of_status(void *owner, const char *filter)
{
	(void)filter;
	return status_report_agent(owner);
}

static json_t *head_of_events(void *owner, const char *filter)
{
	(void)filter;
	return history_report_agent(owner);
}

static json_t *head_of_wanted(void *owner, const char *filter)
{
	(void)filter;
	return wanted_report_agent(owner);
}

static char *service_keys(void *owner, const char *filter, size_t *count)
{
	return status_report_keys(owner, filter, count);
}

static char *event_keys(void *owner, const char *filter, size_t *count)
{
	return history_report_keys(owner, filter, count);
}

static void *begin_service(void *owner, const char *key)
{
	return service_report_new(owner, key);
}

static bool step_service(void *report, json_dump_callback_t write, void *owner)
{
	return service_report_step(report, write, owner);
}

static void end_service(void *report)
{
	service_report_free(report);
}

static void *begin_wanted(void *owner, const char *key)
{
	return wanted_report_new(owner, key);
}

static bool step_wanted(void *report, json_dump_callback_t write, void *owner)
{
	return wanted_report_step(report, write, owner);
}

static void end_wanted(void *report)
{
	wanted_report_free(report);
}

static void *begin_event(void *owner, const char *key)
{
	return history_report_event(owner, key);
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

void answers_fill(struct status_sources *sources, struct answer_kind ret[ANSWERS_COUNT])
{
	const struct answer_kind kinds[ANSWERS_COUNT] = {
		{"status", head_of_status, service_keys, begin_service, step_service, end_service,
		 sources},
		{"events", head_of_events, event_keys, begin_event, step_event, end_event, sources},
		{"wanted", head_of_wanted, service_keys, begin_wanted, step_wanted, end_wanted,
		 sources},
	};

	memcpy(ret, kinds, sizeof(kinds));
}

const struct answer_kind *answers_find(const struct answer_kind *kinds, size_t count,
				       const char *request, const char **ret_filter)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(kinds[i].verb);

		if (strncmp(request, kinds[i].verb, length) != 0 ||
		    (request[length] && request[length] != ' '))
			continue;
		*ret_filter = request + length + (request[length] == ' ');
		return &kinds[i];
	}
	return NULL;
}
