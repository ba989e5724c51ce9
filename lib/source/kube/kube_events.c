/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_events.h"

#include "lib/base/clock.h"
#include "lib/base/timer.h"

#include "kube_http.h"
#include "kube_limiter.h"
#include "kube_random.h"
#include "kube_text.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <uthash.h>
#include <utlist.h>

#define RETRY_AFTER_LIMIT 120.
#define ALREADY_EXISTS	  409
#define NOT_FOUND	  404
#define UNAUTHORIZED	  401
#define TOO_MANY_REQUESTS 429
#define TIMER_SECONDS_MIN 0.001

/*
 * Half of the requests that kube-proxy's client may make by default, so that the other half is left
 * for those that matter; the rest as client-go has it.
 */
const struct kube_events_pace kube_events_default_pace = {
	.per_second = 2.5,
	.burst = 5,
	.object_seconds = 300,
	.object_burst = 25,
	.record_limit = 1000,
	.spread_seconds = 10,
	.retry_seconds = 10,
	.tries = 12,
	.request_seconds = 15,
	.finish_seconds = 360,
	.refresh_seconds = 1800,
};

/**
 * struct record - an event, from its first occurrence until it is forgotten
 * @json:        as it is created
 * @count:       how often it happened
 * @told:        how often, as far as the server knows; 0: it has no such Event
 * @last_time:   when it happened last, nanoseconds since 1970
 * @last_seen, @last_told, @due:  seconds of the clock
 * @is_waiting:  to be written; then it is in events->waiting
 * @is_over:     to be forgotten when it is written
 */
struct record {
	UT_hash_handle hh;
	struct record *previous, *next;
	json_t *json;
	char *path; /* of the Events of its namespace */
	int64_t last_time;
	double last_seen, last_told, due;
	uint32_t count, told;
	unsigned int tries;
	bool is_waiting;
	bool is_over;
	char key[];
};

/* How much was said of one object. */
struct subject {
	UT_hash_handle hh;
	struct kube_limiter limiter;
	char key[];
};

struct kube_events {
	struct ev_loop *loop;
	struct kube_events_options options;
	struct kube_events_pace pace;
	double start;
	struct record *records;
	struct record *waiting;
	struct subject *subjects;
	struct kube_limiter limiter;
	struct kube_events_counts counts;
	struct kube_request *request;
	struct record *sending;
	uint32_t sending_count;
	char *trouble;
	double pause_end; /* of the clock */
	struct timer advance;
	struct timer sweep;
	bool is_scheduled; /* @advance is about to fire */
	bool is_held;
	bool waits_for_credentials;
	bool has_retried_credentials;
};

static double now(const struct kube_events *events)
{
	return clock_now() - events->start;
}

static int64_t wall_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void start_timer(struct kube_events *events, struct timer *timer, double seconds)
{
	ev_now_update(events->loop);
	timer_start(timer, seconds > TIMER_SECONDS_MIN ? seconds : TIMER_SECONDS_MIN);
}

/*
 * Requests are not started at once: events are told from callbacks in which that is forbidden, such
 * as kube_request_options.on_body().
 */
static void schedule(struct kube_events *events)
{
	if (events->is_scheduled)
		return;
	events->is_scheduled = true;
	start_timer(events, &events->advance, 0.);
}

static void start_sweep(struct kube_events *events)
{
	if (!timer_is_running(&events->sweep))
		start_timer(events, &events->sweep, events->pace.finish_seconds / 6);
}

static void wait_to_be_written(struct kube_events *events, struct record *record, double due)
{
	record->due = due;
	if (record->is_waiting)
		return;
	record->is_waiting = true;
	record->tries = 0;
	events->counts.waiting++;
	DL_APPEND2(events->waiting, record, previous, next);
}

static void stop_waiting(struct kube_events *events, struct record *record)
{
	if (!record->is_waiting)
		return;
	record->is_waiting = false;
	events->counts.waiting--;
	DL_DELETE2(events->waiting, record, previous, next);
}

static void forget(struct kube_events *events, struct record *record)
{
	stop_waiting(events, record);
	HASH_DEL(events->records, record);
	json_decref(record->json);
	free(record->path);
	free(record);
}

static void set_trouble(struct kube_events *events, char *text)
{
	bool is_news = !string_equal(text, events->trouble);

	free(events->trouble);
	events->trouble = text;
	if (is_news)
		events->options.on_trouble(events->options.owner, text);
}

static struct record *find_due(struct kube_events *events, double *ret_seconds)
{
	double time = now(events), soonest = -1;
	struct record *record;

	DL_FOREACH2(events->waiting, record, next)
	{
		if (record->due <= time)
			return record;
		if (soonest < 0 || record->due < soonest)
			soonest = record->due;
	}
	*ret_seconds = soonest < 0 ? -1 : soonest - time;
	return NULL;
}

static void on_request_end(void *owner, const struct kube_response *response);

static char *creation_text(const struct record *record)
{
	json_t *json = json_copy(record->json), *series;
	char *text;

	if (record->count > 1) {
		series = kube_event_series(record->count, record->last_time);
		json_object_update(json, series);
		json_decref(series);
	}
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static char *update_text(const struct record *record)
{
	json_t *series = kube_event_series(record->count, record->last_time);
	char *text = json_dumps(series, JSON_COMPACT);

	json_decref(series);
	return text;
}

static char *update_path(const struct record *record)
{
	const json_t *metadata = json_object_get(record->json, "metadata");
	auto_memory char *name =
		kube_text_escape(json_string_value(json_object_get(metadata, "name")));

	return string_printf("%s/%s", record->path, name);
}

static void send_record(struct kube_events *events, struct record *record,
			const struct kube_access *access)
{
	auto_memory char *path = record->told ? update_path(record) : string_dup(record->path);
	auto_memory char *body = record->told ? update_text(record) : creation_text(record);
	const struct kube_request_options request = {
		.call = {.method = record->told ? "PATCH" : "POST",
			 .path = path,
			 .body = body,
			 .content_type = record->told ? "application/merge-patch+json"
						      : "application/json"},
		.total_seconds = events->pace.request_seconds,
		.on_end = on_request_end,
		.owner = events,
	};

	kube_limiter_take(&events->limiter, now(events));
	events->sending = record;
	events->sending_count = record->count;
	events->request = kube_request_new(events->options.http, access, &request);
}

/* The first word of a failure; how often it is tried again is no news. */
static char *explain(const struct kube_response *response)
{
	const char *message = response->status.message;

	if (response->error.code)
		return string_printf("writing events: %s", response->error.text);
	return string_printf("writing events: status %d%s%s", response->http_status,
			     *message ? ": " : "", message);
}

static void give_up(struct kube_events *events, struct record *record,
		    const struct kube_response *response, uint64_t *count)
{
	auto_memory char *text = explain(response);

	(*count)++;
	set_trouble(events, string_printf("%s; no Events are written", text));
	forget(events, record);
}

static void retry(struct kube_events *events, struct record *record,
		  const struct kube_response *response)
{
	double seconds = events->pace.retry_seconds * kube_random(1., 1.25);

	if (++record->tries >= events->pace.tries) {
		give_up(events, record, response, &events->counts.lost);
		return;
	}
	if (response->retry_seconds > 0)
		seconds = response->retry_seconds < RETRY_AFTER_LIMIT ? response->retry_seconds
								      : RETRY_AFTER_LIMIT;
	events->pause_end = now(events) + seconds;
}

static void advance(struct kube_events *events)
{
	struct kube_response response = {.retry_seconds = -1};
	const struct kube_access *access;
	struct record *record;
	double time = now(events), seconds = 0;
	int r;

	timer_stop(&events->advance);
	events->is_scheduled = false;
	if (events->request || events->is_held || events->waits_for_credentials)
		return;
	record = find_due(events, &seconds);
	if (record)
		seconds = kube_limiter_wait(&events->limiter, time);
	if (seconds < 0)
		return;
	if (events->pause_end - time > seconds)
		seconds = events->pause_end - time;
	if (!record || seconds > 0) {
		start_timer(events, &events->advance, seconds);
		return;
	}
	r = kube_credentials_get(events->options.credentials, &access, &response.error);
	events->waits_for_credentials = r == -EINPROGRESS;
	if (r >= 0) {
		send_record(events, record, access);
	} else if (!events->waits_for_credentials) {
		retry(events, record, &response);
		schedule(events);
	}
}

static void on_advance(void *owner)
{
	advance(owner);
}

/* The server has it as it was when it was sent. */
static void note_told(struct kube_events *events, struct record *record)
{
	bool is_first = !record->told;

	*(is_first ? &events->counts.created : &events->counts.updated) += 1;
	events->has_retried_credentials = false;
	set_trouble(events, NULL);
	record->told = events->sending_count;
	record->last_told = now(events);
	stop_waiting(events, record);
	if (record->is_over && record->told == record->count)
		forget(events, record);
	else if (is_first && record->count > record->told)
		wait_to_be_written(events, record, record->last_told);
}

/* The Event was there before: written by another node, or by a request whose answer got lost. */
static void note_existing(struct kube_events *events, struct record *record)
{
	events->sending_count = 1;
	note_told(events, record);
}

/* 401: perhaps the credentials have just been exchanged. Return: whether that is tried */
static bool retry_credentials(struct kube_events *events, int status)
{
	if (status != UNAUTHORIZED || events->has_retried_credentials)
		return false;
	events->has_retried_credentials = true;
	kube_credentials_refused(events->options.credentials);
	return true;
}

static void handle_failure(struct kube_events *events, struct record *record,
			   const struct kube_response *response)
{
	int status = response->error.code ? 0 : response->http_status;

	if (retry_credentials(events, status))
		return;
	if (status == ALREADY_EXISTS && !record->told)
		note_existing(events, record);
	else if (status == NOT_FOUND && record->told)
		record->told = 0; /* The server has forgotten it: it is created once more. */
	else if (status >= 400 && status < 500 && status != UNAUTHORIZED &&
		 status != TOO_MANY_REQUESTS)
		give_up(events, record, response, &events->counts.refused);
	else
		retry(events, record, response);
}

static void on_request_end(void *owner, const struct kube_response *response)
{
	struct kube_events *events = owner;
	struct record *record = take(&events->sending);

	if (!response->error.code && response->http_status >= 200 && response->http_status < 300)
		note_told(events, record);
	else
		handle_failure(events, record, response);
	/* Last, because the response is part of it. */
	kube_request_free(take(&events->request));
	advance(events);
}

static struct subject *subject_of(struct kube_events *events,
				  const struct kube_event_object *object)
{
	auto_memory char *key =
		string_printf("%s %s/%s", object->kind, object->namespace_name, object->name);
	size_t size = strlen(key) + 1;
	struct subject *subject;

	HASH_FIND_STR(events->subjects, key, subject);
	if (subject)
		return subject;
	subject = memory_allocate(sizeof(*subject) + size);
	memcpy(subject->key, key, size);
	kube_limiter_init(&subject->limiter, 1 / events->pace.object_seconds,
			  events->pace.object_burst, now(events));
	HASH_ADD_STR(events->subjects, key, subject);
	return subject;
}

/* The one that was silent for longest, unless all still have to be written. */
static bool make_room(struct kube_events *events)
{
	struct record *oldest = NULL, *record, *next;

	if (HASH_COUNT(events->records) < events->pace.record_limit)
		return true;
	HASH_ITER (hh, events->records, record, next) {
		if (!record->is_waiting && (!oldest || record->last_seen < oldest->last_seen))
			oldest = record;
	}
	if (oldest)
		forget(events, oldest);
	return oldest;
}

static void add_record(struct kube_events *events, const struct kube_event *event, const char *key)
{
	struct subject *subject = make_room(events) ? subject_of(events, &event->regarding) : NULL;
	double time = now(events);
	size_t size = strlen(key) + 1;
	struct record *record;
	const char *space;

	if (!subject || kube_limiter_wait(&subject->limiter, time) > 0) {
		events->counts.discarded++;
		return;
	}
	kube_limiter_take(&subject->limiter, time);
	record = memory_allocate(sizeof(*record) + size);
	memcpy(record->key, key, size);
	record->last_time = wall_clock();
	record->json = kube_event_json(event, &events->options.reporter, key, record->last_time);
	space = json_string_value(
		json_object_get(json_object_get(record->json, "metadata"), "namespace"));
	record->path = string_printf("/apis/events.k8s.io/v1/namespaces/%s/events", space);
	record->count = 1;
	record->last_seen = time;
	HASH_ADD_STR(events->records, key, record);
	wait_to_be_written(
		events, record,
		time + (event->is_shared ? kube_random(0, events->pace.spread_seconds) : 0));
}

static void repeat(struct kube_events *events, struct record *record, bool is_shared)
{
	events->counts.repeated++;
	record->last_seen = now(events);
	record->last_time = wall_clock();
	record->is_over = false;
	if (is_shared)
		return;
	record->count++;
	if (record->told == 1)
		wait_to_be_written(events, record, record->last_seen);
}

void kube_events_emit(struct kube_events *events, const struct kube_event *event)
{
	auto_memory char *key = kube_event_key(event);
	struct record *record;

	HASH_FIND_STR(events->records, key, record);
	if (record)
		repeat(events, record, event->is_shared);
	else
		add_record(events, event, key);
	start_sweep(events);
	schedule(events);
}

void kube_events_hold(struct kube_events *events, bool is_held)
{
	if (events->is_held && !is_held)
		schedule(events);
	events->is_held = is_held;
}

void kube_events_credentials_ready(struct kube_events *events, const struct error *err)
{
	const struct kube_response response = {.retry_seconds = -1,
					       .error = err ? *err : (struct error){0}};
	double seconds;
	struct record *record;

	if (!events->waits_for_credentials)
		return;
	events->waits_for_credentials = false;
	record = find_due(events, &seconds);
	if (err && record)
		retry(events, record, &response);
	advance(events);
}

static void sweep_record(struct kube_events *events, struct record *record, double time)
{
	bool is_behind = record->count > record->told;

	if (record->is_waiting)
		return;
	record->is_over = time - record->last_seen >= events->pace.finish_seconds;
	if (record->is_over && !is_behind)
		forget(events, record);
	else if (is_behind &&
		 (record->is_over || time - record->last_told >= events->pace.refresh_seconds))
		wait_to_be_written(events, record, time);
}

static void on_sweep(void *owner)
{
	struct kube_events *events = owner;
	struct subject *subject, *next_subject;
	struct record *record, *next_record;
	double time = now(events);

	HASH_ITER (hh, events->records, record, next_record) {
		sweep_record(events, record, time);
	}
	HASH_ITER (hh, events->subjects, subject, next_subject) {
		if (kube_limiter_tokens(&subject->limiter, time) < events->pace.object_burst)
			continue;
		HASH_DEL(events->subjects, subject);
		free(subject);
	}
	/* With nothing to remember there is nothing to wake up for. */
	if (events->records || events->subjects)
		start_sweep(events);
	advance(events);
}

struct kube_events *kube_events_new(struct ev_loop *loop, const struct kube_events_options *options)
{
	struct kube_events *events = memory_allocate(sizeof(*events));

	events->loop = loop;
	events->options = *options;
	events->options.reporter.controller = string_dup(options->reporter.controller);
	events->options.reporter.instance = string_dup(options->reporter.instance);
	events->pace = *options->pace;
	events->start = clock_now();
	events->is_held = true;
	kube_limiter_init(&events->limiter, events->pace.per_second, events->pace.burst, 0);
	timer_init(&events->advance, events->loop, on_advance, events);
	timer_init(&events->sweep, events->loop, on_sweep, events);
	return events;
}

void kube_events_free(struct kube_events *events)
{
	struct subject *subject, *next_subject;
	struct record *record, *next_record;

	if (!events)
		return;
	timer_stop(&events->advance);
	timer_stop(&events->sweep);
	kube_request_free(events->request);
	HASH_ITER (hh, events->records, record, next_record) {
		forget(events, record);
	}
	HASH_ITER (hh, events->subjects, subject, next_subject) {
		HASH_DEL(events->subjects, subject);
		free(subject);
	}
	free((char *)events->options.reporter.controller);
	free((char *)events->options.reporter.instance);
	free(events->trouble);
	free(events);
}

const struct kube_events_counts *kube_events_counts(const struct kube_events *events)
{
	return &events->counts;
}
