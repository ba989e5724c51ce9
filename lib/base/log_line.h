/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "log_context.h"

#include <stdbool.h>

/* Not more than PIPE_BUF, which a pipe takes as a whole. */
#define LOG_LINE_SIZE 4096

/*
 * Lines of the log as they are written: of LOG_LINE_SIZE bytes, with a newline at the end of what
 * fits, and on the journal's stream with a <N> prefix. Bytes that are not UTF-8 become '?' in JSON.
 */

void log_line_text(char *line, enum log_level level, const char *text, bool is_journal);

void log_line_json(char *line, const struct log_context *context, enum log_level level,
		   const char *text, bool is_journal);

#endif
