/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
	struct timer timers[2];
	unsigned int told[2];
	bool stops; /* the first that is told stops the other */
};

static void told(struct fixture *fixture, size_t number)
{
	fixture->told[number]++;
	if (fixture->stops)
		timer_stop(&fixture->timers[1 - number]);
}

static void on_first(void *owner)
{
	told(owner, 0);
}

static void on_second(void *owner)
{
	told(owner, 1);
}

static void setup(struct fixture *fixture, struct ev_loop *loop)
{
	*fixture = (struct fixture){0};
	timer_init(&fixture->timers[0], loop, on_first, fixture);
	timer_init(&fixture->timers[1], loop, on_second, fixture);
}

static void a_timer_is_told_once(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct fixture fixture;

	(void)state;
	setup(&fixture, loop);
	assert_false(timer_is_running(&fixture.timers[0]));
	timer_start(&fixture.timers[0], -1);
	timer_ensure(&fixture.timers[0], 100);
	assert_true(timer_is_running(&fixture.timers[0]));
	ev_run(loop, 0);
	assert_int_equal(fixture.told[0], 1);
	assert_false(timer_is_running(&fixture.timers[0]));
	ev_loop_destroy(loop);
}

static void hastening_never_delays(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct fixture fixture;

	(void)state;
	setup(&fixture, loop);
	timer_hasten(&fixture.timers[0], 100);
	timer_hasten(&fixture.timers[0], 0);
	timer_hasten(&fixture.timers[0], 100);
	ev_run(loop, 0);
	assert_int_equal(fixture.told[0], 1);
	ev_loop_destroy(loop);
}

/* Both have expired when the first is told; whoever stops the other may free it as well. */
static void one_that_is_stopped_is_not_told(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct fixture fixture;

	(void)state;
	setup(&fixture, loop);
	fixture.stops = true;
	timer_start(&fixture.timers[0], 0);
	timer_start(&fixture.timers[1], 0);
	ev_run(loop, 0);
	assert_int_equal(fixture.told[0] + fixture.told[1], 1);
	ev_loop_destroy(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_is_told_once),
		cmocka_unit_test(hastening_never_delays),
		cmocka_unit_test(one_that_is_stopped_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
