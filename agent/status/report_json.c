/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_json.h"

#include "lib/base/memory.h"

#include <string.h>
#include <time.h>

json_t *report_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

json_t *report_time(double seconds)
{
	time_t whole = (time_t)seconds;
	char text[sizeof("2026-11-30T03:12:07")] = "";
	struct tm tm;

	if (gmtime_r(&whole, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return json_sprintf("%s.%03dZ", text, (int)((seconds - (double)whole) * 1000));
}

char *report_complaint(const struct rejection *rejection)
{
	return string_printf("%s%s", rejection->is_partial ? "left out: " : "", rejection->reason);
}

void report_write_text(const struct report_writer *writer, const char *text)
{
	writer->write(text, strlen(text), writer->owner);
}

void report_write_begin(const struct report_writer *writer, json_t *json)
{
	auto_memory char *text = json_dumps(json, JSON_COMPACT);

	writer->write(text, strlen(text) - 1, writer->owner);
	json_decref(json);
}

void report_write_end(const struct report_writer *writer, json_t *json)
{
	auto_memory char *text = json_dumps(json, JSON_COMPACT);

	report_write_text(writer, text + 1);
	json_decref(json);
}
