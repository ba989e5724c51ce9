/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_answer.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <string.h>

#define SNAPSHOTS 16

/* A list as it was when its first page was read. */
struct snapshot {
	unsigned long number;
	long version;
	json_t *items;
};

struct api_lists {
	struct snapshot snapshots[SNAPSHOTS];
	unsigned long next;
};

static char *dump_and_free(json_t *object, const char *end)
{
	char *text = json_dumps(object, JSON_COMPACT);
	char *line = string_printf("%s%s", text, end);

	free(text);
	json_decref(object);
	return line;
}

static json_t *build_status(int code, const char *reason, const char *message)
{
	json_t *status = json_pack("{s:s, s:s, s:{}, s:s, s:s}", "kind", "Status", "apiVersion",
				   "v1", "metadata", "status", "Failure", "message", message);

	if (reason)
		json_object_set_new(status, "reason", json_string(reason));
	json_object_set_new(status, "code", json_integer(code));
	return status;
}

char *api_answer_status(int code, const char *reason, const char *message)
{
	return dump_and_free(build_status(code, reason, message), "\n");
}

char *api_answer_forbidden(enum api_resource resource, const char *user, const char *verb)
{
	const struct api_kind *kind = api_store_kind(resource);
	auto_memory char *message = string_printf(
		"%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" at "
		"the cluster scope",
		kind->resource, *kind->group ? "." : "", kind->group, user, verb, kind->resource,
		kind->group);
	json_t *status = build_status(403, "Forbidden", message), *details = json_object();

	if (*kind->group)
		json_object_set_new(details, "group", json_string(kind->group));
	json_object_set_new(details, "kind", json_string(kind->resource));
	json_object_set_new(status, "details", details);
	return dump_and_free(status, "\n");
}

struct api_lists *api_lists_new(void)
{
	return memory_allocate(sizeof(struct api_lists));
}

void api_lists_expire(struct api_lists *lists)
{
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		json_decref(lists->snapshots[i].items);
		lists->snapshots[i] = (struct snapshot){0};
	}
}

void api_lists_free(struct api_lists *lists)
{
	if (!lists)
		return;
	api_lists_expire(lists);
	free(lists);
}

/* Takes @items over. */
static char *page_text(enum api_resource resource, json_t *items, long version, const char *token,
		       size_t remaining)
{
	const struct api_kind *kind = api_store_kind(resource);
	json_t *list = json_object(), *metadata = json_object();
	char text[80];

	snprintf(text, sizeof(text), "%sList", kind->kind);
	json_object_set_new(list, "kind", json_string(text));
	json_object_set_new(list, "apiVersion", json_string(kind->version));
	snprintf(text, sizeof(text), "%ld", version);
	json_object_set_new(metadata, "resourceVersion", json_string(text));
	if (token) {
		json_object_set_new(metadata, "continue", json_string(token));
		json_object_set_new(metadata, "remainingItemCount",
				    json_integer((json_int_t)remaining));
	}
	json_object_set_new(list, "metadata", metadata);
	json_object_set_new(list, "items", items);
	return dump_and_free(list, "\n");
}

static char *cut_page(const struct api_query *query, const struct snapshot *snapshot, size_t start)
{
	size_t count = json_array_size(snapshot->items), end = start + query->limit;
	json_t *page = json_array();
	char token[64];

	if (end > count || !query->limit)
		end = count;
	for (size_t i = start; i < end; i++)
		json_array_append(page, json_array_get(snapshot->items, i));
	snprintf(token, sizeof(token), "%lu-%zu", snapshot->number, end);
	return page_text(query->resource, page, snapshot->version, end < count ? token : NULL,
			 count - end);
}

static struct snapshot *take_snapshot(struct api_lists *lists, const struct api_store *store,
				      const struct api_query *query)
{
	struct snapshot *snapshot = &lists->snapshots[lists->next % SNAPSHOTS];

	json_decref(snapshot->items);
	*snapshot = (struct snapshot){
		.number = ++lists->next,
		.version = api_store_version(store),
		.items = api_store_list(store, query->resource, &query->selector),
	};
	return snapshot;
}

static char *expired_text(size_t start)
{
	json_t *status = build_status(
		410, "Expired",
		"The provided continue parameter is too old to display a consistent list result. "
		"You can start a new list without the continue parameter, or use the continue "
		"token "
		"in this response to retrieve the remainder of the results.");
	char token[64];

	snprintf(token, sizeof(token), "now-%zu", start);
	json_object_set_new(json_object_get(status, "metadata"), "continue", json_string(token));
	return dump_and_free(status, "\n");
}

static int answer_page(struct api_lists *lists, const struct api_store *store,
		       const struct api_query *query, char **ret_body)
{
	const struct snapshot *snapshot = NULL;
	unsigned long number = 0;
	size_t start = 0;

	if (sscanf(query->continue_token, "now-%zu", &start) == 1) {
		snapshot = take_snapshot(lists, store, query);
	} else if (sscanf(query->continue_token, "%lu-%zu", &number, &start) != 2) {
		*ret_body = api_answer_status(400, "BadRequest",
					      "invalid continue token: continue key is not valid");
		return 400;
	}
	for (size_t i = 0; number && i < SNAPSHOTS; i++)
		if (lists->snapshots[i].number == number)
			snapshot = &lists->snapshots[i];
	if (!snapshot) {
		*ret_body = expired_text(start);
		return 410;
	}
	*ret_body = cut_page(query, snapshot, start);
	return 200;
}

static bool parse_version(const char *text, long *ret)
{
	char *end = NULL;

	*ret = text && *text ? strtol(text, &end, 10) : 0;
	return !text || !*text || (!*end && *ret >= 0);
}

static int answer_bad_version(const char *version, char **ret_body)
{
	auto_memory char *message =
		string_printf("resourceVersion: Invalid value: \"%s\": strconv.ParseUint: parsing "
			      "\"%s\": invalid syntax",
			      version, version);

	*ret_body = api_answer_status(500, NULL, message);
	return 500;
}

static int answer_too_large(const struct api_store *store, long version, char **ret_body)
{
	auto_memory char *message =
		string_printf("Timeout: Too large resource version: %ld, current: %ld", version,
			      api_store_version(store));
	json_t *status = build_status(504, "Timeout", message);

	json_object_set_new(status, "details",
			    json_pack("{s:[{s:s, s:s}], s:i}", "causes", "reason",
				      "ResourceVersionTooLarge", "message",
				      "Too large resource version", "retryAfterSeconds", 1));
	*ret_body = dump_and_free(status, "\n");
	return 504;
}

/* What is in no list of a right server goes before what is. */
static void add_shown(const struct api_store *store, enum api_resource resource, char **body)
{
	static const char begin[] = "\"items\":[";
	char *place, *longer;
	const json_t *text;
	size_t i;

	json_array_foreach (api_store_shown(store, resource), i, text) {
		place = strstr(*body, begin) + strlen(begin);
		longer = string_printf("%.*s%s%s%s", (int)(place - *body), *body,
				       json_string_value(text), *place == ']' ? "" : ",", place);
		free(*body);
		*body = longer;
	}
}

int api_lists_answer(struct api_lists *lists, const struct api_store *store,
		     const struct api_query *query, char **ret_body)
{
	bool is_cached = query->version && *query->version;
	long version;

	if (query->continue_token && *query->continue_token)
		return answer_page(lists, store, query, ret_body);
	if (!parse_version(query->version, &version))
		return answer_bad_version(query->version, ret_body);
	if (version > api_store_version(store))
		return answer_too_large(store, version, ret_body);
	/* The API's legacy rule: exactly that version, from which a watch hears all again. */
	if (query->limit && version && !query->version_match)
		*ret_body = page_text(query->resource,
				      api_store_list(store, query->resource, &query->selector),
				      version, NULL, 0);
	else if (is_cached || !query->limit)
		*ret_body = page_text(query->resource,
				      api_store_list(store, query->resource, &query->selector),
				      api_store_version(store), NULL, 0);
	else
		*ret_body = cut_page(query, take_snapshot(lists, store, query), 0);
	add_shown(store, query->resource, ret_body);
	return 200;
}

void api_lists_promise_more(char **body)
{
	json_t *list = json_loads(*body, 0, NULL);

	json_object_set_new(json_object_get(list, "metadata"), "continue", json_string("more"));
	free(*body);
	*body = dump_and_free(list, "\n");
}

static char *error_line(int code, const char *reason, const char *message)
{
	return dump_and_free(json_pack("{s:s, s:o}", "type", "ERROR", "object",
				       build_status(code, reason, message)),
			     "\n");
}

char *api_watch_refusal(void)
{
	return error_line(500, "InternalError",
			  "a watch stream was requested by the client but the required storage "
			  "feature RequestWatchProgress is disabled");
}

static char *bookmark_line(const struct api_watch *watch, long version, bool ends_initial)
{
	const struct api_kind *kind = api_store_kind(watch->query.resource);
	json_t *metadata = json_object();
	char text[32];

	snprintf(text, sizeof(text), "%ld", version);
	json_object_set_new(metadata, "resourceVersion", json_string(text));
	json_object_set_new(metadata, "creationTimestamp", json_null());
	if (ends_initial)
		json_object_set_new(metadata, "annotations",
				    json_pack("{s:s}", "k8s.io/initial-events-end", "true"));
	return dump_and_free(json_pack("{s:s, s:{s:s, s:s, s:o}}", "type", "BOOKMARK", "object",
				       "kind", kind->kind, "apiVersion", kind->version, "metadata",
				       metadata),
			     "\n");
}

char *api_watch_expiry(const struct api_watch *watch, const struct api_store *store)
{
	auto_memory char *bookmark = bookmark_line(watch, api_store_version(store), false);
	auto_memory char *error = error_line(410, "Expired", "too old resource version");

	return string_printf("%s%s", bookmark, error);
}

int api_watch_start(struct api_watch *watch, char **ret_body)
{
	const struct api_query *query = &watch->query;
	bool has_version = query->version && *query->version && strcmp(query->version, "0") != 0;

	if (query->wants_initial_events != (query->version_match != NULL)) {
		*ret_body = api_answer_status(
			422, "Invalid",
			"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
			"resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
			"provided");
		return 422;
	}
	if (!parse_version(query->version, &watch->version))
		return answer_bad_version(query->version, ret_body);
	watch->has_initial = query->wants_initial_events || !has_version;
	return 200;
}

/* Everything that exists, and for a streaming list the bookmark that says so. */
static char *initial_lines(struct api_watch *watch, const struct api_store *store)
{
	const struct api_query *query = &watch->query;
	json_t *items = api_store_list(store, query->resource, &query->selector), *item;
	char *lines = string_dup("");
	const json_t *text;
	size_t i;

	json_array_foreach (api_store_shown(store, query->resource), i, text) {
		char *longer = string_printf("%s{\"type\":\"ADDED\",\"object\":%s}\n", lines,
					     json_string_value(text));

		free(lines);
		lines = longer;
	}
	json_array_foreach (items, i, item) {
		char *line = dump_and_free(json_pack("{s:s, s:o}", "type", "ADDED", "object",
						     api_store_object(query->resource, item)),
					   "\n");
		char *longer = string_printf("%s%s", lines, line);

		free(lines);
		free(line);
		lines = longer;
	}
	json_decref(items);
	watch->has_initial = false;
	watch->version = api_store_version(store);
	return lines;
}

char *api_watch_bookmark(const struct api_watch *watch, const struct api_store *store)
{
	if (watch->version > api_store_version(store))
		return NULL;
	return bookmark_line(watch, watch->version, false);
}

static char *first_lines(struct api_watch *watch, const struct api_store *store)
{
	auto_memory char *lines = initial_lines(watch, store);
	auto_memory char *bookmark = bookmark_line(watch, watch->version, true);

	return string_printf("%s%s", lines, watch->query.wants_initial_events ? bookmark : "");
}

char *api_watch_next(struct api_watch *watch, const struct api_store *store)
{
	auto_memory char *message = NULL;
	json_t *event;

	if (watch->is_over)
		return NULL;
	if (watch->has_initial)
		return first_lines(watch, store);
	if (watch->version < api_store_oldest(store)) {
		message = string_printf("too old resource version: %ld (%ld)", watch->version,
					api_store_oldest(store));
		watch->is_over = true;
		return error_line(410, "Expired", message);
	}
	if (watch->version > api_store_version(store))
		return NULL;
	event = api_store_next(store, watch->query.resource, &watch->query.selector, watch->version,
			       &watch->version);
	if (json_is_string(event)) {
		char *line = string_printf("%s\n", json_string_value(event));

		json_decref(event);
		return line;
	}
	return event ? dump_and_free(event, "\n") : NULL;
}
