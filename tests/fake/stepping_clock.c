/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stepping_clock.h"

#include "source/kube/kube_time.h"

#define NANOSECONDS 1000000000L

static struct timespec now;
static long step_nanoseconds;

void stepping_clock_set(double step)
{
	step_nanoseconds = (long)(step * (double)NANOSECONDS);
}

struct timespec kube_time_now(void)
{
	now.tv_nsec += step_nanoseconds;
	now.tv_sec += now.tv_nsec / NANOSECONDS;
	now.tv_nsec %= NANOSECONDS;
	return now;
}

double kube_time_since(const struct timespec *start)
{
	struct timespec end = kube_time_now();

	return (double)(end.tv_sec - start->tv_sec) + (double)(end.tv_nsec - start->tv_nsec) / 1e9;
}

double kube_time_random(double least, double most)
{
	(void)most;
	return least;
}
