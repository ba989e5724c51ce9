/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health_answer.h"

#include "lib/base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How a date without a moment is written: Go's zero time. */
#define NEVER "0001-01-01T00:00:00Z"

/* The date of @wall by @format, without its microseconds, which are in @ret_micros. */
static void write_date(double wall, const char *format, char *text, size_t size, long *ret_micros)
{
	int64_t micros = llround(wall * 1e6);
	time_t seconds = (time_t)(micros / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, size, format, &tm);
	*ret_micros = (long)(micros % 1000000);
}

/* As Go prints a time that carries a monotonic clock, which here is the age of the process. */
static char *time_text(double wall, double age)
{
	char date[32];
	long micros;

	write_date(wall, "%Y-%m-%d %H:%M:%S", date, sizeof(date), &micros);
	return string_printf("%s.%06ld +0000 UTC m=%+.6f", date, micros, age);
}

/* As Go writes a time into JSON: without the zeros at the end of the fraction. */
static json_t *time_json(double wall)
{
	char date[32], fraction[16];
	size_t length;
	long micros;

	write_date(wall, "%Y-%m-%dT%H:%M:%S", date, sizeof(date), &micros);
	snprintf(fraction, sizeof(fraction), ".%06ld", micros);
	for (length = strlen(fraction); fraction[length - 1] == '0';)
		length--;
	return json_sprintf("%s%.*sZ", date, length > 1 ? (int)length : 0, fraction);
}

static char *text_of_1_32(const struct proxy_health *health, bool is_liveness,
			  const struct health_time *time, uint64_t last_updated)
{
	double ago = (double)(time->now - last_updated) / 1000;
	auto_memory char *last = time_text(time->wall - ago, time->age - ago);
	auto_memory char *current = time_text(time->wall, time->age);

	if (is_liveness)
		return string_printf("{\"lastUpdated\": \"%s\",\"currentTime\": \"%s\"}", last,
				     current);
	return string_printf(
		"{\"lastUpdated\": \"%s\",\"currentTime\": \"%s\", \"nodeEligible\": %s}", last,
		current, health->is_eligible ? "true" : "false");
}

/* @ret_last: the date of the family that was up to date last; 0 = none was */
static json_t *families_json(const struct proxy_health *health, bool is_liveness, uint64_t now,
			     double *ret_last)
{
	json_t *all = json_object();

	*ret_last = 0;
	for (int i = 0; i < IP_FAMILY_COUNT; i++) {
		struct family_health family;

		if (!proxy_health_look(health, (enum ip_family)i, now, is_liveness, &family))
			continue;
		if (family.updated_at > *ret_last)
			*ret_last = family.updated_at;
		json_object_set_new(all, ip_family_name((enum ip_family)i),
				    json_pack("{s:o, s:b}", "lastUpdated",
					      time_json(family.updated_at), "healthy",
					      (int)family.is_healthy));
	}
	return all;
}

/* Whoever gets 200 is told that everything is up to date now, as in releases before. */
static char *text_of_1_36(const struct proxy_health *health, bool is_liveness,
			  const struct health_time *time, bool is_healthy, bool is_good)
{
	double last;
	json_t *families = families_json(health, is_liveness, time->now, &last);
	json_t *all = json_object();
	char *text;

	if (is_good)
		last = time->wall;
	json_object_set_new(all, "lastUpdated", last > 0 ? time_json(last) : json_string(NEVER));
	json_object_set_new(all, "currentTime", time_json(time->wall));
	if (!is_liveness)
		json_object_set_new(all, "nodeEligible", json_boolean(health->is_eligible));
	json_object_set_new(all, "healthy", json_boolean(is_healthy));
	if (json_object_size(families))
		json_object_set(all, "status", families);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(families);
	json_decref(all);
	return text;
}

char *health_answer_text(const struct proxy_health *health, enum kube_proxy_release release,
			 bool is_liveness, const struct health_time *time, unsigned int *status)
{
	uint64_t last_updated;
	bool is_healthy = is_liveness ? proxy_health_is_alive(health, time->now, &last_updated)
				      : proxy_health_is_healthy(health, time->now, &last_updated);
	bool is_good = is_healthy && (is_liveness || health->is_eligible);

	*status = is_good ? 200 : 503;
	switch (release) {
	case KUBE_PROXY_RELEASE_1_36:
		return text_of_1_36(health, is_liveness, time, is_healthy, is_good);
	case KUBE_PROXY_RELEASE_1_32:
		return text_of_1_32(health, is_liveness, time, last_updated);
	}
	return NULL;
}
