/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include "log_context.h"

#include <stdbool.h>

/* Of one place in the program: so many lines at once, and then one in so many seconds. */
#define LOG_LIMIT_BURST	  50
#define LOG_LIMIT_SECONDS 6.0

/**
 * struct held_back - lines of one place that were not written
 * @context:  of the last of them; the object is left out
 * @text:     of the last of them; lives until the next call of log_limit_take()
 */
struct held_back {
	struct log_context context;
	enum log_level level;
	unsigned long count;
	const char *text;
};

/**
 * log_limit_take() - whether a line may be written; one that may not is counted
 * @now:  clock_now()
 *
 * Places are told apart by the file and the line of @context. Errors and debug lines always may: after
 * one the agent stops, and the other was asked for.
 */
bool log_limit_take(const struct log_context *context, enum log_level level, const char *text,
		    double now);

/** log_limit_next() - of a place that may write again: what it held back, which is told with this.
 *  Return: false if there is none */
bool log_limit_next(struct held_back *ret, double now);

#endif
