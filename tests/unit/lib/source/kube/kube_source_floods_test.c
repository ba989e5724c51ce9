/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers with which nothing ever works are asked less and less often. */
#include "kube_source_fixture.h"

/* Long enough for a flood to show, and for the pauses to have grown. */
#define WATCHED_SECONDS 6.

/*
 * @requests: at most so many for Services. Lists and watches in turn, with pauses of 0, 1.6 and 3.2 s
 * that may be half as long, are ten with the two streaming lists that are refused at first.
 */
static const struct {
	const char *what, *script, *told;
	size_t requests;
} floods[] = {
	{"each watch is refused as too old", "services watch status 410", NULL, 12},
	{"each watch is too old after a bookmark", "services watch expire", NULL, 12},
	/* One a second, which two times the same second may have. */
	{"each watch ends after a bookmark", "services watch brief", NULL, 16},
	{"each watch ends at once", "services watch end", "the server ended the watch at once", 12},
	{"each list fails", "services list status 500", "listing Services: status 500", 12},
	/* Ten pages each time. */
	{"no page is the last one", "services list endless",
	 "10 consecutive pages without a new object", 50},
};

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)); text++)
		found++;
	return found;
}

static void open_flood(struct fixture *fixture, const char *fault)
{
	auto_memory char *script = string_printf("* stream refuse\n%s", fault);

	prepare(fixture, script);
	fill(fixture, 0);
	open_with(fixture, NULL);
}

static void check(struct fixture *fixture, size_t row)
{
	auto_memory char *requests = api_server_requests(fixture->server);
	size_t asked = count(requests, "/api/v1/services?");
	size_t told = count(fixture->reports, "warning ");

	print_message("%s: %zu requests, %zu warnings\n", floods[row].what, asked, told);
	if (asked > floods[row].requests)
		fail_msg("%s: %zu requests:\n%s", floods[row].what, asked, requests);
	/* Once; or, where a list that works ends the trouble, with the pauses of the requests. */
	if (told > 5 || (floods[row].told && !strstr(fixture->reports, floods[row].told)))
		fail_msg("%s: told\n%s", floods[row].what, fixture->reports);
}

/* They get on once the server does. */
static void recover(struct fixture *fixture)
{
	api_server_set_faults(fixture->server, "");
	await(fixture, "synced");
	set_service(api_server_lock(fixture->server), "after", "10.96.0.77", "{}");
	api_server_unlock(fixture->server);
	await(fixture, "+ Service default/after");
}

/* All of them at the same time. */
static void test_floods(void **state)
{
	struct fixture fixtures[COUNT(floods)];
	ev_timer late;
	bool is_late = false;

	(void)state;
	for (size_t i = 0; i < COUNT(floods); i++)
		open_flood(&fixtures[i], floods[i].script);
	ev_timer_init(&late, on_late, WATCHED_SECONDS, 0.);
	late.data = &is_late;
	ev_now_update(fixtures[0].loop);
	ev_timer_start(fixtures[0].loop, &late);
	while (!is_late)
		ev_run(fixtures[0].loop, EVRUN_ONCE);
	for (size_t i = 0; i < COUNT(floods); i++)
		check(&fixtures[i], i);
	for (size_t i = 0; i < COUNT(floods); i++)
		recover(&fixtures[i]);
	for (size_t i = 0; i < COUNT(floods); i++)
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_floods)};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
