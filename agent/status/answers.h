/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ANSWERS_H
#define AGENT_ANSWERS_H

#include "status_report.h"

/**
 * struct answer_kind - what the running agent can be asked for at its socket
 * @verb:   the first word of the request; what follows is the filter
 * @head:   the first line of the answer; the caller owns it
 * @keys:   of the lines that follow, as status_report_keys()
 * @begin:  a report of @key; NULL if there is nothing of it any more
 * @step:   write the next part of the report, without a newline; Return: false at its end
 * @end:    frees the report; NULL is fine
 */
struct answer_kind {
	const char *verb;
	json_t *(*head)(const struct status_sources *sources);
	char *(*keys)(const struct status_sources *sources, const char *filter, size_t *count);
	void *(*begin)(const struct status_sources *sources, const char *key);
	bool (*step)(void *report, json_dump_callback_t write, void *owner);
	void (*end)(void *report);
};

/** answers_find() - @ret_filter: what of @request follows the verb; NULL if nobody knows the verb */
const struct answer_kind *answers_find(const char *request, const char **ret_filter);

#endif
