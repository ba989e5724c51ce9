/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pace: a server that was not reached is tried again at once, for that costs it nothing. Else
 * each failure doubles the pause, and only a watch that lasts makes it short again, not a list or an
 * event: a server that lists well and ends each watch at once, or after the first bookmark, would be
 * asked for lists without end. The
 * first 410 after a watch that worked is none of those, since it is how the API says "list again".
 */
#include "kube_pause.h"

#include "kube_random.h"

#include <errno.h>

#define RETRY_SECONDS_MIN 0.8
#define RETRY_SECONDS_MAX 10.0
#define RETRY_AFTER_LIMIT 60.0

double kube_pause_seconds(unsigned int failures)
{
	double delay = RETRY_SECONDS_MIN;

	for (unsigned int i = 0; i < failures && delay < RETRY_SECONDS_MAX; i++)
		delay *= 2;
	if (delay > RETRY_SECONDS_MAX)
		delay = RETRY_SECONDS_MAX;
	return delay * kube_random(0.5, 1.5);
}

double kube_pause_after(const struct kube_response *response, unsigned int *failures)
{
	/* A try without any answer has taken its time: so there is one in each second. */
	if (response->is_unreached && response->error.code == -ETIMEDOUT)
		return kube_random(0.1, 0.4);
	if (response->is_unreached)
		return kube_random(0.3, 0.8);
	if (response->retry_seconds > 0)
		return (response->retry_seconds < RETRY_AFTER_LIMIT ? response->retry_seconds
								    : RETRY_AFTER_LIMIT) *
		       kube_random(1., 1.2);
	return kube_pause_seconds((*failures)++);
}
