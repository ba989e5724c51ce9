/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_reflector.h"

#include "kube_objects.h"
#include "kube_stream.h"
#include "kube_text.h"
#include "kube_time.h"
#include "lib/source/json_tree.h"

#include <errno.h>
#include <string.h>

#define LIST_IDLE_SECONDS   30.0
#define WATCH_GRACE_SECONDS 15	/* for the server to end a watch by itself */
#define WATCH_SHORT_SECONDS 1.0 /* a watch that ends so soon is a failure */
#define WATCH_FAILURES	    3	/* then a new list is worth a try */
#define STREAM_FAILURES	    2	/* then an ordinary list is */
#define RETRY_FIRST_SECONDS 0.8
#define RETRY_MOST_SECONDS  10.0
#define RETRY_AFTER_LIMIT   60.0

/**
 * enum activity - what the current request does
 *   STREAM  watches, with everything that exists as its first events; becomes WATCH at the bookmark
 *           that ends them; LIST instead if the server does not know that
 *   LIST    reads a list, or the next page of it; WATCH follows
 *   WATCH   follows the changes from @version on
 */
enum activity { ACTIVITY_STREAM, ACTIVITY_LIST, ACTIVITY_WATCH };

/*
 * @version: resourceVersion up to which everything was seen, NULL before the first list.
 * @needs_list: a list comes next, not a watch. @is_version_unusable: the server does not know
 * @version (any more, or yet). @no_streaming: it does not know streaming lists. @continue_token: of
 * the page that comes next. @is_whole: a page was gone, so the list comes without limit.
 */
struct kube_reflector {
	struct ev_loop *loop;
	struct kube_reflector_options options;
	char *path;
	char *selector;
	struct kube_objects *objects;
	struct kube_request *request;
	struct kube_lines *lines;
	struct kube_items *items;
	ev_timer start;
	enum activity activity;
	char *version;
	char *continue_token;
	bool needs_list;
	bool is_version_unusable;
	bool is_whole;
	bool no_streaming;
	bool is_listed;
	bool waits_for_credentials;
	bool has_retried_credentials;
	bool is_in_trouble;
	bool needs_fresh_connection;
	/* of the current request */
	int duration; /* of the watch, in seconds */
	bool has_event;
	bool has_changed;
	struct kube_status event_status; /* of an ERROR event */
	struct timespec started;
	unsigned int stream_failures;
	unsigned int failures;
};

static void start_in(struct kube_reflector *reflector, double seconds)
{
	ev_timer_stop(reflector->loop, &reflector->start);
	ev_timer_set(&reflector->start, seconds, 0.);
	ev_timer_start(reflector->loop, &reflector->start);
}

static void replace_text(char **field, const char *text)
{
	char *copy = text && *text ? string_dup(text) : NULL;

	free(*field);
	*field = copy;
}

static void settle_trouble(struct kube_reflector *reflector)
{
	if (!reflector->is_in_trouble)
		return;
	reflector->is_in_trouble = false;
	reflector->options.on_fine(reflector->options.owner, reflector);
}

static void note_success(struct kube_reflector *reflector)
{
	reflector->failures = 0;
	reflector->has_retried_credentials = false;
	reflector->needs_fresh_connection = false;
	settle_trouble(reflector);
}

static void tell_changes(struct kube_reflector *reflector)
{
	if (!reflector->has_changed)
		return;
	reflector->has_changed = false;
	reflector->options.on_changed(reflector->options.owner);
}

/* Everything that exists was seen: what was not seen does not. */
static void finish_listing(struct kube_reflector *reflector)
{
	kube_objects_end(reflector->objects);
	reflector->needs_list = false;
	reflector->is_version_unusable = false;
	reflector->is_whole = false;
	reflector->is_listed = true;
	reflector->has_changed = true;
	note_success(reflector);
	tell_changes(reflector);
}

static const json_t *metadata_of(const json_t *object)
{
	return json_object_get(object, "metadata");
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool ends_initial_events(const json_t *object)
{
	const json_t *annotations = json_object_get(metadata_of(object), "annotations");

	return strcmp(text_of(annotations, "k8s.io/initial-events-end"), "true") == 0;
}

static void handle_bookmark(struct kube_reflector *reflector, const json_t *object)
{
	if (reflector->activity != ACTIVITY_STREAM || !ends_initial_events(object))
		return;
	reflector->activity = ACTIVITY_WATCH;
	kube_request_allow_idle(reflector->request);
	finish_listing(reflector);
}

/* During a streaming list the version says how far the stream is, not how much was seen. */
static void note_version(struct kube_reflector *reflector, const json_t *object)
{
	const char *version = text_of(metadata_of(object), "resourceVersion");

	if (*version && reflector->activity == ACTIVITY_WATCH)
		replace_text(&reflector->version, version);
}

static int handle_event(struct kube_reflector *reflector, const char *type, const json_t *object,
			struct error *err)
{
	int r = 0;

	if (strcmp(type, "ERROR") == 0) {
		kube_status_read(object, &reflector->event_status);
		return error_set(err, -ECANCELED, "%s", reflector->event_status.message);
	}
	reflector->has_event = true;
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		r = kube_objects_set(reflector->objects, object, err);
	else if (strcmp(type, "DELETED") == 0)
		r = kube_objects_remove(reflector->objects, object, err);
	else if (strcmp(type, "BOOKMARK") == 0)
		handle_bookmark(reflector, object);
	else
		return error_set(err, -EINVAL, "the server sent an event of type \"%.40s\"", type);
	if (r < 0)
		return r;
	reflector->has_changed |= strcmp(type, "BOOKMARK") != 0;
	note_version(reflector, object);
	return 0;
}

static int on_line(void *owner, const char *text, size_t length, struct error *err)
{
	struct kube_reflector *reflector = owner;
	json_error_t problem;
	json_t *event = json_tree_load(text, length, 0, NULL, &problem);
	int r;

	if (!event)
		return error_set(err, -EINVAL, "an event is not JSON: %s", problem.text);
	r = handle_event(reflector, text_of(event, "type"), json_object_get(event, "object"), err);
	json_tree_drop(event);
	return r;
}

static int on_watch_body(void *owner, const char *data, size_t size, struct error *err)
{
	struct kube_reflector *reflector = owner;
	int r = kube_lines_feed(reflector->lines, data, size, err);

	/* Initial events are told as a whole, when they have ended. */
	if (reflector->activity == ACTIVITY_WATCH)
		tell_changes(reflector);
	return r;
}

static int on_item(void *owner, const char *text, size_t length, struct error *err)
{
	struct kube_reflector *reflector = owner;
	json_error_t problem;
	json_t *object = json_tree_load(text, length, 0, NULL, &problem);
	int r;

	if (!object)
		return error_set(err, -EINVAL, "an item is not JSON: %s", problem.text);
	r = kube_objects_set(reflector->objects, object, err);
	json_tree_drop(object);
	return r;
}

static int on_list_body(void *owner, const char *data, size_t size, struct error *err)
{
	struct kube_reflector *reflector = owner;

	return kube_items_feed(reflector->items, data, size, err);
}

static char *list_path(const struct kube_reflector *reflector)
{
	auto_memory char *version = kube_text_escape(reflector->version ? reflector->version : "0");
	auto_memory char *token =
		kube_text_escape(reflector->continue_token ? reflector->continue_token : "");
	auto_memory char *limit =
		reflector->is_whole || !reflector->options.listing.page_size
			? string_dup("")
			: string_printf("&limit=%d", reflector->options.listing.page_size);

	if (*token)
		return string_printf("%s?%s%s&continue=%s", reflector->path, reflector->selector,
				     limit, token);
	if (reflector->is_version_unusable)
		return string_printf("%s?%s%s", reflector->path, reflector->selector, limit);
	return string_printf("%s?%s%s&resourceVersion=%s", reflector->path, reflector->selector,
			     limit, version);
}

/* The duration twice, as client-go sends it. */
static char *watch_path(const struct kube_reflector *reflector)
{
	auto_memory char *version = kube_text_escape(reflector->version ? reflector->version : "0");
	auto_memory char *duration =
		string_printf("timeout=%dm%ds&timeoutSeconds=%d", reflector->duration / 60,
			      reflector->duration % 60, reflector->duration);

	if (reflector->activity == ACTIVITY_STREAM)
		return string_printf("%s?allowWatchBookmarks=true&%s"
				     "&resourceVersionMatch=NotOlderThan&sendInitialEvents=true"
				     "&%s&watch=true",
				     reflector->path, reflector->selector, duration);
	return string_printf("%s?allowWatchBookmarks=true&%s&resourceVersion=%s&%s&watch=true",
			     reflector->path, reflector->selector, version, duration);
}

/* The answer to a watch has begun: the server is there and knows who we are. */
static void on_watch_answer(void *owner)
{
	struct kube_reflector *reflector = owner;

	reflector->has_retried_credentials = false;
	reflector->needs_fresh_connection = false;
	if (reflector->activity == ACTIVITY_WATCH)
		settle_trouble(reflector);
}

static void on_request_end(void *owner, const struct kube_response *response);

static void send_request(struct kube_reflector *reflector, const struct kube_access *access)
{
	auto_memory char *path = NULL;
	struct kube_request_options request = {
		.call = {.method = "GET"},
		.idle_seconds = LIST_IDLE_SECONDS,
		.is_fresh = reflector->needs_fresh_connection,
		.on_body = on_list_body,
		.on_end = on_request_end,
		.owner = reflector,
	};

	reflector->has_event = false;
	reflector->event_status = (struct kube_status){0};
	reflector->started = kube_time_now();
	if (reflector->activity == ACTIVITY_LIST) {
		path = list_path(reflector);
		request.is_continued = reflector->continue_token;
		request.is_compressed = reflector->options.listing.is_compressed;
		reflector->items = kube_items_new(on_item, reflector);
	} else {
		reflector->duration = reflector->options.watch_seconds +
				      (int)kube_time_random(0, reflector->options.watch_seconds);
		path = watch_path(reflector);
		reflector->lines = kube_lines_new(on_line, reflector);
		request.total_seconds = reflector->duration + WATCH_GRACE_SECONDS;
		request.on_body = on_watch_body;
		request.on_answer = on_watch_answer;
	}
	if (reflector->activity == ACTIVITY_WATCH)
		request.idle_seconds = 0;
	request.call.path = path;
	reflector->request = kube_request_new(reflector->options.http, access, &request);
}

static const char *activity_text(const struct kube_reflector *reflector)
{
	return reflector->activity == ACTIVITY_WATCH ? "watching" : "listing";
}

/* One line which stays the same while the trouble does. */
static char *explain(const struct kube_reflector *reflector, const struct kube_response *response)
{
	const char *kind = object_kind_name(reflector->options.kind);
	const char *message = response->status.message;

	if (response->error.code && response->is_unreached)
		return string_printf("cannot be reached: %s; retrying", response->error.text);
	if (response->error.code && !response->http_status)
		return string_printf("%s; retrying", response->error.text);
	if (response->error.code)
		return string_printf("%s %ss: %s; retrying", activity_text(reflector), kind,
				     response->error.text);
	return string_printf("%s %ss: status %d%s%s; retrying", activity_text(reflector), kind,
			     response->http_status, *message ? ": " : "", message);
}

static double retry_delay(struct kube_reflector *reflector, const struct kube_response *response)
{
	double delay = RETRY_FIRST_SECONDS;

	/* A try without any answer has taken its time: so there is one in each second. */
	if (response->is_unreached && response->error.code == -ETIMEDOUT)
		return kube_time_random(0.1, 0.4);
	if (response->is_unreached)
		return kube_time_random(0.3, 0.8);
	if (response->retry_seconds > 0)
		return (response->retry_seconds < RETRY_AFTER_LIMIT ? response->retry_seconds
								    : RETRY_AFTER_LIMIT) *
		       kube_time_random(1., 1.2);
	for (unsigned int i = 0; i < reflector->failures && delay < RETRY_MOST_SECONDS; i++)
		delay *= 2;
	if (delay > RETRY_MOST_SECONDS)
		delay = RETRY_MOST_SECONDS;
	reflector->failures++;
	return delay * kube_time_random(0.5, 1.5);
}

/* Says what is wrong and tries once more; a list starts from its beginning. */
static void fail(struct kube_reflector *reflector, const struct kube_response *response)
{
	auto_memory char *text = explain(reflector, response);

	replace_text(&reflector->continue_token, NULL);
	reflector->is_in_trouble = true;
	reflector->options.on_trouble(reflector->options.owner, reflector, text);
	start_in(reflector, retry_delay(reflector, response));
}

static void on_start(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct kube_reflector *reflector = container_of(timer, struct kube_reflector, start);
	struct kube_response response = {.retry_seconds = -1};
	const struct kube_access *access;
	int r = kube_credentials_get(reflector->options.credentials, &access, &response.error);

	(void)loop;
	(void)events;
	reflector->waits_for_credentials = r == -EINPROGRESS;
	if (reflector->waits_for_credentials)
		return;
	if (r < 0) {
		fail(reflector, &response);
		return;
	}
	if (!reflector->needs_list)
		reflector->activity = ACTIVITY_WATCH;
	else if (!reflector->continue_token)
		reflector->activity = reflector->no_streaming ? ACTIVITY_LIST : ACTIVITY_STREAM;
	/* The pages of a list belong together. */
	if (reflector->needs_list && !reflector->continue_token)
		kube_objects_begin(reflector->objects);
	send_request(reflector, access);
}

static void list_again(struct kube_reflector *reflector)
{
	replace_text(&reflector->continue_token, NULL);
	reflector->needs_list = true;
	start_in(reflector, kube_time_random(0., 0.1));
}

/* 401: perhaps the credentials have just been exchanged. Return: whether that is tried */
static bool retry_credentials(struct kube_reflector *reflector, const struct kube_status *status)
{
	if (status->code != 401 || reflector->has_retried_credentials)
		return false;
	reflector->has_retried_credentials = true;
	kube_credentials_refused(reflector->options.credentials);
	start_in(reflector, 0.);
	return true;
}

/* The server does not know where we are (any more, or yet). Return: whether a new list may help */
static bool leave_version(struct kube_reflector *reflector, const struct kube_status *status)
{
	bool is_first_time = !reflector->is_version_unusable;

	if (!status->is_expired && !status->is_version_too_large)
		return false;
	if (reflector->continue_token) {
		/* The rest of the pages is gone. A list in one piece cannot expire. */
		is_first_time |= !reflector->is_whole;
		reflector->is_whole = true;
	}
	reflector->is_version_unusable = true;
	reflector->needs_list = true;
	if (is_first_time)
		list_again(reflector);
	return is_first_time;
}

static void end_list(struct kube_reflector *reflector)
{
	struct kube_response response = {.retry_seconds = -1, .http_status = 200};
	json_t *envelope = NULL;
	const char *kind, *version, *token;
	int r = kube_items_finish(reflector->items, &envelope, &response.error);

	if (r < 0) {
		fail(reflector, &response);
		return;
	}
	kind = text_of(envelope, "kind");
	version = text_of(metadata_of(envelope), "resourceVersion");
	token = text_of(metadata_of(envelope), "continue");
	if (!strstr(kind, "List") || !*version) {
		error_set(&response.error, -EINVAL, "the response is not a list");
		fail(reflector, &response);
	} else {
		replace_text(&reflector->continue_token, token);
		if (!*token) {
			replace_text(&reflector->version, version);
			finish_listing(reflector);
		}
		start_in(reflector, 0.);
	}
	json_decref(envelope);
}

/* The server ended the watch, or the stream of initial events, in good order. */
static void end_watch(struct kube_reflector *reflector)
{
	struct kube_response response = {.retry_seconds = -1, .http_status = 200};
	double seconds = kube_time_since(&reflector->started);

	if (reflector->activity == ACTIVITY_STREAM ||
	    (seconds < WATCH_SHORT_SECONDS && !reflector->has_event)) {
		error_set(&response.error, -EIO, "the server ended the watch at once");
		fail(reflector, &response);
	} else if (!reflector->has_event && seconds >= reflector->duration - 0.5) {
		/* A bookmark was due. Does the server wait for a version that never comes? */
		reflector->is_version_unusable = true;
		list_again(reflector);
	} else {
		start_in(reflector, kube_time_random(0., 0.1));
	}
}

/*
 * Servers that do not know streaming lists say so in many ways; an ordinary list shows whether that
 * was it. Return: whether the list comes next
 */
static bool fall_back(struct kube_reflector *reflector, const struct kube_response *response)
{
	int code = response->http_status;
	bool is_refused =
		(code >= 400 && code < 500 && code != 401 && code != 403 && code != 429) ||
		response->error.code == -ECANCELED || response->error.code == -ETIMEDOUT;

	if (code == 0 || code == 401 || code == 403 || code == 429)
		return false;
	reflector->stream_failures++;
	if (!is_refused && reflector->stream_failures < STREAM_FAILURES)
		return false;
	reflector->no_streaming = true;
	start_in(reflector, 0.);
	return true;
}

/* A watch that does not get on, although the server answers, may do so after a new list. */
static void consider_list(struct kube_reflector *reflector, const struct kube_response *response)
{
	bool is_garbled = response->error.code == -EINVAL || response->error.code == -EMSGSIZE;

	if (is_garbled || (response->http_status && !response->is_broken &&
			   reflector->failures >= WATCH_FAILURES))
		reflector->needs_list = true;
}

static void handle_failure(struct kube_reflector *reflector, const struct kube_response *response)
{
	const struct kube_status *status =
		response->error.code == -ECANCELED ? &reflector->event_status : &response->status;

	if (retry_credentials(reflector, status) || leave_version(reflector, status))
		return;
	consider_list(reflector, response);
	if (reflector->activity == ACTIVITY_WATCH && response->is_broken && !reflector->failures) {
		/* It worked so far: no word about it unless it does not go on. */
		reflector->failures = 1;
		start_in(reflector, kube_time_random(0., 0.2));
		return;
	}
	fail(reflector, response);
}

static void on_request_end(void *owner, const struct kube_response *response)
{
	struct kube_reflector *reflector = owner;
	bool is_complete = response->http_status == 200 && !response->error.code;

	if (reflector->activity == ACTIVITY_WATCH &&
	    (reflector->has_event || kube_time_since(&reflector->started) >= WATCH_SHORT_SECONDS) &&
	    response->http_status == 200)
		reflector->failures = 0;
	reflector->needs_fresh_connection = response->is_broken;
	if (is_complete && reflector->activity == ACTIVITY_LIST)
		end_list(reflector);
	else if (reflector->activity == ACTIVITY_STREAM && fall_back(reflector, response))
		;
	else if (is_complete)
		end_watch(reflector);
	else
		handle_failure(reflector, response);
	kube_lines_free(take(&reflector->lines));
	kube_items_free(take(&reflector->items));
	/* Last, because the response is part of it. */
	kube_request_free(take(&reflector->request));
}

struct kube_reflector *kube_reflector_new(struct ev_loop *loop,
					  const struct kube_reflector_options *options)
{
	struct kube_reflector *reflector = memory_allocate(sizeof(*reflector));

	reflector->loop = loop;
	reflector->options = *options;
	reflector->path = string_dup(options->path);
	reflector->selector = string_dup(options->selector);
	reflector->objects = kube_objects_new(options->kind, options->sink);
	reflector->needs_list = true;
	reflector->no_streaming = !options->listing.is_streamed;
	ev_timer_init(&reflector->start, on_start, 0., 0.);
	start_in(reflector, 0.);
	return reflector;
}

void kube_reflector_free(struct kube_reflector *reflector)
{
	if (!reflector)
		return;
	ev_timer_stop(reflector->loop, &reflector->start);
	kube_request_free(reflector->request);
	kube_lines_free(reflector->lines);
	kube_items_free(reflector->items);
	kube_objects_free(reflector->objects);
	free(reflector->path);
	free(reflector->selector);
	free(reflector->version);
	free(reflector->continue_token);
	free(reflector);
}

void kube_reflector_credentials_ready(struct kube_reflector *reflector, const struct error *err)
{
	struct kube_response response = {.retry_seconds = -1};

	if (!reflector->waits_for_credentials)
		return;
	reflector->waits_for_credentials = false;
	if (!err) {
		start_in(reflector, 0.);
		return;
	}
	response.error = *err;
	fail(reflector, &response);
}

bool kube_reflector_is_listed(const struct kube_reflector *reflector)
{
	return reflector->is_listed;
}
