/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_REPORT_JSON_H
#define AGENT_REPORT_JSON_H

#include "agent/notify/rejections.h"

#include <jansson.h>
#include <stdint.h>

/* What the reports of `ipvsagent status` are made of; the caller owns each result. */

json_t *report_number(uint64_t number);

/** report_time() - @seconds: since 1970; "2026-11-30T03:12:07.123Z" */
json_t *report_time(double seconds);

/** report_complaint() - why an object, or a part of it, is not used */
char *report_complaint(const struct rejection *rejection);

/** struct report_writer - what a report is written with, part by part */
struct report_writer {
	json_dump_callback_t write;
	void *owner;
};

void report_write_text(const struct report_writer *writer, const char *text);

/** report_write_begin() - an object without its end; report_write_end() without its begin. Both take
 *  @json, which must have a member. */
void report_write_begin(const struct report_writer *writer, json_t *json);
void report_write_end(const struct report_writer *writer, json_t *json);

#endif
