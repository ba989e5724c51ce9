/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LISTEN_RETRY_H
#define BASE_LISTEN_RETRY_H

#include "timer.h"

/**
 * struct listen_retry - tries again what could not be listened on
 *
 * There is one for everything that an owner wants to listen on, and all of it that does not listen
 * is tried at the same time. Each has a failure of its own, a negative errno, 0 while it listens.
 */
struct listen_retry {
	struct timer timer;
	double seconds;
};

/** listen_retry_init() - @again: called @seconds after a failure, as struct timer does */
void listen_retry_init(struct listen_retry *retry, struct ev_loop *loop, double seconds,
		       void (*again)(void *owner), void *owner);

/** listen_retry_stop() - until the next failure; of one that is all zero, too */
void listen_retry_stop(struct listen_retry *retry);

/**
 * enum listen_news - what is worth telling after a try: nothing, as long as the same happens
 *   FAILED  for the first time, or for another reason than before
 *   LISTENS at last
 */
enum listen_news { LISTEN_NEWS_NONE, LISTEN_NEWS_FAILED, LISTEN_NEWS_LISTENS };

/**
 * listen_retry_note() - a try has ended with @result, a negative errno or 0 and more
 * @failure:  of what was tried, which is brought up to date
 */
enum listen_news listen_retry_note(struct listen_retry *retry, int *failure, int result);

#endif
