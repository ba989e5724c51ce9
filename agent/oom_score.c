/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oom_score.h"

#include "lib/base/log.h"
#include "lib/kernel/sysctl.h"

#include <string.h>

#define PATH "/proc/self/oom_score_adj"

void oom_score_set(int score)
{
	int current = 0;
	int r = sysctl_read_number(PATH, &current);

	if (r >= 0 && current == score)
		return;
	r = sysctl_write_number(PATH, score);
	if (r < 0)
		log_info("writing %d to " PATH ": %s; keeping %d", score, strerror(-r), current);
}
