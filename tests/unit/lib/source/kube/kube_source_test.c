/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_source_fixture.h"

#include "lib/base/clock.h"

/* As text, because the three kinds arrive in any order. */
static void assert_listed(const struct fixture *fixture)
{
	assert_non_null(strstr(fixture->noted->text, "+ Service default/web ClusterIP 10.96.0.10"));
	assert_non_null(strstr(fixture->noted->text, "+ Service default/api ClusterIP 10.96.0.11"));
	assert_non_null(strstr(fixture->noted->text, "+ Node node1 "));
	assert_null(strstr(fixture->noted->text, "node2"));
	assert_null(strstr(fixture->noted->text, "- "));
	assert_string_equal(strstr(fixture->noted->text, "synced"), "synced\n");
}

/*
 * Whatever goes wrong at the start, everything arrives, nothing is removed, and synced comes last.
 */
static void test_faults_of_lists(void **state)
{
	static const enum kube_encoding encodings[] = {KUBE_ENCODING_JSON, KUBE_ENCODING_PROTOBUF};
	static const char *const scripts[] = {
		"",
		"* stream refuse",
		"* stream status 422",
		"* stream status 400",
		"* stream status 500 count 2",
		"* stream end",
		"* * status 503 count 2",
		"* * status 429 retry 1 count 1",
		"* * reset count 3",
		"services stream reset 500 count 1",
		"services * reset 500 count 2",
		"* stream refuse\n* list reset 700 count 2",
		"* * split 1",
		"* stream refuse\n* list split 7",
		"* * delay 300",
		"* stream refuse\nservices list status 410 count 1",
		"* stream refuse\nservices list status 504 count 1",
		"* * json",
		"* * unacceptable",
		"* * garble 0",
		"* stream refuse\n* list garble 60",
		"services stream garble 300",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts) * COUNT(encodings); i++) {
		const char *script = scripts[i / COUNT(encodings)];
		enum kube_encoding encoding = encodings[i % COUNT(encodings)];
		struct fixture fixture;

		print_message("%s: %s\n", encoding == KUBE_ENCODING_JSON ? "JSON" : "protobuf",
			      script);
		prepare(&fixture, script);
		fixture.encoding = encoding;
		fill(&fixture, 0);
		open_with(&fixture, NULL);
		await(&fixture, "synced");
		assert_listed(&fixture);
		clean_up(&fixture);
	}
}

/* How the lists are asked for; the second list comes because the place of the watch is gone. */
static void test_listings(void **state)
{
	static const struct {
		struct kube_listing listing;
		const char *script;
		const char *asked, *not_asked;
	} rows[] = {
		{KUBE_LISTING_DEFAULT, "", "stream /api/v1/services?", "limit="},
		{KUBE_LISTING_DEFAULT, "* stream refuse", "&limit=500&resourceVersion=0",
		 "continue="},
		{{.page_size = 500}, "", "&limit=500&resourceVersion=0", "stream "},
		{{.page_size = 0}, "", "&resourceVersion=0 ", "limit="},
		{{.page_size = 1},
		 "services list status 410 count 1",
		 "&limit=1&continue=",
		 "stream "},
		{{.page_size = 1, .is_compressed = true}, "", "&limit=1&", "stream "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *requests = NULL;
		struct fixture fixture;

		prepare(&fixture, rows[i].script);
		fixture.listing = rows[i].listing;
		fill(&fixture, 0);
		open_with(&fixture, NULL);
		await(&fixture, "synced");
		assert_listed(&fixture);
		requests = api_server_requests(fixture.server);
		if (!strstr(requests, rows[i].asked) || strstr(requests, rows[i].not_asked))
			fail_msg("row %zu: %s", i, requests);
		clean_up(&fixture);
	}
}

/* "timeout=7m23s&timeoutSeconds=443" -> "timeout=?m?s&timeoutSeconds=?": how long is random. */
static void mask_durations(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool is_duration = to - text >= 8 && (strncmp(to - 8, "timeout=", 8) == 0 ||
						      strncmp(to - 8, "Seconds=", 8) == 0 ||
						      strncmp(to - 3, "=?m", 3) == 0);
		size_t digits = is_duration ? strspn(from, "0123456789") : 0;

		if (digits)
			*to++ = '?';
		from += digits;
		*to++ = *from;
	}
	*to = '\0';
}

/* As kube-proxy 1.36 sends them: each parameter, escaped as its client escapes it, in its order. */
static void test_requests(void **state)
{
	static const struct {
		const char *script, *requests[3];
	} rows[] = {
#define SERVICES                                                                           \
	"fieldSelector=spec.clusterIP%21%3DNone&labelSelector=%21service.kubernetes.io%2F" \
	"service-proxy-name"
#define SLICES "labelSelector=%21service.kubernetes.io%2Fheadless"
#define NODE   "fieldSelector=metadata.name%3Dnode1"
#define STREAMED                                                    \
	"&resourceVersionMatch=NotOlderThan&sendInitialEvents=true" \
	"&timeout=?m?s&timeoutSeconds=?&watch=true 200"
#define LISTED "&limit=500&resourceVersion=0 200"
		{"",
		 {"stream /api/v1/services?allowWatchBookmarks=true&" SERVICES STREAMED,
		  "stream /apis/discovery.k8s.io/v1/endpointslices?allowWatchBookmarks=true&" SLICES
			  STREAMED,
		  "stream /api/v1/nodes?allowWatchBookmarks=true&" NODE STREAMED}},
		{"* stream refuse",
		 {"list /api/v1/services?" SERVICES LISTED,
		  "list /apis/discovery.k8s.io/v1/endpointslices?" SLICES LISTED,
		  "list /api/v1/nodes?" NODE LISTED}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *requests = NULL;
		struct fixture fixture;

		prepare(&fixture, rows[i].script);
		fill(&fixture, 0);
		open_with(&fixture, NULL);
		await(&fixture, "synced");
		requests = api_server_requests(fixture.server);
		mask_durations(requests);
		for (size_t j = 0; j < COUNT(rows[i].requests); j++)
			if (!strstr(requests, rows[i].requests[j]))
				fail_msg("no %s in\n%s", rows[i].requests[j], requests);
		clean_up(&fixture);
	}
}

static void test_changes(void **state)
{
	struct fixture fixture;
	struct api_store *store;

	(void)state;
	prepare(&fixture, "");
	fill(&fixture, 0);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	recording_sink_clear(fixture.noted);
	store = api_server_lock(fixture.server);
	set_service(store, "web", "10.96.0.99", "{}");
	set_service(store, "api", "10.96.0.11",
		    "{\"service.kubernetes.io/service-proxy-name\": \"other\"}");
	set_service(store, "new", "not an address", "{}");
	api_server_unlock(fixture.server);
	await(&fixture, "! Service default/new");
	assert_non_null(strstr(fixture.noted->text, "+ Service default/web ClusterIP 10.96.0.99"));
	assert_non_null(strstr(fixture.noted->text, "- Service default/api"));

	/* It was never delivered, so it is not removed, but no longer complained about. */
	recording_sink_clear(fixture.noted);
	store = api_server_lock(fixture.server);
	set_service(store, "web", "10.96.0.99", "{}");
	set_node(store, "node1");
	set_node(store, "node2");
	set_service(store, "api", "None", "{}");
	api_store_keep(store);
	set_service(store, "web", "10.96.0.99", "{}");
	set_node(store, "node1");
	set_service(store, "api", "10.96.0.11", "{}");
	api_store_keep(store);
	api_server_unlock(fixture.server);
	await(&fixture, "+ Service default/api");
	assert_null(strstr(fixture.noted->text, "- Service default/new"));
	clean_up(&fixture);
}

/* A history that is gone: a new list, and what is not in it goes. */
static void test_compaction(void **state)
{
	struct fixture fixture;
	struct api_store *store;

	(void)state;
	prepare(&fixture, "");
	fill(&fixture, 0);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	recording_sink_clear(fixture.noted);
	store = api_server_lock(fixture.server);
	set_service(store, "api", "10.96.0.11", "{}");
	set_node(store, "node1");
	api_store_keep(store);
	set_service(store, "api", "10.96.0.11", "{}");
	set_node(store, "node1");
	api_store_keep(store);
	api_server_unlock(fixture.server);
	api_server_compact(fixture.server);
	api_server_set_faults(fixture.server, "");
	await(&fixture, "- Service default/web");
	await(&fixture, "works again");
	assert_null(strstr(fixture.noted->text, "- Service default/api"));
	clean_up(&fixture);
}

/* Pages that expire again and again while they are read. */
static void test_pages(void **state)
{
	struct fixture fixture;
	size_t count = 0;

	(void)state;
	prepare(&fixture, "* stream refuse");
	fill(&fixture, 2000);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	for (const char *at = fixture.noted->text; (at = strstr(at, "+ Service")); at++)
		count++;
	assert_int_equal(count, 2002);
	clean_up(&fixture);
}

/* Two of the three lists have to wait. */
static void test_limit(void **state)
{
	double begin = clock_now();
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	fill(&fixture, 0);
	fixture.requests_per_second = 2;
	fixture.burst = 1;
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	assert_true(clock_now() - begin > 0.99);
	clean_up(&fixture);
}

/*
 * Three attempts at streams, three lists, two watches, and more pages than are allowed in the time.
 */
static void test_limit_of_pages(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "* stream refuse");
	fill(&fixture, 2000);
	fixture.requests_per_second = 0.01;
	fixture.burst = 9;
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	clean_up(&fixture);
}

/* Three kinds fail in the same way: one line. */
static void test_reports(void **state)
{
	struct fixture fixture;
	char *second;

	(void)state;
	prepare(&fixture, "* * status 500");
	open_with(&fixture, NULL);
	await(&fixture, "Nodes");
	await(&fixture, "EndpointSlices");
	await(&fixture, "Services");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "Empty reply");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "works again");
	second = strstr(fixture.reports, "Empty reply");
	assert_null(strstr(second + 1, "Empty reply"));
	clean_up(&fixture);
}

static void emit(struct fixture *fixture, const char *note)
{
	const struct kube_event event = {
		.reason = "Test",
		.action = "Test",
		.note = note,
		.regarding = {.kind = "Node", .namespace_name = "", .name = "node1"},
	};

	kube_source_emit(fixture->source, &event);
}

static void await_events(struct fixture *fixture, uint64_t created, uint64_t refused)
{
	const struct kube_events_counts *counts = kube_source_event_counts(fixture->source);
	ev_timer late;

	ev_timer_init(&late, on_late, WAIT_SECONDS, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late && (counts->created < created || counts->refused < refused))
		ev_run(fixture->loop, EVRUN_ONCE);
	ev_timer_stop(fixture->loop, &late);
	assert_int_equal(counts->created, created);
	assert_int_equal(counts->refused, refused);
}

/* Events wait for the objects, and whether they can be written makes no difference to these. */
static void test_events(void **state)
{
	struct fixture fixture;
	char *requests;

	(void)state;
	prepare(&fixture, "* stream status 500 count 2\n* stream reset count 1");
	fill(&fixture, 0);
	open_with(&fixture, NULL);
	emit(&fixture, "one");
	await(&fixture, "synced");
	requests = api_server_requests(fixture.server);
	assert_null(strstr(requests, "/events"));
	free(requests);
	await_events(&fixture, 1, 0);

	api_server_set_faults(fixture.server, "events * status 403");
	emit(&fixture, "two");
	emit(&fixture, "three");
	await_events(&fixture, 1, 2);
	await(&fixture, "writing events: status 403");
	recording_sink_clear(fixture.noted);
	set_service(api_server_lock(fixture.server), "web", "10.96.0.98", "{}");
	api_server_unlock(fixture.server);
	await(&fixture, "10.96.0.98");
	api_server_set_faults(fixture.server, "");
	emit(&fixture, "four");
	await_events(&fixture, 2, 2);
	await(&fixture, "writing events works again");
	clean_up(&fixture);
}

static int set_up_group(void **state)
{
	(void)state;
	prepare_environment();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_of_lists), cmocka_unit_test(test_listings),
		cmocka_unit_test(test_requests),	cmocka_unit_test(test_changes),
		cmocka_unit_test(test_compaction),	cmocka_unit_test(test_pages),
		cmocka_unit_test(test_limit),		cmocka_unit_test(test_limit_of_pages),
		cmocka_unit_test(test_reports),		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
