/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorded answers of a real API server, see tests/transcripts: which objects arrive, what is
 * said about trouble, and what is asked next.
 */
#include "lib/source/kube/kube_config.h"
#include "lib/source/kube/kube_reflector.h"
#include "lib/source/kube/kube_text.h"
#include "tests/fake/recording_sink.h"
#include "tests/fake/replay_server.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWERS_MAX  8
#define WAIT_SECONDS 60.

static const char *directory;

#define ALPHA	"+ Service default/alpha ClusterIP 10.96.1.1 http:80\n"
#define BRAVO	"+ Service default/bravo ClusterIP 10.96.1.2 http:80\n"
#define CHARLIE "+ Service default/charlie ClusterIP 10.96.1.3 http:80\n"
#define DELTA	"+ Service default/delta ClusterIP 10.96.1.4 http:80\n"
#define ECHO_KUBERNETES                                        \
	"+ Service default/echo ClusterIP 10.96.1.5 http:80\n" \
	"+ Service default/kubernetes ClusterIP 10.96.0.1 https:443\n"
#define SERVICES ALPHA BRAVO CHARLIE DELTA ECHO_KUBERNETES

#define OTHER_SLICES                                                \
	"+ EndpointSlice default/bravo-1 of bravo 10.244.1.2\n"     \
	"+ EndpointSlice default/charlie-1 of charlie 10.244.1.3\n" \
	"+ EndpointSlice default/delta-1 of delta 10.244.1.4\n"     \
	"+ EndpointSlice default/echo-1 of echo 10.244.1.5\n"       \
	"+ EndpointSlice default/kubernetes of kubernetes 192.168.77.10\n"
#define SLICES "+ EndpointSlice default/alpha-1 of alpha 10.244.1.1\n" OTHER_SLICES

#define SERVICES_36                                                                         \
	"+ Service default/alpha LoadBalancer 10.96.49.223 fd00:96::16e2 http:80 dns:53\n"  \
	"+ Service default/bravo LoadBalancer 10.102.87.130 fd00:96::827e http:80 dns:53\n" \
	"+ Service default/charlie LoadBalancer 10.108.149.114 fd00:96::fa9d http:80 "      \
	"dns:53\n"                                                                          \
	"+ Service default/kubernetes ClusterIP 10.96.0.1 https:443\n"                      \
	"+ Service default/other ExternalName\n"

#define SLICES_36                                                                                   \
	"+ EndpointSlice default/alpha-1 of alpha 10.244.1.1 10.244.2.1(serving,terminating)\n"     \
	"+ EndpointSlice default/alpha-2 of alpha fd00:10:244:1::1\n"                               \
	"+ EndpointSlice default/bravo-1 of bravo 10.244.1.2 10.244.2.2(serving,terminating)\n"     \
	"+ EndpointSlice default/bravo-2 of bravo fd00:10:244:1::2\n"                               \
	"+ EndpointSlice default/charlie-1 of charlie 10.244.1.3 10.244.2.3(serving,terminating)\n" \
	"+ EndpointSlice default/charlie-2 of charlie fd00:10:244:1::3\n"

/* What a server says that knows no streaming lists. */
#define OLD "watchlist-unsupported"

/* Requests; the selector is left out, and so is how long a watch is to last. */
#define STREAM                                                          \
	"> ?allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan" \
	"&sendInitialEvents=true&watch=true\n"
#define LIST	       "> ?limit=500&resourceVersion=0\n"
#define LIST_NEWEST    "> ?limit=500\n"
#define NEXT(token)    "> ?limit=500&continue=" token "\n"
#define WATCH(version) "> ?allowWatchBookmarks=true&resourceVersion=" version "&watch=true\n"
#define CHANGED	       "changed\n"

/*
 * @answers: in order; the row ends when the request after them has come. @wanted: requests, objects
 * and troubles in order.
 */
static const struct row {
	const char *what;
	enum object_kind kind;
	const char *answers[ANSWERS_MAX];
	const char *wanted;
} rows[] = {
	/* clang-format off */
	{"a list from the watch cache",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector"},
	 STREAM LIST SERVICES CHANGED WATCH("226")},
	{"a list of slices",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices-selector"},
	 STREAM LIST SLICES CHANGED WATCH("226")},
	{"one Node, and its changes",
	 OBJECT_KIND_NODE,
	 {OLD, "list-node1", "watch-node1"},
	 STREAM LIST "+ Node node1 zone zone-a\n" CHANGED WATCH("226")
		"+ Node node1 zone zone-b\n" CHANGED WATCH("238")},
	{"a list in pages",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-page1", "list-services-page2", "list-services-page3"},
	 STREAM LIST ALPHA BRAVO
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvXHUwMDAwIn0")
	 CHARLIE DELTA
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6ImRlZmF1bHQvZGVsdGFcdTAwMDAifQ")
	 ECHO_KUBERNETES CHANGED WATCH("226")},
	{"slices in pages",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices-page1", "list-endpointslices-page2",
	  "list-endpointslices-page3"},
	 STREAM LIST "+ EndpointSlice default/alpha-1 of alpha 10.244.1.1\n"
	 "+ EndpointSlice default/bravo-1 of bravo 10.244.1.2\n"
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvLTFcdTAwMDAifQ")
	 "+ EndpointSlice default/charlie-1 of charlie 10.244.1.3\n"
	 "+ EndpointSlice default/delta-1 of delta 10.244.1.4\n"
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6ImRlZmF1bHQvZGVsdGEtMVx1MDAwMCJ9")
	 "+ EndpointSlice default/echo-1 of echo 10.244.1.5\n"
	 "+ EndpointSlice default/kubernetes of kubernetes 192.168.77.10\n" CHANGED WATCH("226")},
	{"changes of Services",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector", "watch-services"},
	 STREAM LIST SERVICES CHANGED WATCH("226")
	 "+ Service default/foxtrot ClusterIP 10.96.1.6 http:80\n" CHANGED
	 "+ Service default/foxtrot LoadBalancer 10.96.1.6 http:80\n" CHANGED
	 "+ Service default/foxtrot LoadBalancer 10.96.1.6 http:80\n" CHANGED
	 "- Service default/bravo\n" CHANGED BRAVO CHANGED
	 "- Service default/foxtrot\n" CHANGED WATCH("240")},
	{"changes of slices",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices-selector", "watch-endpointslices"},
	 STREAM LIST SLICES CHANGED WATCH("226")
	 "+ EndpointSlice default/foxtrot-1 of foxtrot 10.244.1.6\n" CHANGED
	 "+ EndpointSlice default/foxtrot-1 of foxtrot 10.244.1.6 10.244.1.66\n" CHANGED
	 "+ EndpointSlice default/alpha-1 of alpha 10.244.1.1(serving,terminating)\n" CHANGED
	 "- EndpointSlice default/foxtrot-1\n" CHANGED WATCH("244")},
	{"a streaming list",
	 OBJECT_KIND_SERVICE,
	 {"watchlist-services"},
	 STREAM SERVICES CHANGED WATCH("265")},
	{"a streaming list of slices",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {"watchlist-endpointslices"},
	 STREAM "+ EndpointSlice default/alpha-1 of alpha 10.244.1.1(serving,terminating)\n"
	 OTHER_SLICES CHANGED WATCH("266")},
	{"a stream without its bookmark: once more, then a list",
	 OBJECT_KIND_SERVICE,
	 {"watch-from-now-no-rv", "watch-from-now-no-rv"},
	 STREAM SERVICES
	 "trouble: listing Services: the server ended the watch at once; retrying\n"
	 STREAM SERVICES LIST},
	{"a version that is gone: a new list, and what it lacks goes",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector", "watch-too-old-410", "list-services-page3"},
	 STREAM LIST SERVICES CHANGED WATCH("226") LIST_NEWEST ECHO_KUBERNETES
	 /* In the order of their hashes. */
	 "- Service default/delta\n- Service default/bravo\n"
	 "- Service default/alpha\n- Service default/charlie\n" CHANGED WATCH("226")},
	{"a version that is gone when listing",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-exact-old-410"},
	 STREAM LIST LIST_NEWEST},
	{"a page that is gone: a list in one piece",
	 OBJECT_KIND_SERVICE,
	 {OLD, "expired-continue-page1", "expired-continue-page2-410", "list-services-selector"},
	 STREAM LIST ALPHA BRAVO
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjQ3LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvXHUwMDAwIn0")
	 "> \n" SERVICES CHANGED WATCH("226")},
	{"a page of another version",
	 OBJECT_KIND_SERVICE,
	 {OLD, "expired-continue-page1", "expired-continue-page2-inconsistent"},
	 STREAM LIST ALPHA BRAVO
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjQ3LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvXHUwMDAwIn0")
	 CHARLIE DELTA
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjUxLCJzdGFydCI6ImRlZmF1bHQvZGVsdGFcdTAwMDAifQ")},
	{"a bad token is tried twice",
	 OBJECT_KIND_SERVICE,
	 {"error-401-bad-token", "error-401-bad-token"},
	 STREAM STREAM "trouble: listing Services: status 401: Unauthorized; retrying\n" STREAM},
	{"nobody may list",
	 OBJECT_KIND_SERVICE,
	 {"error-403-anonymous"},
	 STREAM "trouble: listing Services: status 403: services is forbidden: User "
	 "\"system:anonymous\" cannot list resource \"services\" in API group \"\" at the cluster "
	 "scope; retrying\n" STREAM},
	{"a guest may not list",
	 OBJECT_KIND_SERVICE,
	 {"error-403-guest"},
	 STREAM "trouble: listing Services: status 403: services is forbidden: User \"guest\" "
	 "cannot list resource \"services\" in API group \"\" at the cluster scope; retrying\n"
	 STREAM},
	{"a guest may not watch",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices-selector", "error-403-guest-watch"},
	 STREAM LIST SLICES CHANGED WATCH("226")
	 "trouble: watching EndpointSlices: status 403: endpointslices.discovery.k8s.io is "
	 "forbidden: User \"guest\" cannot watch resource \"endpointslices\" in API group "
	 "\"discovery.k8s.io\" at the cluster scope; retrying\n" WATCH("226")},
	{"no such path",
	 OBJECT_KIND_SERVICE,
	 {"error-404-path", "error-404-path"},
	 STREAM LIST "trouble: listing Services: status 404: the server could not find the "
	 "requested resource; retrying\n" LIST},
	{"no such object",
	 OBJECT_KIND_NODE,
	 {OLD, "error-404-node"},
	 STREAM LIST
	 "trouble: listing Nodes: status 404: nodes \"absent\" not found; retrying\n" LIST},
	{"no such page: from the beginning",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-page1", "error-400-continue"},
	 STREAM LIST ALPHA BRAVO
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvXHUwMDAwIn0")
	 "trouble: listing Services: status 400: invalid continue token: continue key is not "
	 "valid: invalid character '\\u0081' looking for beginning of value; retrying\n" LIST},
	{"a version that is none",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector", "error-watch-bad-rv"},
	 STREAM LIST SERVICES CHANGED WATCH("226")
	 "trouble: watching Services: status 500: resourceVersion: Invalid value: \"abc\": "
	 "strconv.ParseUint: parsing \"abc\": invalid syntax; retrying\n" WATCH("226")},
	{"a version from the future ends the watch",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector", "error-watch-future-rv"},
	 STREAM LIST SERVICES CHANGED WATCH("226")
	 "trouble: watching Services: the server ended the watch at once; retrying\n"
	 WATCH("226")},
	{"a watch that says nothing",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-selector", "watch-empty-timeout"},
	 STREAM LIST SERVICES CHANGED WATCH("226")
	 "trouble: watching Services: the server ended the watch at once; retrying\n"
	 WATCH("226")},
	{"a version from the future when listing",
	 OBJECT_KIND_SERVICE,
	 {OLD, "error-list-future-rv", "list-services-selector"},
	 STREAM LIST LIST_NEWEST SERVICES CHANGED WATCH("226")},
	{"something else",
	 OBJECT_KIND_SERVICE,
	 {OLD, "version"},
	 STREAM LIST "trouble: listing Services: the response is not a list; retrying\n" LIST},
	{"a streaming list of 1.36 in JSON",
	 OBJECT_KIND_SERVICE,
	 {"watchlist-services-json"},
	 STREAM SERVICES_36 CHANGED WATCH("238")},
	{"a streaming list of 1.36 in protocol buffers",
	 OBJECT_KIND_SERVICE,
	 {"watchlist-services-pb"},
	 STREAM SERVICES_36 CHANGED WATCH("239")},
	{"a streaming list of slices of 1.36 in JSON",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {"watchlist-endpointslices-json"},
	 STREAM SLICES_36 CHANGED WATCH("240")},
	{"a streaming list of slices of 1.36 in protocol buffers",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {"watchlist-endpointslices-pb"},
	 STREAM SLICES_36 CHANGED WATCH("242")},
	{"the first of several pages in protocol buffers",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-page1-pb"},
	 STREAM LIST
	 "+ Service default/alpha LoadBalancer 10.96.49.223 fd00:96::16e2 http:80 dns:53\n"
	 "+ Service default/bravo LoadBalancer 10.102.87.130 fd00:96::827e http:80 dns:53\n"
	 NEXT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjM4LCJzdGFydCI6Ii9kZWZhdWx0L2JyYXZvXHUwMDAwIn0")},
	{"a bad token, refused in protocol buffers",
	 OBJECT_KIND_SERVICE,
	 {"error-401-pb", "error-401-pb"},
	 STREAM STREAM "trouble: listing Services: status 401: Unauthorized; retrying\n" STREAM},
	{"no such object, refused in protocol buffers",
	 OBJECT_KIND_NODE,
	 {OLD, "error-404-pb"},
	 STREAM LIST
	 "trouble: listing Nodes: status 404: nodes \"nobody\" not found; retrying\n" LIST},
	{"a version that is none, refused in protocol buffers",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-pb", "watch-bad-rv-pb"},
	 STREAM LIST SERVICES_36 CHANGED WATCH("234")
	 "trouble: watching Services: status 500: resourceVersion: Invalid value: \"abc\": "
	 "strconv.ParseUint: parsing \"abc\": invalid syntax; retrying\n" WATCH("234")},
	{"a version of the future, refused in protocol buffers: a new list",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services-pb", "list-future-rv-pb"},
	 STREAM LIST SERVICES_36 CHANGED WATCH("234") LIST_NEWEST},
	/* clang-format on */
};

/* Each name is that of two transcripts, NAME-json and NAME-pb. */
static const struct row twice[] = {
	/* clang-format off */
	{"Services of 1.36",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services"},
	 STREAM LIST SERVICES_36 CHANGED WATCH("234")},
	{"slices of 1.36",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices"},
	 STREAM LIST SLICES_36 CHANGED WATCH("231")},
	{"one Node of 1.36, and its changes",
	 OBJECT_KIND_NODE,
	 {OLD, "list-node1", "watch-node1"},
	 STREAM LIST "+ Node node1 zone zone-a\n" CHANGED WATCH("238")
	 "+ Node node1 zone zone-a\n" CHANGED WATCH("259")},
	{"all Nodes of 1.36",
	 OBJECT_KIND_NODE,
	 {OLD, "list-nodes"},
	 STREAM LIST "+ Node node1 zone zone-a\n+ Node node2 zone zone-a\n" CHANGED WATCH("238")},
	{"changes of Services of 1.36",
	 OBJECT_KIND_SERVICE,
	 {OLD, "list-services", "watch-services"},
	 STREAM LIST SERVICES_36 CHANGED WATCH("234")
	 "- Service default/bravo\n- Service default/charlie\n" CHANGED WATCH("252")},
	{"changes of slices of 1.36",
	 OBJECT_KIND_ENDPOINT_SLICE,
	 {OLD, "list-endpointslices", "watch-endpointslices"},
	 STREAM LIST SLICES_36 CHANGED WATCH("231")
	 "+ EndpointSlice default/foxtrot-1 of foxtrot 10.244.1.6\n"
	 "+ EndpointSlice default/charlie-1 of charlie\n"
	 "- EndpointSlice default/charlie-2\n" CHANGED WATCH("258")},
	/* clang-format on */
};

struct fixture {
	struct ev_loop *loop;
	struct replay_server *server;
	struct recording_sink *noted;
	struct object_sink sink;
	size_t noted_requests;
	size_t wanted_requests;
	bool is_late;
	struct kube_config *config;
	struct kube_credentials *credentials;
	struct kube_http *http;
	struct kube_reflector *reflector;
};

static const char *path_of(enum object_kind kind)
{
	if (kind == OBJECT_KIND_NODE)
		return "/api/v1/nodes";
	return kind == OBJECT_KIND_SERVICE ? "/api/v1/services"
					   : "/apis/discovery.k8s.io/v1/endpointslices";
}

/* "GET /api/v1/services?labelSelector=a&watch=true HTTP/1.1" -> "> ?watch=true" */
static void note_requests(struct fixture *fixture)
{
	while (fixture->noted_requests < replay_server_request_count(fixture->server)) {
		const char *request =
			replay_server_request(fixture->server, fixture->noted_requests++);
		auto_memory char *line =
			string_printf("%.*s", (int)strcspn(request, "\r"), request);
		auto_memory char *query = string_printf("%s&", strchr(line, '?') + 1);
		char kept[1000] = "", *rest = NULL;

		*strrchr(query, ' ') = '\0';
		for (char *item = strtok_r(query, "&", &rest); item;
		     item = strtok_r(NULL, "&", &rest)) {
			if (strncmp(item, "timeout", 7) == 0 ||
			    strncmp(item, "labelSelector=", 14) == 0)
				continue;
			snprintf(kept + strlen(kept), sizeof(kept) - strlen(kept), "%s%s",
				 *kept ? "&" : "?", item);
		}
		recording_sink_add(fixture->noted, "> %s", kept);
	}
}

static void on_changed(void *owner)
{
	recording_sink_add(((struct fixture *)owner)->noted, "changed");
}

static void on_trouble(void *owner, struct kube_reflector *reflector, const char *text)
{
	(void)reflector;
	recording_sink_add(((struct fixture *)owner)->noted, "trouble: %s", text);
}

static void on_fine(void *owner, struct kube_reflector *reflector)
{
	(void)reflector;
	recording_sink_add(((struct fixture *)owner)->noted, "fine");
}

static char *read_transcript(const char *name, size_t *ret_size)
{
	auto_memory char *path = string_printf("%s/%s.response", directory, name);
	FILE *stream = fopen(path, "r");
	char *bytes = memory_allocate(65536);

	if (!stream)
		fail_msg("%s is missing", path);
	*ret_size = fread(bytes, 1, 65536, stream);
	fclose(stream);
	return bytes;
}

static void prepare(struct fixture *fixture, const struct row *row, size_t piece)
{
	struct error err = {0};
	auto_memory char *master = NULL;

	fixture->loop = ev_default_loop(0);
	fixture->server = replay_server_new(fixture->loop);
	fixture->noted = recording_sink_new();
	fixture->sink = recording_sink_sink(fixture->noted);
	for (size_t i = 0; i < ANSWERS_MAX && row->answers[i]; i++) {
		size_t size;
		auto_memory char *bytes = read_transcript(row->answers[i], &size);

		replay_server_add(fixture->server,
				  &(struct replay_answer){.target = path_of(row->kind),
							  .bytes = bytes,
							  .size = size,
							  .piece = piece});
		fixture->wanted_requests = i + 2;
	}
	master = string_printf("http://127.0.0.1:%u/", replay_server_port(fixture->server));
	if (kube_config_load(&(struct kube_config_place){.master = master}, &fixture->config,
			     &err) < 0)
		fail_msg("%s", err.text);
	fixture->credentials = kube_credentials_new(fixture->loop, fixture->config, NULL, fixture);
	fixture->http = kube_http_new(fixture->loop, NULL, NULL);
	fixture->reflector = kube_reflector_new(
		fixture->loop, &(struct kube_reflector_options){.kind = row->kind,
								.path = path_of(row->kind),
								.selector = "labelSelector=%21a",
								.watch_seconds = 300,
								.listing = KUBE_LISTING_DEFAULT,
								.http = fixture->http,
								.credentials = fixture->credentials,
								.sink = &fixture->sink,
								.on_changed = on_changed,
								.on_trouble = on_trouble,
								.on_fine = on_fine,
								.owner = fixture});
}

static void clean_up(struct fixture *fixture)
{
	kube_reflector_free(fixture->reflector);
	kube_http_free(fixture->http);
	kube_credentials_free(fixture->credentials);
	kube_config_free(fixture->config);
	recording_sink_free(fixture->noted);
	replay_server_free(fixture->server);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

static void run(struct fixture *fixture)
{
	ev_timer late;

	ev_timer_init(&late, on_late, WAIT_SECONDS, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late &&
	       replay_server_request_count(fixture->server) < fixture->wanted_requests) {
		ev_run(fixture->loop, EVRUN_ONCE);
		note_requests(fixture);
	}
	ev_timer_stop(fixture->loop, &late);
}

static void play(const struct row *row, size_t piece, struct fixture *fixture)
{
	print_message("%s, in pieces of %zu\n", row->what, piece);
	prepare(fixture, row, piece);
	run(fixture);
	assert_false(fixture->is_late);
}

/* What comes together is told of as one change, and how much that is depends on the machine. */
static void merge_changes(char *text)
{
	char *line = text, *end;

	for (; *line; line = end) {
		end = strchr(line, '\n') + 1;
		if (strncmp(line, CHANGED, strlen(CHANGED)) != 0 || (*end != '+' && *end != '-'))
			continue;
		memmove(line, end, strlen(end) + 1);
		end = line;
	}
}

static void check_row(const struct row *row, size_t piece)
{
	auto_memory char *wanted = string_dup(row->wanted);
	struct fixture fixture = {0};

	play(row, piece, &fixture);
	merge_changes(wanted);
	merge_changes(fixture.noted->text);
	assert_string_equal(fixture.noted->text, wanted);
	clean_up(&fixture);
}

static void test_transcripts(void **state)
{
	static const size_t pieces[] = {0, 1, 100};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(pieces); i++)
		check_row(&rows[i / COUNT(pieces)], pieces[i % COUNT(pieces)]);
}

/* The answers to the same requests, asked for in JSON and in protocol buffers. */
static void test_both_encodings(void **state)
{
	static const char *const encodings[] = {"json", "pb"};
	static const size_t pieces[] = {0, 1, 100};

	(void)state;
	for (size_t i = 0; i < COUNT(twice) * COUNT(pieces) * COUNT(encodings); i++) {
		struct row row = twice[i / COUNT(pieces) / COUNT(encodings)];
		const char *encoding = encodings[i / COUNT(pieces) % COUNT(encodings)];
		char names[ANSWERS_MAX][64];

		for (size_t j = 0; j < ANSWERS_MAX && row.answers[j]; j++) {
			if (strcmp(row.answers[j], OLD) == 0)
				continue;
			snprintf(names[j], sizeof(names[j]), "%s-%s", row.answers[j], encoding);
			row.answers[j] = names[j];
		}
		print_message("%s: ", encoding);
		check_row(&row, pieces[i % COUNT(pieces)]);
	}
}

static bool is_in_table(const struct row *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < ANSWERS_MAX && table[i].answers[j]; j++)
			if (strcmp(table[i].answers[j], name) == 0)
				return true;
	return false;
}

static bool is_used(char *name)
{
	char *dash;

	if (is_in_table(rows, COUNT(rows), name))
		return true;
	dash = strrchr(name, '-');
	if (!dash || (strcmp(dash, "-pb") != 0 && strcmp(dash, "-json") != 0))
		return false;
	*dash = '\0';
	return is_in_table(twice, COUNT(twice), name);
}

static void test_every_transcript_is_used(void **state)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	size_t count = 0;

	(void)state;
	assert_non_null(stream);
	while ((entry = readdir(stream))) {
		auto_memory char *name = string_dup(entry->d_name);
		char *dot = strstr(name, ".response");

		if (!dot)
			continue;
		*dot = '\0';
		count++;
		if (!is_used(name))
			fail_msg("no row uses %s", entry->d_name);
	}
	closedir(stream);
	assert_int_equal(count, 56);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_transcript_is_used),
		cmocka_unit_test(test_transcripts),
		cmocka_unit_test(test_both_encodings),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY-OF-TRANSCRIPTS\n", argv[0]);
		return 2;
	}
	directory = argv[1];
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("http_proxy");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
