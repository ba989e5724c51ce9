/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scheduler.h"

#include "lib/base/memory.h"

#include <string.h>

static const char *const names[] = {"rr",    "wrr", "lc", "wlc", "fo",	"ovf", "lblc",
				    "lblcr", "dh",  "sh", "mh",	 "sed", "nq",  "twos"};

uint8_t scheduler_find(const char *name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

const char *scheduler_name(uint8_t number)
{
	return names[number - 1];
}
