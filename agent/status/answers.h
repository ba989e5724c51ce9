/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ANSWERS_H
#define AGENT_ANSWERS_H

#include "status_report.h"

/**
 * struct answer_kind - what the running agent can be asked for at its socket
 * @verb:   the first word of the request; what follows is the filter
 * @head:   the first line of the answer; the caller owns it
 * @keys:   of the lines that follow, as status_report_keys(); NULL: none follow
 * @begin:  a report of @key; NULL if there is nothing of it any more
 * @step:   write the next part of the report, without a newline; Return: false at its end
 * @end:    frees the report; NULL is fine
 * @owner:  first argument of @head, @keys and @begin
 */
struct answer_kind {
	const char *verb;
	json_t *(*head)(void *owner, const char *filter);
	char *(*keys)(void *owner, const char *filter, size_t *count);
	void *(*begin)(void *owner, const char *key);
	bool (*step)(void *report, json_dump_callback_t write, void *owner);
	void (*end)(void *report);
	void *owner;
};

#define ANSWERS_COUNT 3

/** answers_fill() - "status", "events" and "wanted", all about @sources, which must outlive them */
void answers_fill(struct status_sources *sources, struct answer_kind ret[ANSWERS_COUNT]);

/** answers_find() - @ret_filter: what of @request follows the verb; NULL if none has the verb */
const struct answer_kind *answers_find(const struct answer_kind *kinds, size_t count,
				       const char *request, const char **ret_filter);

#endif
