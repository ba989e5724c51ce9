/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen_retry.h"

void listen_retry_init(struct listen_retry *retry, struct ev_loop *loop, double seconds,
		       void (*again)(void *owner), void *owner)
{
	retry->seconds = seconds;
	timer_init(&retry->timer, loop, again, owner);
}

void listen_retry_stop(struct listen_retry *retry)
{
	timer_stop(&retry->timer);
}

enum listen_news listen_retry_note(struct listen_retry *retry, int *failure, int result)
{
	int before = *failure;

	*failure = result < 0 ? result : 0;
	if (*failure)
		timer_ensure(&retry->timer, retry->seconds);
	if (*failure == before)
		return LISTEN_NEWS_NONE;
	return *failure ? LISTEN_NEWS_FAILED : LISTEN_NEWS_LISTENS;
}
