/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: how they look, and how they are written to the API server of the tests. */
#include "lib/source/kube/kube_config.h"
#include "lib/source/kube/kube_credentials.h"
#include "lib/source/kube/kube_events.h"
#include "lib/source/kube/kube_http.h"
#include "lib/source/kube/kube_limiter.h"
#include "tests/fake/api_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_SECONDS 60.

/* 2026-11-25 07:50:00.123456789 UTC, and in hexadecimal. */
#define SOME_TIME 1795593000123456789
#define SOME_NAME "18eb3a51f5895d15"

static const struct kube_event_reporter reporter = {"kube-proxy", "kube-proxy-host"};

static struct kube_event event_about(const char *name, const char *note)
{
	return (struct kube_event){
		.type = KUBE_EVENT_TYPE_WARNING,
		.reason = "Conflict",
		.action = "Claim",
		.note = note,
		.regarding = {.kind = "Service",
			      .namespace_name = "shop",
			      .name = name,
			      .uid = "4a6b"},
	};
}

static json_t *json_of(const struct kube_event *event)
{
	auto_memory char *key = kube_event_key(event);

	return kube_event_json(event, &reporter, key, SOME_TIME);
}

static void assert_json(const json_t *json, const char *expected)
{
	json_t *wanted = json_loads(expected, 0, NULL);
	char *text = json_dumps(json, JSON_SORT_KEYS);

	assert_non_null(wanted);
	if (!json_equal(json, wanted))
		fail_msg("%s\nis not\n%s", text, expected);
	free(text);
	json_decref(wanted);
}

/* That of cmd/kube-proxy/app/server.go birthCry(). */
static void test_look_of_starting(void **state)
{
	const struct kube_event event = {
		.type = KUBE_EVENT_TYPE_NORMAL,
		.reason = "Starting",
		.action = "StartKubeProxy",
		.note = "",
		.regarding = {.kind = "Node",
			      .namespace_name = "",
			      .name = "node1",
			      .uid = "node1"},
	};
	json_t *json = json_of(&event);

	(void)state;
	assert_json(json, "{\"kind\": \"Event\", \"apiVersion\": \"events.k8s.io/v1\", "
			  "\"metadata\": {\"name\": \"node1." SOME_NAME "\", "
			  "\"namespace\": \"default\"}, "
			  "\"eventTime\": \"2026-11-25T07:50:00.123456Z\", "
			  "\"reportingController\": \"kube-proxy\", "
			  "\"reportingInstance\": \"kube-proxy-host\", "
			  "\"action\": \"StartKubeProxy\", \"reason\": \"Starting\", "
			  "\"regarding\": {\"kind\": \"Node\", \"name\": \"node1\", "
			  "\"uid\": \"node1\"}, \"type\": \"Normal\"}");
	json_decref(json);
}

static void test_look_of_others(void **state)
{
	struct kube_event event = event_about("web", "taken");
	json_t *json, *series;

	(void)state;
	event.related = (struct kube_event_object){
		.kind = "Service", .namespace_name = "other", .name = "old"};
	json = json_of(&event);
	assert_json(json, "{\"kind\": \"Event\", \"apiVersion\": \"events.k8s.io/v1\", "
			  "\"metadata\": {\"name\": \"web." SOME_NAME "\", "
			  "\"namespace\": \"shop\"}, "
			  "\"eventTime\": \"2026-11-25T07:50:00.123456Z\", "
			  "\"reportingController\": \"kube-proxy\", "
			  "\"reportingInstance\": \"kube-proxy-host\", "
			  "\"action\": \"Claim\", \"reason\": \"Conflict\", "
			  "\"regarding\": {\"kind\": \"Service\", \"namespace\": \"shop\", "
			  "\"name\": \"web\", \"uid\": \"4a6b\"}, "
			  "\"related\": {\"kind\": \"Service\", \"namespace\": \"other\", "
			  "\"name\": \"old\"}, \"note\": \"taken\", \"type\": \"Warning\"}");
	json_decref(json);
	series = kube_event_series(7, SOME_TIME);
	assert_json(series, "{\"series\": {\"count\": 7, "
			    "\"lastObservedTime\": \"2026-11-25T07:50:00.123456Z\"}}");
	json_decref(series);
}

static const char *member(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static void assert_lengths(const char *object, const char *note, size_t name_length,
			   size_t note_length)
{
	struct kube_event event = event_about(object, note);
	json_t *json = json_of(&event);

	assert_int_equal(strlen(member(json_object_get(json, "metadata"), "name")), name_length);
	assert_int_equal(strlen(member(json, "note")), note_length);
	json_decref(json);
}

/* An API server refuses what is longer; characters stay whole, and names valid. */
static void test_limits_of_texts(void **state)
{
	char note[1100], object[254];

	(void)state;
	memset(note, 'x', sizeof(note));
	memset(object, 'y', sizeof(object));
	note[1024] = object[253] = '\0';
	assert_lengths(object, note, 253, 1024);
	memcpy(note + 1020, "abc\xc3\xa9", sizeof("abc\xc3\xa9"));
	object[235] = '.';
	assert_lengths(object, note, 252, 1023);
	assert_lengths("web", "caf\xc3\xa9 \xc3", 3 + 17, strlen("caf?? ?"));
}

static void test_identity(void **state)
{
	struct kube_event a = event_about("web", "one"), b = event_about("web", "two");
	auto_memory char *key_a = kube_event_key(&a);
	auto_memory char *key_b = kube_event_key(&b);
	json_t *now, *later;

	(void)state;
	assert_string_not_equal(key_a, key_b);
	a.is_shared = true;
	now = kube_event_json(&a, &reporter, key_a, SOME_TIME);
	later = kube_event_json(&a, &reporter, key_a, SOME_TIME + 1);
	assert_string_equal(member(json_object_get(now, "metadata"), "name"),
			    member(json_object_get(later, "metadata"), "name"));
	json_decref(later);
	later = kube_event_json(&a, &reporter, key_b, SOME_TIME);
	assert_string_not_equal(member(json_object_get(now, "metadata"), "name"),
				member(json_object_get(later, "metadata"), "name"));
	json_decref(later);
	json_decref(now);
}

static void test_limiter(void **state)
{
	struct kube_limiter limiter;

	(void)state;
	kube_limiter_init(&limiter, 0.5, 2, 100);
	kube_limiter_take(&limiter, 100);
	assert_true(kube_limiter_wait(&limiter, 100) <= 0);
	kube_limiter_take(&limiter, 100);
	assert_true(kube_limiter_wait(&limiter, 100) >= 2);
	assert_true(kube_limiter_wait(&limiter, 101) >= 1);
	assert_true(kube_limiter_wait(&limiter, 102) <= 0);
	assert_true(kube_limiter_tokens(&limiter, 1000) >= 2);
	assert_true(kube_limiter_tokens(&limiter, 1000) <= 2);
}

/* A writer, its server, and what it complained of. */
struct fixture {
	struct ev_loop *loop;
	struct api_server *server;
	struct kube_config *config;
	struct kube_credentials *credentials;
	struct kube_http *http;
	struct kube_events *events;
	struct kube_events_pace pace;
	unsigned int responses;
	bool is_late;
	char reports[2000];
};

static void on_trouble(void *owner, const char *text)
{
	struct fixture *fixture = owner;
	size_t used = strlen(fixture->reports);

	snprintf(fixture->reports + used, sizeof(fixture->reports) - used, "%s\n",
		 text ? text : "fine");
}

static void on_ready(void *owner, const struct error *err)
{
	struct fixture *fixture = owner;

	kube_events_credentials_ready(fixture->events, err);
}

static void on_response(void *owner, const char *method, const char *host, int status,
			double seconds)
{
	struct fixture *fixture = owner;

	(void)method;
	(void)host;
	(void)status;
	assert_true(seconds >= 0 && seconds < 60);
	fixture->responses++;
}

/* In a hurry, so that a test takes moments. */
static const struct kube_events_pace hurried = {
	.per_second = 1000,
	.burst = 1000,
	.object_seconds = 1000,
	.object_burst = 100,
	.record_limit = 100,
	.spread_seconds = 0.1,
	.retry_seconds = 0.05,
	.tries = 3,
	.request_seconds = 1,
	.finish_seconds = 1000,
	.refresh_seconds = 1000,
};

static struct kube_events *new_events(struct fixture *fixture)
{
	const struct kube_events_options options = {
		.http = fixture->http,
		.credentials = fixture->credentials,
		.reporter = reporter,
		.pace = &fixture->pace,
		.on_trouble = on_trouble,
		.owner = fixture,
	};

	return kube_events_new(fixture->loop, &options);
}

static void prepare(struct fixture *fixture, const struct kube_events_pace *pace,
		    const char *script)
{
	const struct api_server_options options = {.first_version = 100};
	auto_memory char *master = NULL;
	struct kube_config_place place = {.service_account = "/nonexistent"};
	struct error err = {0};

	*fixture = (struct fixture){.loop = ev_default_loop(0), .pace = *pace};
	fixture->server = api_server_new(&options);
	assert_true(api_server_set_faults(fixture->server, script));
	assert_true(api_server_listen(fixture->server, &options));
	master = string_printf("http://127.0.0.1:%u", api_server_port(fixture->server));
	place.master = master;
	if (kube_config_load(&place, &fixture->config, &err) < 0)
		fail_msg("%s", err.text);
	fixture->credentials =
		kube_credentials_new(fixture->loop, fixture->config, on_ready, fixture);
	fixture->http = kube_http_new(fixture->loop, on_response, fixture);
	fixture->events = new_events(fixture);
}

static void clean_up(struct fixture *fixture)
{
	kube_events_free(fixture->events);
	kube_http_free(fixture->http);
	kube_credentials_free(fixture->credentials);
	kube_config_free(fixture->config);
	api_server_free(fixture->server);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

/* Whether @text occurs so often in the Events of the server. */
static bool has_events(struct fixture *fixture, const char *text, size_t wanted)
{
	auto_memory char *events = api_server_events(fixture->server);
	size_t count = 0;

	for (const char *at = events; (at = strstr(at, text)); at++)
		count++;
	return count == wanted;
}

/* Runs the loop for so long, or until @is_done. */
static bool run(struct fixture *fixture, double seconds,
		bool (*is_done)(const struct kube_events_counts *counts))
{
	ev_timer late;

	fixture->is_late = false;
	ev_timer_init(&late, on_late, seconds, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late && !(is_done && is_done(kube_events_counts(fixture->events))))
		ev_run(fixture->loop, EVRUN_ONCE);
	ev_timer_stop(fixture->loop, &late);
	return !fixture->is_late;
}

static bool nothing_waits(const struct kube_events_counts *counts)
{
	return !counts->waiting;
}

static void settle(struct fixture *fixture)
{
	if (!run(fixture, WAIT_SECONDS, nothing_waits))
		fail_msg("%zu events still wait; %s", kube_events_counts(fixture->events)->waiting,
			 fixture->reports);
}

static void emit(struct fixture *fixture, const char *name, const char *note)
{
	const struct kube_event event = event_about(name, note);

	kube_events_emit(fixture->events, &event);
}

/* The first is written, the second makes a series of it, the others are counted. */
static void test_repetition(void **state)
{
	const struct kube_events_counts *counts;
	struct fixture fixture;

	(void)state;
	prepare(&fixture, &hurried, "");
	counts = kube_events_counts(fixture.events);
	emit(&fixture, "web", "one");
	run(&fixture, 0.1, NULL);
	assert_int_equal(fixture.responses, 0); /* held */
	kube_events_hold(fixture.events, false);
	settle(&fixture);
	assert_true(has_events(&fixture, "\"name\":\"web\"", 1));
	assert_true(has_events(&fixture, "\"series\"", 0));
	emit(&fixture, "web", "one");
	settle(&fixture);
	assert_true(has_events(&fixture, "\"count\":2", 1));
	for (int i = 0; i < 20; i++)
		emit(&fixture, "web", "one");
	emit(&fixture, "web", "two");
	settle(&fixture);
	assert_true(has_events(&fixture, "\"count\":2", 1));
	assert_true(has_events(&fixture, "\"note\":\"two\"", 1));
	assert_int_equal(fixture.responses, 3);
	assert_int_equal(counts->created, 2);
	assert_int_equal(counts->updated, 1);
	assert_int_equal(counts->repeated, 21);
	assert_string_equal(fixture.reports, "");
	clean_up(&fixture);
}

static bool has_updated_twice(const struct kube_events_counts *counts)
{
	return counts->updated == 2;
}

static bool has_created_twice(const struct kube_events_counts *counts)
{
	return counts->created == 2;
}

/* When a series is over its count is written; then it is forgotten, and the next is a new one. */
static void test_end_of_series(void **state)
{
	struct kube_events_pace pace = hurried;
	struct fixture fixture;

	(void)state;
	pace.finish_seconds = 3;
	prepare(&fixture, &pace, "");
	kube_events_hold(fixture.events, false);
	emit(&fixture, "web", "one");
	settle(&fixture);
	emit(&fixture, "web", "one");
	settle(&fixture);
	emit(&fixture, "web", "one");
	emit(&fixture, "web", "one");
	assert_true(run(&fixture, WAIT_SECONDS, has_updated_twice));
	assert_true(has_events(&fixture, "\"count\":4", 1));
	emit(&fixture, "web", "one");
	assert_true(run(&fixture, WAIT_SECONDS, has_created_twice));
	assert_true(has_events(&fixture, "\"note\":\"one\"", 2));
	clean_up(&fixture);
}

/* What goes wrong, what becomes of one event that happens twice, and what is said about it. */
static void test_faults(void **state)
{
	static const struct {
		const char *script;
		unsigned int created, refused, lost;
		const char *reports;
	} cases[] = {
		{"events create status 500 count 2", 1, 0, 0, ""},
		{"events create status 429 retry 1 count 1", 1, 0, 0, ""},
		{"events create status 401 count 1", 1, 0, 0, ""},
		{"events create status 401 count 2", 1, 0, 0, ""},
		{"events create reset count 2", 1, 0, 0, ""},
		{"events create hang count 1", 1, 0, 0, ""},
		{"events patch status 404 count 1", 2, 0, 0, ""},
		{"events patch status 503 count 2", 1, 0, 0, ""},
		{"events * status 403", 0, 2, 0,
		 "writing events: status 403: status 403 was ordered; no Events are written\n"},
		{"events create status 422 count 1", 1, 1, 0,
		 "writing events: status 422: status 422 was ordered; no Events are written\n"
		 "fine\n"},
		{"events * status 500", 0, 0, 1,
		 "writing events: status 500: status 500 was ordered; no Events are written\n"},
		{"events * hang", 0, 0, 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct kube_events_counts *counts;
		struct fixture fixture;

		print_message("%s\n", cases[i].script);
		prepare(&fixture, &hurried, cases[i].script);
		counts = kube_events_counts(fixture.events);
		kube_events_hold(fixture.events, false);
		emit(&fixture, "web", "one");
		if (!cases[i].lost)
			settle(&fixture);
		emit(&fixture, "web", "one");
		settle(&fixture);
		assert_int_equal(counts->created, cases[i].created);
		assert_int_equal(counts->refused, cases[i].refused);
		assert_int_equal(counts->lost, cases[i].lost);
		if (cases[i].created && !cases[i].refused)
			assert_true(has_events(&fixture, "\"count\":2", 1));
		if (cases[i].reports)
			assert_string_equal(fixture.reports, cases[i].reports);
		clean_up(&fixture);
	}
}

static void test_limits(void **state)
{
	struct kube_events_pace pace = hurried;
	const struct kube_events_counts *counts;
	struct fixture fixture;
	char text[16];

	(void)state;
	pace.object_burst = 3;
	pace.record_limit = 10;
	prepare(&fixture, &pace, "");
	counts = kube_events_counts(fixture.events);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%d", i);
		emit(&fixture, "web", text);
	}
	assert_int_equal(counts->discarded, 2);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "other%d", i);
		emit(&fixture, text, "one");
	}
	assert_int_equal(counts->discarded, 2 + 13);
	assert_int_equal(counts->waiting, 10);
	kube_events_hold(fixture.events, false);
	settle(&fixture);
	assert_int_equal(counts->created, 10);

	/* What was written makes room. */
	emit(&fixture, "other99", "one");
	settle(&fixture);
	assert_int_equal(counts->created, 11);
	assert_int_equal(counts->discarded, 2 + 13);
	clean_up(&fixture);
}

static bool has_created_thrice(const struct kube_events_counts *counts)
{
	return counts->created == 3;
}

/* Three at once, and the next one in a quarter of an hour. */
static void test_limit_of_requests(void **state)
{
	struct kube_events_pace pace = hurried;
	struct fixture fixture;
	char text[16];

	(void)state;
	pace.per_second = 0.001;
	pace.burst = 3;
	prepare(&fixture, &pace, "");
	kube_events_hold(fixture.events, false);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%d", i);
		emit(&fixture, "web", text);
	}
	assert_true(run(&fixture, WAIT_SECONDS, has_created_thrice));
	run(&fixture, 0.3, NULL);
	assert_int_equal(fixture.responses, 3);
	assert_int_equal(kube_events_counts(fixture.events)->waiting, 2);
	clean_up(&fixture);
}

/* Two nodes tell the same: there is one Event, and nobody complains. */
static void test_shared(void **state)
{
	struct kube_event event = event_about("web", "one");
	struct kube_events *other;
	struct fixture fixture;

	(void)state;
	event.is_shared = true;
	prepare(&fixture, &hurried, "");
	other = new_events(&fixture);
	kube_events_hold(fixture.events, false);
	kube_events_hold(other, false);
	kube_events_emit(fixture.events, &event);
	kube_events_emit(other, &event);
	kube_events_emit(other, &event);
	settle(&fixture);
	while (kube_events_counts(other)->waiting)
		ev_run(fixture.loop, EVRUN_ONCE);
	assert_true(has_events(&fixture, "\"note\":\"one\"", 1));
	assert_true(has_events(&fixture, "\"series\"", 0));
	assert_int_equal(kube_events_counts(fixture.events)->created, 1);
	assert_int_equal(kube_events_counts(other)->created, 1);
	assert_string_equal(fixture.reports, "");
	assert_int_equal(fixture.responses, 2);
	kube_events_free(other);
	clean_up(&fixture);
}

/* Freed while a request is under way, and while others wait. */
static void test_end_in_between(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture, &hurried, "events * hang");
	kube_events_hold(fixture.events, false);
	emit(&fixture, "web", "one");
	emit(&fixture, "web", "two");
	run(&fixture, 0.2, NULL);
	assert_int_equal(kube_events_counts(fixture.events)->waiting, 2);
	clean_up(&fixture);
}

static int set_up_group(void **state)
{
	(void)state;
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("http_proxy");
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_of_starting), cmocka_unit_test(test_look_of_others),
		cmocka_unit_test(test_limits_of_texts),	 cmocka_unit_test(test_identity),
		cmocka_unit_test(test_limiter),		 cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_end_of_series),	 cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limits),		 cmocka_unit_test(test_limit_of_requests),
		cmocka_unit_test(test_shared),		 cmocka_unit_test(test_end_in_between),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
