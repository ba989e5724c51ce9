/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timer.h"

#include "memory.h"

static void on_expired(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct timer *timer = container_of(watcher, struct timer, watcher);

	(void)loop;
	(void)events;
	timer->expired(timer->owner);
}

void timer_init(struct timer *timer, struct ev_loop *loop, void (*expired)(void *owner),
		void *owner)
{
	timer->loop = loop;
	timer->expired = expired;
	timer->owner = owner;
	ev_timer_init(&timer->watcher, on_expired, 0., 0.);
}

void timer_start(struct timer *timer, double seconds)
{
	ev_timer_stop(timer->loop, &timer->watcher);
	ev_timer_set(&timer->watcher, seconds > 0 ? seconds : 0., 0.);
	ev_timer_start(timer->loop, &timer->watcher);
}

void timer_ensure(struct timer *timer, double seconds)
{
	if (!timer_is_running(timer))
		timer_start(timer, seconds);
}

void timer_hasten(struct timer *timer, double seconds)
{
	if (!timer_is_running(timer) || ev_timer_remaining(timer->loop, &timer->watcher) > seconds)
		timer_start(timer, seconds);
}

void timer_stop(struct timer *timer)
{
	if (timer_is_running(timer))
		ev_timer_stop(timer->loop, &timer->watcher);
}

bool timer_is_running(const struct timer *timer)
{
	/* One that has expired in this turn of the loop is no longer active, but still to be told. */
	return ev_is_active(&timer->watcher) || ev_is_pending(&timer->watcher);
}
