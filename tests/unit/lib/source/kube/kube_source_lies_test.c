/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that says that the answer is elsewhere, or that it is something else than it is: what was known
 * stays, the log has a line, and once the server is right everything is.
 */
#include "kube_source_fixture.h"

#include <sys/resource.h>

/* Sets a Service of that name, and waits until it has arrived. */
static void get_on(struct fixture *fixture, const char *name)
{
	auto_memory char *noted = string_printf("+ Service default/%s ClusterIP 10.96.0.77", name);

	set_service(api_server_lock(fixture->server), name, "10.96.0.77", "{}");
	api_server_unlock(fixture->server);
	await(fixture, noted);
}

/* Wherever a server sends its clients, it is not followed: nothing is sent there, credentials least. */
static void test_redirect(void **state)
{
	const struct api_server_options options = {.first_version = 100, .bookmark_seconds = 1};
	struct api_server *elsewhere = api_server_new(&options);
	auto_memory char *requests = NULL;
	auto_memory char *script = NULL;
	struct fixture fixture;

	(void)state;
	assert_true(api_server_listen(elsewhere, &options));
	script = string_printf("* * redirect %u", api_server_port(elsewhere));
	open_listed(&fixture, "", 0);
	interrupt(&fixture);
	api_server_set_faults(fixture.server, script);
	await(&fixture, "status 302");
	api_server_set_faults(fixture.server, "");
	get_on(&fixture, "after");
	assert_null(strstr(fixture.noted->text, "- Service"));
	requests = api_server_requests(elsewhere);
	assert_string_equal(requests, "");
	clean_up(&fixture);
	api_server_free(elsewhere);
}

/* @told: at the start, when everything is listed */
static const struct {
	const char *what, *script, *told;
} lies[] = {
	{"a page for people", "* * html", "text/html"},
	{"a length that is too small", "* stream refuse\n* list short",
	 "the response was truncated"},
	{"a length that is too large", "* stream refuse\n* list long", "bytes remaining to read"},
	{"a chunk without end", "* stream refuse\n* list chunk", "outstanding read data"},
	{"a compressed answer that nobody asked for", "* stream refuse\n* list gzip 1",
	 "the response is not JSON"},
};

static void test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct fixture fixture;

		print_message("%s\n", lies[i].what);
		prepare(&fixture, lies[i].script);
		fill(&fixture, 0);
		open_with(&fixture, NULL);
		await(&fixture, lies[i].told);
		assert_null(strstr(fixture.noted->text, "synced"));
		api_server_set_faults(fixture.server, "");
		await(&fixture, "synced");
		get_on(&fixture, "after");
		clean_up(&fixture);
	}
}

/* The same for a watch: what was known stays. */
static void test_lying_watch(void **state)
{
	static const char *const rows[][2] = {
		{"* * html", "watching Services: the response is of type text/html"},
		{"* * gzip 1", "! Service /(unnamed)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		print_message("%s\n", rows[i][0]);
		open_listed(&fixture, "", 0);
		interrupt(&fixture);
		api_server_set_faults(fixture.server, rows[i][0]);
		await(&fixture, rows[i][1]);
		api_server_set_faults(fixture.server, "");
		get_on(&fixture, "after");
		assert_null(strstr(fixture.noted->text, "- Service"));
		clean_up(&fixture);
	}
}

/* What is free is no longer held: it is memory of AddressSanitizer's own, which need not be much. */
const char *
__asan_default_options(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
const char *
__asan_default_options(void) /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
	return "quarantine_size_mb=8";
}

static long most_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

/* 256 MiB in a compressed list of 14 MiB: no more than an object may have is held of it. */
static void test_bomb(void **state)
{
	struct fixture fixture;
	long before, grown;

	(void)state;
	prepare(&fixture, "* stream refuse\nservices list gzip 256 count 1");
	fixture.listing.is_compressed = true;
	fill(&fixture, 0);
	before = most_memory();
	open_with(&fixture, NULL);
	await(&fixture, "listing Services");
	grown = most_memory() - before;
	print_message("%ld MiB more\n", grown);
	assert_true(grown < 160);
	await(&fixture, "synced");
	get_on(&fixture, "after");
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
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lying_watch),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
