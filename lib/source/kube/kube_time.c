/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_time.h"

#include <stdint.h>
#include <sys/random.h>

struct timespec kube_time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

double kube_time_since(const struct timespec *start)
{
	struct timespec now = kube_time_now();

	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

double kube_time_random(double least, double most)
{
	uint32_t number = 0;

	/* Without random numbers so early after the boot, nothing worse happens than no spread. */
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		return most;
	return least + (most - least) * ((double)number / (double)UINT32_MAX);
}
