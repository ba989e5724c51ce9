/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_event.h"

#include "lib/base/memory.h"
#include "lib/source/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What an API server accepts: pkg/apis/core/validation/events.go, and the length of a name. */
#define NOTE_LIMIT     1024
#define INSTANCE_LIMIT 128
#define NAME_LIMIT     253

#define NANOSECONDS	   1000000000
#define TIME_TEXT_SIZE	   64
#define NUMBER_TEXT_LENGTH 17 /* a dot and 16 digits */

/* No more than @limit bytes, and no half of a character at the end. */
static char *cut(const char *text, size_t limit)
{
	size_t length = strlen(text);

	if (length > limit) {
		length = limit;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	return string_printf("%.*s", (int)length, text);
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text && *text)
		json_object_set_new(object, name, json_text(text));
}

static void set_cut_text(json_t *object, const char *name, const char *text, size_t limit)
{
	auto_memory char *shorter = cut(text, limit);

	set_text(object, name, shorter);
}

/* As metav1.MicroTime is written. */
static void set_time(json_t *object, const char *name, int64_t time)
{
	time_t seconds = (time_t)(time / NANOSECONDS);
	char date[32], text[TIME_TEXT_SIZE];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06dZ", date, (int)(time % NANOSECONDS / 1000));
	set_text(object, name, text);
}

static json_t *object_json(const struct kube_event_object *object)
{
	json_t *json = json_object();

	set_text(json, "kind", object->kind);
	set_text(json, "namespace", object->namespace_name);
	set_text(json, "name", object->name);
	set_text(json, "uid", object->uid);
	return json;
}

static const char *text_or_nothing(const char *text)
{
	return text ? text : "";
}

static char *object_key(const struct kube_event_object *object)
{
	return string_printf("%s %s/%s %s", text_or_nothing(object->kind),
			     text_or_nothing(object->namespace_name), text_or_nothing(object->name),
			     text_or_nothing(object->uid));
}

char *kube_event_key(const struct kube_event *event)
{
	auto_memory char *regarding = object_key(&event->regarding);
	auto_memory char *related = object_key(&event->related);

	return string_printf("%d %s %s %s\n%s\n%s", (int)event->type, event->reason, event->action,
			     regarding, related, event->note);
}

/* FNV-1a: short, and the same on every node whatever its processor. */
static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

/* A name that is cut must not end with what only its middle may have. */
static char *event_name(const char *object, uint64_t number)
{
	auto_memory char *start = cut(object, NAME_LIMIT - NUMBER_TEXT_LENGTH);
	size_t length = strlen(start);

	while (length && (start[length - 1] == '.' || start[length - 1] == '-'))
		start[--length] = '\0';
	return string_printf("%s.%016" PRIx64, start, number);
}

json_t *kube_event_json(const struct kube_event *event, const struct kube_event_reporter *reporter,
			const char *key, int64_t time)
{
	const char *space = event->regarding.namespace_name;
	auto_memory char *name =
		event_name(event->regarding.name, event->is_shared ? hash(key) : (uint64_t)time);
	json_t *json = json_object(), *metadata = json_object();

	set_text(metadata, "name", name);
	set_text(metadata, "namespace", space && *space ? space : "default");
	set_text(json, "kind", "Event");
	set_text(json, "apiVersion", "events.k8s.io/v1");
	json_object_set_new(json, "metadata", metadata);
	set_time(json, "eventTime", time);
	set_text(json, "reportingController", reporter->controller);
	set_cut_text(json, "reportingInstance", reporter->instance, INSTANCE_LIMIT);
	set_text(json, "action", event->action);
	set_text(json, "reason", event->reason);
	json_object_set_new(json, "regarding", object_json(&event->regarding));
	if (event->related.kind)
		json_object_set_new(json, "related", object_json(&event->related));
	set_cut_text(json, "note", event->note, NOTE_LIMIT);
	set_text(json, "type", event->type == KUBE_EVENT_TYPE_WARNING ? "Warning" : "Normal");
	return json;
}

json_t *kube_event_series(uint32_t count, int64_t time)
{
	json_t *json = json_object(), *series = json_object();

	json_object_set_new(series, "count", json_integer(count));
	set_time(series, "lastObservedTime", time);
	json_object_set_new(json, "series", series);
	return json;
}
