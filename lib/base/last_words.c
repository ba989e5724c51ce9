/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "last_words.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

void last_words(const char *line)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&out, 1, 0) != 0)
		(void)!write(STDERR_FILENO, line, strlen(line));
}
