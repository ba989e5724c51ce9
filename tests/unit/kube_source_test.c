/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source against the API server of the tests, which does all kinds of things wrong. */
#include "base/descriptor_limit.h"
#include "fake/api_server.h"
#include "fake/noted_objects.h"
#include "source/kube/kube_source.h"
#include "source/kube/kube_time.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_SECONDS 20.
#define SOFT_LIMIT   200

static char directory[] = "/tmp/kube_source_test.XXXXXX";

struct fixture {
	struct ev_loop *loop;
	struct api_server *server;
	struct noted_objects *noted;
	struct kube_source *source;
	double requests_per_second;
	int burst;
	struct kube_listing listing;
	bool is_late;
	char reports[8000];
};

static void set_service(struct api_store *store, const char *name, const char *address,
			const char *labels)
{
	json_t *object =
		json_pack("{s:s, s:s, s:{s:s, s:s, s:o}, s:{s:s, s:s, s:[{s:i}]}}", "apiVersion",
			  "v1", "kind", "Service", "metadata", "name", name, "namespace", "default",
			  "labels", json_loads(labels, 0, NULL), "spec", "type", "ClusterIP",
			  "clusterIP", address, "ports", "port", 80);

	assert_true(api_store_set(store, object));
	json_decref(object);
}

static void set_node(struct api_store *store, const char *name)
{
	json_t *object = json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind", "Node",
				   "metadata", "name", name);

	assert_true(api_store_set(store, object));
	json_decref(object);
}

/* Two Services and the Node, or more Services. */
static void fill(struct fixture *fixture, size_t more)
{
	struct api_store *store = api_server_lock(fixture->server);

	set_service(store, "web", "10.96.0.10", "{}");
	set_service(store, "api", "10.96.0.11", "{}");
	set_node(store, "node1");
	set_node(store, "node2");
	for (size_t i = 0; i < more; i++) {
		char name[32];

		snprintf(name, sizeof(name), "x%05zu", i);
		set_service(store, name, "10.96.0.12", "{}");
	}
	api_server_unlock(fixture->server);
}

static void on_report(void *owner, enum kube_report kind, const char *text)
{
	struct fixture *fixture = owner;
	size_t used = strlen(fixture->reports);

	snprintf(fixture->reports + used, sizeof(fixture->reports) - used, "%s %s\n",
		 kind == KUBE_REPORT_WARNING ? "warning" : "info", text);
}

static void prepare(struct fixture *fixture, const char *script)
{
	const struct api_server_options options = {.first_version = 100, .bookmark_seconds = 1};
	const struct kube_listing listing = KUBE_LISTING_DEFAULT;

	*fixture = (struct fixture){.loop = ev_default_loop(0), .requests_per_second = -1};
	fixture->listing = listing;
	fixture->noted = noted_objects_new();
	fixture->server = api_server_new(&options);
	assert_true(api_server_set_faults(fixture->server, script));
	assert_true(api_server_listen(fixture->server, &options));
}

static void open_with(struct fixture *fixture, const char *kubeconfig)
{
	auto_memory char *master =
		memory_format("http://127.0.0.1:%u", api_server_port(fixture->server));
	const struct kube_source_options options = {
		.kubeconfig = kubeconfig,
		.master = master,
		.node_name = "node1",
		.reporter = {"kube-proxy", "kube-proxy-host"},
		.requests_per_second = fixture->requests_per_second,
		.burst = fixture->burst,
		.listing = fixture->listing,
		.sink = noted_objects_sink(fixture->noted),
		.on_report = on_report,
		.owner = fixture,
	};
	struct error err = {0};

	if (kube_source_open(fixture->loop, &options, &fixture->source, &err) < 0)
		fail_msg("%s", err.text);
}

static void clean_up(struct fixture *fixture)
{
	kube_source_close(fixture->source);
	api_server_free(fixture->server);
	noted_objects_free(fixture->noted);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

/* Runs the loop until @text was noted or reported. */
static void await(struct fixture *fixture, const char *text)
{
	ev_timer late;

	ev_timer_init(&late, on_late, WAIT_SECONDS, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late && !strstr(fixture->noted->text, text) &&
	       !strstr(fixture->reports, text))
		ev_run(fixture->loop, EVRUN_ONCE);
	ev_timer_stop(fixture->loop, &late);
	if (fixture->is_late)
		fail_msg("no \"%s\" in:\n%s%s", text, fixture->noted->text, fixture->reports);
}

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

/* Whatever goes wrong at the start, everything arrives, nothing is removed, and synced comes last.
 */
static void test_faults_of_lists(void **state)
{
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
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct fixture fixture;

		print_message("%s\n", scripts[i]);
		prepare(&fixture, scripts[i]);
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

static void test_changes(void **state)
{
	struct fixture fixture;
	struct api_store *store;

	(void)state;
	prepare(&fixture, "");
	fill(&fixture, 0);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	noted_objects_clear(fixture.noted);
	store = api_server_lock(fixture.server);
	set_service(store, "web", "10.96.0.99", "{}");
	set_service(store, "api", "10.96.0.11", "{\"service.kubernetes.io/headless\": \"\"}");
	set_service(store, "new", "not an address", "{}");
	api_server_unlock(fixture.server);
	await(&fixture, "! Service default/new");
	assert_non_null(strstr(fixture.noted->text, "+ Service default/web ClusterIP 10.96.0.99"));
	assert_non_null(strstr(fixture.noted->text, "- Service default/api"));

	/* It was never delivered, so it is not removed, but no longer complained about. */
	noted_objects_clear(fixture.noted);
	store = api_server_lock(fixture.server);
	set_service(store, "web", "10.96.0.99", "{}");
	set_node(store, "node1");
	set_node(store, "node2");
	set_service(store, "api", "10.96.0.11", "{\"service.kubernetes.io/headless\": \"\"}");
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
	noted_objects_clear(fixture.noted);
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

static char *write_file(const char *name, const char *text)
{
	char *path = memory_format("%s/%s", directory, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	return path;
}

#define KUBECONFIG(user)                                                                   \
	"{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "     \
	"clusters: [{name: k, cluster: {server: \"http://h\"}}], users: [{name: u, user: " \
	"{" user "}}]}"

/* A token that is exchanged, at first too early for the file. */
static void test_token(void **state)
{
	auto_memory char *config = write_file("config", KUBECONFIG("tokenFile: token"));
	auto_memory char *token = write_file("token", "secret-1\n");
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	api_server_set_tokens(fixture.server, "secret-1 proxy\n");
	api_server_set_users(fixture.server, "proxy\n");
	fill(&fixture, 0);
	open_with(&fixture, config);
	await(&fixture, "synced");
	assert_string_equal(fixture.reports, "");

	api_server_set_tokens(fixture.server, "secret-2 proxy\n");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "status 401: Unauthorized");
	free(write_file("token", "secret-2"));
	await(&fixture, "works again");
	assert_null(strstr(fixture.reports, "secret"));
	unlink(token);
	unlink(config);
	clean_up(&fixture);
}

#define PLUGIN(expiry)                                                                    \
	"#!/bin/sh\n"                                                                     \
	"echo run >>$0.log\n"                                                             \
	"[ \"$COLOR\" = blue ] && [ -n \"$KUBERNETES_EXEC_INFO\" ] || exit 3\n"           \
	"[ $(ulimit -n) = $FILES ] || exit 4\n"                                           \
	"echo '{\"kind\": \"ExecCredential\", \"apiVersion\": "                           \
	"\"client.authentication.k8s.io/v1\", \"status\": {\"token\": \"secret-'$(wc -l " \
	"<$0.log)'\", "                                                                   \
	"\"expirationTimestamp\": \"" expiry "\"}}'\n"

/* The plugin finds in $FILES how many it may have open: as many as this program at its start. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	char text[32];

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	assert_true(limit.rlim_max > SOFT_LIMIT);
	limit.rlim_cur = SOFT_LIMIT;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	snprintf(text, sizeof(text), "%d", SOFT_LIMIT);
	setenv("FILES", text, 1);
	assert_int_equal(descriptor_limit_raise(), limit.rlim_max);
}

/* A plugin is asked once, and again when what it gave is refused. */
static void test_plugin(void **state)
{
	auto_memory char *config = write_file(
		"config", KUBECONFIG("exec: {apiVersion: client.authentication.k8s.io/v1, "
				     "command: ./plugin, env: [{name: COLOR, value: blue}]}"));
	auto_memory char *plugin = write_file("plugin", PLUGIN("2100-01-01T00:00:00Z"));
	auto_memory char *log = write_file("plugin.log", "");
	struct fixture fixture;
	char *requests;

	(void)state;
	assert_int_equal(chmod(plugin, 0700), 0);
	prepare(&fixture, "");
	api_server_set_tokens(fixture.server, "secret-1 first\n");
	fill(&fixture, 0);
	open_with(&fixture, config);
	await(&fixture, "synced");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "first stream"));
	assert_null(strstr(requests, "anonymous"));
	free(requests);

	api_server_set_tokens(fixture.server, "secret-2 second\n");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "works again");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "second watch"));
	free(requests);
	unlink(plugin);
	unlink(log);
	unlink(config);
	clean_up(&fixture);
}

static size_t line_count(const char *path)
{
	FILE *stream = fopen(path, "r");
	size_t count = 0;
	int c;

	assert_non_null(stream);
	while ((c = fgetc(stream)) != EOF)
		count += c == '\n';
	fclose(stream);
	return count;
}

/* What a plugin gives is used for a while, however early it expires, and then asked for again. */
static void test_plugin_and_expiry(void **state)
{
	auto_memory char *config = write_file(
		"config", KUBECONFIG("exec: {apiVersion: client.authentication.k8s.io/v1, "
				     "command: ./plugin, env: [{name: COLOR, value: blue}]}"));
	auto_memory char *plugin = write_file("plugin", PLUGIN("2000-01-01T00:00:00Z"));
	auto_memory char *log = write_file("plugin.log", "");
	struct fixture fixture;
	char *requests;

	(void)state;
	assert_int_equal(chmod(plugin, 0700), 0);
	prepare(&fixture, "");
	api_server_set_tokens(fixture.server, "secret-1 first\nsecret-2 second\nsecret-3 second\n"
					      "secret-4 second\n");
	fill(&fixture, 0);
	open_with(&fixture, config);
	await(&fixture, "synced");
	assert_int_equal(line_count(log), 1);

	sleep(6);
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "works again");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "second watch"));
	free(requests);
	unlink(plugin);
	unlink(log);
	unlink(config);
	clean_up(&fixture);
}

static void test_plugin_that_fails(void **state)
{
	auto_memory char *config = write_file(
		"config", KUBECONFIG("exec: {apiVersion: client.authentication.k8s.io/v1, "
				     "command: /no/such/plugin, installHint: \"get it\"}"));
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	open_with(&fixture, config);
	await(&fixture, "credential plugin /no/such/plugin: No such file or directory; get it");
	unlink(config);
	clean_up(&fixture);
}

/* Two of the three lists have to wait. */
static void test_limit(void **state)
{
	struct timespec begin = kube_time_now();
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	fill(&fixture, 0);
	fixture.requests_per_second = 2;
	fixture.burst = 1;
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	assert_true(kube_time_since(&begin) > 0.99);
	clean_up(&fixture);
}

/* Three attempts at streams, three lists, two watches, and more pages than are allowed in the time.
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
	noted_objects_clear(fixture.noted);
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
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("http_proxy");
	raise_descriptor_limit();
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(directory) ? 0 : -1;
}

static int clean_up_group(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_of_lists),
		cmocka_unit_test(test_listings),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_compaction),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_plugin_and_expiry),
		cmocka_unit_test(test_plugin_that_fails),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_of_pages),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, set_up_group, clean_up_group);
}
