/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "descriptor_limit.h"

#include <stdbool.h>
#include <sys/resource.h>

/* It is one of the process. */
static struct rlimit found;
static bool is_raised;

static void set_soft(rlim_t soft)
{
	const struct rlimit limit = {.rlim_cur = soft, .rlim_max = found.rlim_max};

	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &limit);
}

size_t descriptor_limit_raise(void)
{
	struct rlimit now = {0};

	if (!is_raised)
		is_raised = getrlimit(RLIMIT_NOFILE, &found) == 0;
	set_soft(found.rlim_max);
	getrlimit(RLIMIT_NOFILE, &now);
	return now.rlim_cur;
}

void descriptor_limit_restore(void)
{
	set_soft(found.rlim_cur);
}
