/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop_clock.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"

#include <stdbool.h>

struct loop_clock {
	struct ev_loop *loop;
	void (*on_turn)(void *owner, double seconds);
	void *owner;
	ev_check awake;	   /* right after waiting, before all that came */
	ev_prepare asleep; /* right before waiting again */
	double began;
	bool has_waited; /* at least once */
};

static void on_awake(struct ev_loop *loop, ev_check *check, int events)
{
	struct loop_clock *clock = container_of(check, struct loop_clock, awake);

	(void)loop;
	(void)events;
	clock->began = clock_now();
	clock->has_waited = true;
}

static void on_asleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct loop_clock *clock = container_of(prepare, struct loop_clock, asleep);

	(void)loop;
	(void)events;
	if (clock->has_waited)
		clock->on_turn(clock->owner, clock_now() - clock->began);
}

struct loop_clock *loop_clock_new(struct ev_loop *loop,
				  void (*on_turn)(void *owner, double seconds), void *owner)
{
	struct loop_clock *clock = memory_allocate(sizeof(*clock));

	clock->loop = loop;
	clock->on_turn = on_turn;
	clock->owner = owner;
	ev_check_init(&clock->awake, on_awake);
	ev_set_priority(&clock->awake, EV_MAXPRI);
	ev_check_start(loop, &clock->awake);
	ev_prepare_init(&clock->asleep, on_asleep);
	ev_prepare_start(loop, &clock->asleep);
	return clock;
}

void loop_clock_free(struct loop_clock *clock)
{
	if (!clock)
		return;
	ev_check_stop(clock->loop, &clock->awake);
	ev_prepare_stop(clock->loop, &clock->asleep);
	free(clock);
}
