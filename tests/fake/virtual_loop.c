/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtual_loop.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"

#include <assert.h>

/* So long takes a look at the clock. */
#define LOOK_SECONDS 0.00001

struct ev_loop {
	double now;
	unsigned int (*random)(void *owner, unsigned int limit);
	void *owner;
	ev_timer **timers; /* the active ones */
	size_t count, capacity;
};

/* The stopwatch has no owner, so it shows the time of the loop that was made last. */
static struct ev_loop *current;

struct ev_loop *virtual_loop_new(unsigned int (*random)(void *owner, unsigned int limit),
				 void *owner)
{
	struct ev_loop *loop = memory_allocate(sizeof(*loop));

	loop->now = 1000;
	loop->random = random;
	loop->owner = owner;
	current = loop;
	return loop;
}

void virtual_loop_free(struct ev_loop *loop)
{
	assert(!loop->count);
	free(loop->timers);
	free(loop);
	current = NULL;
}

void virtual_loop_spend(struct ev_loop *loop, double seconds)
{
	loop->now += seconds;
}

double clock_now(void)
{
	current->now += LOOK_SECONDS;
	return current->now;
}

uint64_t clock_milliseconds(void)
{
	return (uint64_t)(clock_now() * 1000);
}

void ev_timer_start(struct ev_loop *loop, ev_timer *timer)
{
	if (ev_is_active(timer))
		return;
	timer->active = 1;
	timer->at += loop->now;
	loop->timers =
		memory_grow(loop->timers, loop->count, &loop->capacity, sizeof(*loop->timers));
	loop->timers[loop->count++] = timer;
}

void ev_timer_stop(struct ev_loop *loop, ev_timer *timer)
{
	size_t i = 0;

	if (!ev_is_active(timer))
		return;
	while (loop->timers[i] != timer)
		i++;
	loop->timers[i] = loop->timers[--loop->count];
	timer->active = 0;
}

void ev_timer_again(struct ev_loop *loop, ev_timer *timer)
{
	ev_timer_stop(loop, timer);
	timer->at = timer->repeat;
	if (timer->repeat > 0)
		ev_timer_start(loop, timer);
}

/* Return: one of the timers that are due since @until; NULL if there is none */
static ev_timer *choose(const struct ev_loop *loop, double until)
{
	ev_timer *chosen = NULL;
	unsigned int due = 0;

	for (size_t i = 0; i < loop->count; i++)
		if (loop->timers[i]->at <= until && loop->random(loop->owner, ++due) == 0)
			chosen = loop->timers[i];
	return chosen;
}

static double soonest(const struct ev_loop *loop)
{
	double at = loop->timers[0]->at;

	for (size_t i = 1; i < loop->count; i++)
		if (loop->timers[i]->at < at)
			at = loop->timers[i]->at;
	return at;
}

void virtual_loop_turn(struct ev_loop *loop)
{
	ev_timer *timer;
	double until;

	assert(loop->count);
	if (soonest(loop) > loop->now)
		loop->now = soonest(loop);
	until = loop->now;

	/* What is started from now on is due later. */
	loop->now += LOOK_SECONDS;
	while ((timer = choose(loop, until))) {
		ev_timer_stop(loop, timer);
		if (timer->repeat > 0) {
			timer->at = timer->repeat;
			ev_timer_start(loop, timer);
		}
		timer->cb(loop, timer, EV_TIMER);
	}
}
