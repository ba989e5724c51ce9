/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_threshold = level;
}

int log_is_enabled(enum log_level level)
{
	return level <= log_threshold;
}

static int is_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long device, inode;
	struct stat status;

	if (known < 0)
		known = stream && sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
			fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
			status.st_ino == inode;
	return known;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};
	char line[1200], when[32];
	struct timespec now;
	struct tm broken_down;
	va_list arguments;

	if (!log_is_enabled(level))
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);

	if (is_journal()) {
		fprintf(stderr, "%s%s\n", priorities[level], line);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &broken_down);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken_down);
	fprintf(stderr, "%s.%03ldZ %s: %s\n", when, now.tv_nsec / 1000000, names[level], line);
}
