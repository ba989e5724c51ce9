/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_LOG_CAPTURE_H
#define UNIT_LOG_CAPTURE_H

/* What a test's subject logs: standard error goes to a file in memory meanwhile. */

#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct log_capture {
	int file;
	int standard_error;
};

static void log_capture_begin(struct log_capture *capture)
{
	capture->standard_error = dup(STDERR_FILENO);
	capture->file = memfd_create("log", MFD_CLOEXEC);
	assert_return_code(capture->standard_error, errno);
	assert_return_code(capture->file, errno);
	assert_return_code(dup2(capture->file, STDERR_FILENO), errno);
}

/* "2026-01-02T03:04:05.678Z warning: text" -> "warning: text" */
static void cut_times(char *text)
{
	char *to = text;

	for (char *from = text; *from;) {
		char *end = strchr(from, '\n') + 1;
		char *begin = strchr(from, ' ') + 1;

		memmove(to, begin, (size_t)(end - begin));
		to += end - begin;
		from = end;
	}
	*to = '\0';
}

/* Return: the lines since the last time, without their times; to be freed */
static char *log_capture_take(const struct log_capture *capture)
{
	off_t size = lseek(capture->file, 0, SEEK_CUR);
	char *text = memory_allocate((size_t)size + 1);

	assert_int_equal(pread(capture->file, text, (size_t)size, 0), size);
	assert_return_code(ftruncate(capture->file, 0), errno);
	assert_return_code(lseek(capture->file, 0, SEEK_SET), errno);
	cut_times(text);
	return text;
}

static void log_capture_end(struct log_capture *capture)
{
	dup2(capture->standard_error, STDERR_FILENO);
	close(capture->standard_error);
	close(capture->file);
}

#endif
