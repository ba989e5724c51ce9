/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that send their answers a byte at a time: the loop has nothing else to do for it, a list
 * that takes too long is given up and tried again, and events come as fast as the server sends them.
 */
#include "kube_source_fixture.h"

/* A list has half a minute to become faster. */
#define WATCHED_SECONDS 34.

/* Some turns for each of the ten bytes a second, and for all else. */
#define TURNS_MAX 20000

struct stage {
	struct fixture list;  /* whose lists are slow */
	struct fixture watch; /* whose watch is */
	ev_prepare turn;
	size_t turns;
};

static void on_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	(void)loop;
	(void)events;
	++*(size_t *)watcher->data;
}

static void open_both(struct stage *stage)
{
	prepare(&stage->list, "* stream refuse\nservices list drip 100");
	fill(&stage->list, 20);
	open_with(&stage->list, NULL);
	prepare(&stage->watch, "");
	fill(&stage->watch, 0);
	open_with(&stage->watch, NULL);
	await(&stage->watch, "synced");
	assert_true(api_server_set_faults(stage->watch.server, "services watch drip 10"));
	ev_prepare_init(&stage->turn, on_turn);
	stage->turn.data = &stage->turns;
	ev_prepare_start(stage->list.loop, &stage->turn);
}

static void set_one_more(struct fixture *fixture, const char *name)
{
	set_service(api_server_lock(fixture->server), name, "10.96.0.77", "{}");
	api_server_unlock(fixture->server);
}

static void run_for(struct ev_loop *loop, double seconds)
{
	bool is_over = false;
	ev_timer end;

	ev_timer_init(&end, on_late, seconds, 0.);
	end.data = &is_over;
	ev_now_update(loop);
	ev_timer_start(loop, &end);
	while (!is_over)
		ev_run(loop, EVRUN_ONCE);
}

static void test_a_byte_at_a_time(void **state)
{
	static const char given_up[] = "listing Services: timed out before the end of the response";
	struct stage stage = {0};

	(void)state;
	open_both(&stage);
	set_one_more(&stage.watch, "slow");
	await(&stage.watch, "+ Service default/slow");
	run_for(stage.list.loop, WATCHED_SECONDS);
	print_message("%zu turns of the loop\n", stage.turns);
	assert_true(stage.turns < TURNS_MAX);

	/* Given up and told once; the others know what they knew. */
	if (!strstr(stage.list.reports, given_up))
		fail_msg("no \"%s\" in:\n%s", given_up, stage.list.reports);
	assert_null(strstr(stage.list.noted->text, "synced"));
	assert_null(strstr(stage.watch.reports, "warning"));
	assert_null(strstr(stage.watch.noted->text, "- Service"));

	assert_true(api_server_set_faults(stage.list.server, ""));
	await(&stage.list, "synced");
	set_one_more(&stage.list, "after");
	await(&stage.list, "+ Service default/after");
	ev_prepare_stop(stage.list.loop, &stage.turn);
	clean_up(&stage.list);
	clean_up(&stage.watch);
}

static int set_up_group(void **state)
{
	(void)state;
	prepare_environment();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_byte_at_a_time)};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
