/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <ev.h>
#include <stdbool.h>

/**
 * struct timer - one call, later
 *
 * Lives in what it belongs to, which timer_stop()s it before it goes. Of one that is all zero,
 * only timer_stop() and timer_is_running() may be called; they find that it does not run.
 */
struct timer {
	ev_timer watcher;
	struct ev_loop *loop;
	void (*expired)(void *owner);
	void *owner;
};

/** timer_init() - @expired: called from @loop, once for each start; may start or free the timer */
void timer_init(struct timer *timer, struct ev_loop *loop, void (*expired)(void *owner),
		void *owner);

/** timer_start() - expire @seconds from now, and not at the time of an earlier start; 0 or less: in
 *  the next turn of the loop */
void timer_start(struct timer *timer, double seconds);

/** timer_ensure() - as timer_start(), unless it runs already */
void timer_ensure(struct timer *timer, double seconds);

/** timer_hasten() - as timer_start(), unless it expires earlier anyway */
void timer_hasten(struct timer *timer, double seconds);

void timer_stop(struct timer *timer);
bool timer_is_running(const struct timer *timer);

#endif
