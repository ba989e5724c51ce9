/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_random.h"

#include <stdint.h>
#include <sys/random.h>

double kube_random(double least, double most)
{
	uint32_t number = 0;

	/* Without random numbers so early after the boot, nothing worse happens than no spread. */
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		return most;
	return least + (most - least) * ((double)number / (double)UINT32_MAX);
}
