/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_source_fixture.h"

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

/* How many requests were for all Nodes: "LIST" or "WATCH" of the server's log */
static size_t count_requests(const struct fixture *fixture)
{
	auto_memory char *requests = api_server_requests(fixture->server);

	return count_of(requests, "/api/v1/nodes?labelSelector=") +
	       count_of(requests, "/api/v1/nodes?allowWatchBookmarks=true&labelSelector=");
}

static void start(struct fixture *fixture, enum kube_nodes other_nodes, const char *script)
{
	prepare(fixture, "");
	fixture->other_nodes = other_nodes;
	fill(fixture, 0);
	open_with(fixture, NULL);
	await(fixture, "synced");
	api_server_set_faults(fixture->server, script);
}

/* What fill() set, without node2 and with node3. */
static void exchange_nodes(struct fixture *fixture)
{
	struct api_store *store = api_server_lock(fixture->server);

	api_store_keep(store);
	set_service(store, "web", "10.96.0.10", "{}");
	set_service(store, "api", "10.96.0.11", "{}");
	set_node(store, "node1");
	set_node(store, "node3");
	api_store_keep(store);
	api_server_unlock(fixture->server);
}

static void add_node(struct fixture *fixture, const char *name)
{
	set_node(api_server_lock(fixture->server), name);
	api_server_unlock(fixture->server);
}

static void list(struct fixture *fixture)
{
	fixture->reports[0] = '\0';
	kube_source_list_nodes(fixture->source);
	await(fixture, "all Nodes: ");
}

/* Nothing is asked for before somebody asks, and then once; what is gone goes. */
static void test_lists(void **state)
{
	static const enum kube_encoding encodings[] = {KUBE_ENCODING_JSON, KUBE_ENCODING_PROTOBUF};

	(void)state;
	for (size_t i = 0; i < COUNT(encodings); i++) {
		struct fixture fixture;

		start(&fixture, KUBE_NODES_LISTED, "");
		fixture.encoding = encodings[i];
		assert_null(strstr(fixture.noted->text, "node2"));
		assert_int_equal(count_requests(&fixture), 0);

		recording_sink_clear(fixture.noted);
		list(&fixture);
		assert_non_null(strstr(fixture.reports, "info all Nodes: known"));
		assert_non_null(strstr(fixture.noted->text, "+ Node node2 "));
		assert_null(strstr(fixture.noted->text, "node1"));
		assert_int_equal(count_requests(&fixture), 1);

		exchange_nodes(&fixture);
		recording_sink_clear(fixture.noted);
		list(&fixture);
		assert_non_null(strstr(fixture.noted->text, "+ Node node3 "));
		assert_non_null(strstr(fixture.noted->text, "- Node node2"));
		assert_null(strstr(fixture.noted->text, "node1"));
		assert_int_equal(count_requests(&fixture), 2);
		clean_up(&fixture);
	}
}

/* In pages, which are one list; the watch of this node's Node goes on meanwhile. */
static void test_pages(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	fixture.listing = (struct kube_listing){.page_size = 1};
	fill(&fixture, 0);
	add_node(&fixture, "node3");
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	list(&fixture);
	assert_non_null(strstr(fixture.noted->text, "+ Node node2 "));
	assert_non_null(strstr(fixture.noted->text, "+ Node node3 "));
	assert_int_equal(count_of(fixture.noted->text, "+ Node node1 "), 1);
	clean_up(&fixture);
}

/* A server that refuses is not asked for ever, and nothing of what was known is lost. */
static void test_refusal(void **state)
{
	struct fixture fixture;
	size_t requests;

	(void)state;
	start(&fixture, KUBE_NODES_LISTED, "");
	list(&fixture);
	recording_sink_clear(fixture.noted);
	api_server_set_faults(fixture.server, "nodes list status 403");
	list(&fixture);
	assert_non_null(strstr(fixture.reports, "warning all Nodes: listing Nodes: status 403"));
	while (count_of(fixture.reports, "warning all Nodes") < 3)
		ev_run(fixture.loop, EVRUN_ONCE);
	requests = count_requests(&fixture);
	for (double end = ev_time() + 4; ev_time() < end; ev_sleep(0.05))
		ev_run(fixture.loop, EVRUN_NOWAIT);
	assert_int_equal(count_requests(&fixture), requests);
	assert_null(strstr(fixture.noted->text, "Node"));

	api_server_set_faults(fixture.server, "");
	list(&fixture);
	assert_non_null(strstr(fixture.reports, "info all Nodes: known"));
	assert_null(strstr(fixture.noted->text, "- Node"));
	clean_up(&fixture);
}

static void test_watch(void **state)
{
	struct fixture fixture;

	(void)state;
	start(&fixture, KUBE_NODES_WATCHED, "");
	await(&fixture, "all Nodes: known");
	await(&fixture, "+ Node node2 ");
	exchange_nodes(&fixture);
	await(&fixture, "+ Node node3 ");
	await(&fixture, "- Node node2");
	assert_int_equal(count_of(fixture.noted->text, "+ Node node1 "), 1);
	clean_up(&fixture);
}

static void test_off(void **state)
{
	struct fixture fixture;

	(void)state;
	start(&fixture, KUBE_NODES_OFF, "");
	kube_source_list_nodes(fixture.source);
	for (double end = ev_time() + 1; ev_time() < end; ev_sleep(0.05))
		ev_run(fixture.loop, EVRUN_NOWAIT);
	assert_int_equal(count_requests(&fixture), 0);
	assert_string_equal(fixture.reports, "");
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
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),	cmocka_unit_test(test_pages),
		cmocka_unit_test(test_refusal), cmocka_unit_test(test_watch),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
