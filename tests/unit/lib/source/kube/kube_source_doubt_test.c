/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that says that nothing exists any more, or that it is yesterday: it is believed when it says
 * so again, and the log has a line.
 */
#include "kube_source_fixture.h"

#define MORE 300 /* Services, enough for a list without them to be doubted */

#define DOUBT \
	"the list has 0 objects and lacks 302 known ones; keeping these until a second list lacks them"

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)); text++)
		found++;
	return found;
}

/* Sets a Service of that name, and waits until it has arrived. */
static void get_on(struct fixture *fixture, const char *name)
{
	auto_memory char *noted = string_printf("+ Service default/%s ClusterIP 10.96.0.77", name);

	set_service(api_server_lock(fixture->server), name, "10.96.0.77", "{}");
	api_server_unlock(fixture->server);
	await(fixture, noted);
}

/* Everything but one Node, and "web" if that stays. */
static void delete_services(struct fixture *fixture, bool keeps_web)
{
	struct api_store *store = api_server_lock(fixture->server);

	api_store_keep(store);
	set_node(store, "node1");
	if (keeps_web)
		set_service(store, "web", "10.96.0.10", "{}");
	api_store_keep(store);
	api_server_unlock(fixture->server);
}

/* @script: how everything is asked for after the history is gone */
static const struct {
	const char *what, *script;
	int page_size;
} listings[] = {
	{"a streaming list", "", 500},
	{"a list in pages", "* stream refuse\n", 100},
	{"a list in one piece", "* stream refuse\n", 0},
};

/* What happens to the listings happens at the same time. */
static void open_listings(struct fixture *fixtures)
{
	for (size_t i = 0; i < COUNT(listings); i++) {
		prepare(&fixtures[i], listings[i].script);
		fixtures[i].listing.page_size = listings[i].page_size;
		fill(&fixtures[i], MORE);
		open_with(&fixtures[i], NULL);
	}
	for (size_t i = 0; i < COUNT(listings); i++) {
		await(&fixtures[i], "synced");
		recording_sink_clear(fixtures[i].noted);
		interrupt(&fixtures[i]);
	}
}

static void check_doubt(struct fixture *fixture, size_t row, size_t removed)
{
	print_message("%s\n", listings[row].what);
	get_on(fixture, "after");
	assert_int_equal(count(fixture->noted->text, "- Service"), removed);
	assert_int_equal(count(fixture->reports, DOUBT), 1);
	clean_up(fixture);
}

/* Nothing is removed, and the next list is believed. */
static void test_empty_once(void **state)
{
	struct fixture fixtures[COUNT(listings)];

	(void)state;
	open_listings(fixtures);
	for (size_t i = 0; i < COUNT(listings); i++) {
		auto_memory char *script =
			string_printf("%sservices %s empty count 1", listings[i].script,
				      *listings[i].script ? "list" : "stream");

		set_service(api_server_lock(fixtures[i].server), "before", "10.96.0.76", "{}");
		api_server_unlock(fixtures[i].server);
		api_server_compact(fixtures[i].server);
		api_server_set_faults(fixtures[i].server, script);
	}
	for (size_t i = 0; i < COUNT(listings); i++) {
		await(&fixtures[i], DOUBT);
		await(&fixtures[i], "+ Service default/before");
		check_doubt(&fixtures[i], i, 0);
	}
}

/* A cluster that really is: the second list says so, and what comes then is followed. */
static void test_empty(void **state)
{
	struct fixture fixtures[COUNT(listings)];

	(void)state;
	open_listings(fixtures);
	for (size_t i = 0; i < COUNT(listings); i++) {
		delete_services(&fixtures[i], false);
		api_server_compact(fixtures[i].server);
		api_server_set_faults(fixtures[i].server, listings[i].script);
	}
	for (size_t i = 0; i < COUNT(listings); i++) {
		await(&fixtures[i], DOUBT);
		await(&fixtures[i], "- Service default/x00299");
		check_doubt(&fixtures[i], i, MORE + 2);
	}
}

/*
 * A backup was restored: versions are older than what is known, and most Services are gone. Both are
 * believed when they were said again. Watches end so that a list is asked for; else the absence of a
 * bookmark brings it, some minutes later.
 */
static void test_rewound(void **state)
{
	static const char *const scripts[] = {"services watch end count 4\n",
					      "* stream refuse\nservices watch end count 4\n"};
	struct fixture fixtures[COUNT(scripts)];

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		open_listed(&fixtures[i], i ? "* stream refuse" : "", MORE);
		interrupt(&fixtures[i]);
		delete_services(&fixtures[i], true);
		api_server_rewind(fixtures[i].server, 50);
		api_server_set_faults(fixtures[i].server, scripts[i]);
	}
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct fixture *fixture = &fixtures[i];

		if (i == 0)
			await(fixture, "older than");
		await(fixture, "the list has 1 objects and lacks 301 known ones");
		await(fixture, "- Service default/x00299");
		get_on(fixture, "after");
		assert_null(strstr(fixture->noted->text, "- Service default/web"));
		assert_int_equal(count(fixture->noted->text, "- Service"), MORE + 1);
	}
	for (size_t i = 0; i < COUNT(scripts); i++)
		clean_up(&fixtures[i]);
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
		cmocka_unit_test(test_empty_once),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_rewound),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
