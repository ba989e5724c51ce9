/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include "clock.h"
#include "log_limit.h"
#include "log_line.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what is said; a line of it is shorter than PIPE_BUF, so that a pipe takes all of it or nothing. */
#define TEXT_SIZE 1280

static enum log_level log_threshold = LOG_LEVEL_INFO;
static enum log_format log_format = LOG_FORMAT_TEXT;

/* In all, and since a line told of them. */
static unsigned long dropped_count, untold_count;

static unsigned long held_back_count;

void log_set_level(enum log_level level)
{
	log_threshold = level;
}

void log_set_format(enum log_format format)
{
	log_format = format;
}

int log_is_enabled(enum log_level level)
{
	return level <= log_threshold;
}

unsigned long log_dropped_count(void)
{
	return dropped_count;
}

unsigned long log_held_back_count(void)
{
	return held_back_count;
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

/*
 * Without waiting: whoever reads may be asleep, and we are not to be stopped by that. O_NONBLOCK is
 * no way, since it would be set for all who share the open file, such as the shell.
 */
static bool write_at_once(const char *line, size_t size)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t written = send(STDERR_FILENO, line, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	int ready;

	if (written >= 0 || errno != ENOTSOCK)
		return written >= 0;
	/*
	 * A pipe that is writable takes PIPE_BUF bytes without waiting, pipe(7). If poll() itself
	 * is refused, as it is with RLIMIT_NOFILE at 0, the line is worth the risk.
	 */
	ready = poll(&out, 1, 0);
	if (ready == 0 || (ready > 0 && !(out.revents & POLLOUT)))
		return false;
	return write(STDERR_FILENO, line, size) >= 0;
}

static bool write_line(const struct log_context *context, enum log_level level, const char *text)
{
	char line[LOG_LINE_SIZE];

	if (log_format == LOG_FORMAT_JSON)
		log_line_json(line, context, level, text, is_journal());
	else
		log_line_text(line, level, text, is_journal());
	return write_at_once(line, strlen(line));
}

static void tell_of_dropped(void)
{
	const struct log_context context = {.file = __FILE__, .line = __LINE__};
	char text[120];

	snprintf(text, sizeof(text),
		 "%lu log lines were dropped, because nobody read standard error", untold_count);
	if (write_line(&context, LOG_LEVEL_WARNING, text))
		untold_count = 0;
}

static void write_or_count(const struct log_context *context, enum log_level level,
			   const char *text)
{
	if (untold_count)
		tell_of_dropped();
	if (!untold_count && write_line(context, level, text))
		return;
	dropped_count++;
	untold_count++;
}

static void tell_of_held_back(double now)
{
	struct held_back held;
	char text[TEXT_SIZE + 80];

	while (log_limit_next(&held, now)) {
		snprintf(text, sizeof(text), "held back %lu lines like this one: %s", held.count,
			 held.text);
		write_or_count(&held.context, held.level, text);
	}
}

void log_write_from(const struct log_context *context, enum log_level level, const char *format,
		    ...)
{
	char text[TEXT_SIZE] = "";
	va_list arguments;
	double now;
	int used = 0;

	if (!log_is_enabled(level))
		return;
	if (context->kind)
		used = snprintf(text, sizeof(text), "%s %s: ", context->kind, context->object);
	va_start(arguments, format);
	if (used >= 0 && (size_t)used < sizeof(text))
		vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	va_end(arguments);

	now = clock_now();
	tell_of_held_back(now);
	if (log_limit_take(context, level, text, now))
		write_or_count(context, level, text);
	else
		held_back_count++;
}
