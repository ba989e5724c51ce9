/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_events.h"

#include "api_answer.h"

#include <string.h>
#include <strings.h>

#define PREFIX "/apis/events.k8s.io/v1/namespaces/"

#define NOTE_LIMIT 1024
#define TEXT_LIMIT 128

struct api_events {
	json_t *list;
};

struct api_events *api_events_new(void)
{
	struct api_events *events = memory_allocate(sizeof(*events));

	events->list = json_array();
	return events;
}

void api_events_free(struct api_events *events)
{
	if (!events)
		return;
	json_decref(events->list);
	free(events);
}

/* "PREFIX SPACE /events [/NAME]"; @ret_name: NULL if there is none */
static bool split_path(const char *path, char **ret_space, char **ret_name)
{
	const char *space = path + strlen(PREFIX), *rest, *name = NULL;

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return false;
	rest = strchr(space, '/');
	if (!rest || rest == space || strncmp(rest, "/events", strlen("/events")) != 0)
		return false;
	if (rest[strlen("/events")] == '/')
		name = rest + strlen("/events/");
	else if (rest[strlen("/events")])
		return false;
	*ret_space = string_printf("%.*s", (int)(rest - space), space);
	*ret_name = string_dup(name);
	return true;
}

bool api_events_has_path(const char *path, const char *method)
{
	auto_memory char *space = NULL;
	auto_memory char *name = NULL;

	return split_path(path, &space, &name) && strcmp(method, name ? "PATCH" : "POST") == 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static const json_t *metadata_of(const json_t *event)
{
	return json_object_get(event, "metadata");
}

/* As metav1.MicroTime is read. */
static bool is_time(const char *text)
{
	static const char pattern[] = "0000-00-00T00:00:00.000000Z";

	if (strlen(text) != strlen(pattern))
		return false;
	for (size_t i = 0; pattern[i]; i++)
		if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
			return false;
	return true;
}

static bool is_name(const char *text)
{
	static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strlen(text);

	if (!length || length > 253 || !strchr(alphanumeric, text[0]) ||
	    !strchr(alphanumeric, text[length - 1]))
		return false;
	for (; *text; text++)
		if (!strchr(alphanumeric, *text) && *text != '.' && *text != '-')
			return false;
	return true;
}

static const char *check_series(const json_t *series)
{
	if (!series)
		return NULL;
	if (json_integer_value(json_object_get(series, "count")) < 2)
		return "series.count: Invalid value: \"\": should be at least 2";
	if (!is_time(text_of(series, "lastObservedTime")))
		return "series.lastObservedTime: Required value";
	return NULL;
}

static const char *check_text(const json_t *event)
{
	static const char *const required[] = {"action", "reason", "reportingController",
					       "reportingInstance"};

	for (size_t i = 0; i < COUNT(required); i++) {
		const char *text = text_of(event, required[i]);

		if (!*text || strlen(text) > TEXT_LIMIT)
			return required[i];
	}
	return strlen(text_of(event, "note")) > NOTE_LIMIT ? "message" : NULL;
}

/* Return: the field that is wrong, with a word about it; NULL if it can be created */
static const char *check(const json_t *event, const char *space)
{
	const json_t *regarding = json_object_get(event, "regarding");
	const char *type = text_of(event, "type"), *about = text_of(regarding, "namespace");

	if (strcmp(text_of(event, "kind"), "Event") != 0 ||
	    strcmp(text_of(event, "apiVersion"), "events.k8s.io/v1") != 0)
		return "kind";
	if (strcmp(text_of(metadata_of(event), "namespace"), space) != 0)
		return "metadata.namespace";
	if (!is_name(text_of(metadata_of(event), "name")))
		return "metadata.name";
	if (!is_time(text_of(event, "eventTime")))
		return "eventTime: Required value";
	if (strcmp(type, "Normal") != 0 && strcmp(type, "Warning") != 0)
		return "type";
	if (!*about && strcmp(space, "default") != 0 && strcmp(space, "kube-system") != 0)
		return "involvedObject.namespace";
	if (check_text(event))
		return check_text(event);
	return check_series(json_object_get(event, "series"));
}

static int refuse(int code, const char *reason, const char *message, char **ret_body)
{
	*ret_body = api_answer_status(code, reason, message);
	return code;
}

static int refuse_event(const char *field, char **ret_body)
{
	auto_memory char *message = string_printf("Event \"\" is invalid: %s", field);

	return refuse(422, "Invalid", message, ret_body);
}

static char *event_text(const json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT), *line = string_printf("%s\n", text);

	free(text);
	return line;
}

static json_t *find(const struct api_events *events, const char *space, const char *name)
{
	json_t *event;
	size_t i;

	json_array_foreach (events->list, i, event)
		if (strcmp(text_of(metadata_of(event), "namespace"), space) == 0 &&
		    strcmp(text_of(metadata_of(event), "name"), name) == 0)
			return event;
	return NULL;
}

static int create(struct api_events *events, const char *space, json_t *event, char **ret_body)
{
	const char *name = text_of(metadata_of(event), "name");
	const char *wrong = check(event, space);
	auto_memory char *exists =
		string_printf("events.events.k8s.io \"%s\" already exists", name);

	if (wrong)
		return refuse_event(wrong, ret_body);
	if (find(events, space, name))
		return refuse(409, "AlreadyExists", exists, ret_body);
	json_array_append(events->list, event);
	*ret_body = event_text(event);
	return 201;
}

/* Everything but the series has to stay as it is, so nothing else is merged. */
static int change(struct api_events *events, const char *space, const char *name,
		  const json_t *patch, char **ret_body)
{
	json_t *event = find(events, space, name), *series = json_object_get(patch, "series");
	auto_memory char *missing = string_printf("events.events.k8s.io \"%s\" not found", name);

	if (!event)
		return refuse(404, "NotFound", missing, ret_body);
	if (json_object_size(patch) != 1 || !series)
		return refuse_event("field is immutable", ret_body);
	if (check_series(series))
		return refuse_event(check_series(series), ret_body);
	json_object_set(event, "series", series);
	*ret_body = event_text(event);
	return 200;
}

int api_events_answer(struct api_events *events, const struct api_event_request *request,
		      char **ret_body)
{
	const char *type = request->content_type ? request->content_type : "";
	json_t *object =
		json_loadb(request->body ? request->body : "", request->body_length, 0, NULL);
	auto_memory char *space = NULL;
	auto_memory char *name = NULL;
	int code;

	split_path(request->path, &space, &name);
	if (strcmp(type, name ? "application/merge-patch+json" : "application/json") != 0)
		code = refuse(415, "UnsupportedMediaType",
			      "the body of the request is of a type "
			      "that is not supported",
			      ret_body);
	else if (!json_is_object(object))
		code = refuse(400, "BadRequest", "the object provided is unrecognized", ret_body);
	else if (name)
		code = change(events, space, name, object, ret_body);
	else
		code = create(events, space, object, ret_body);
	json_decref(object);
	return code;
}

char *api_events_text(const struct api_events *events)
{
	char *all = string_dup("");
	json_t *event;
	size_t i;

	json_array_foreach (events->list, i, event) {
		auto_memory char *line = event_text(event);
		char *longer = string_printf("%s%s", all, line);

		free(all);
		all = longer;
	}
	return all;
}
