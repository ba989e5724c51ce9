/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "log_context.h"

/**
 * enum log_format
 *   TEXT  time, level, text
 *   JSON  an object with the keys of kube-proxy's --logging-format=json: ts, milliseconds since 1970;
 *         caller, "file.c:line"; msg; v, what -v has to be at least, but for errors. And some of our
 *         own: level; logger, the folder of the caller; kind and object, what the line is about.
 *         Source: k8s.io/component-base/logs/json
 */
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/** log_set_format() - of lines from now on; TEXT until called */
void log_set_format(enum log_format format);

/** log_set_level() - the least important level that is written; INFO until called */
void log_set_level(enum log_level level);

/** log_is_enabled() - whether lines of @level are written, to spare building them */
int log_is_enabled(enum log_level level);

/**
 * log_write_from() - one line to stderr
 * @format:  of what is said of the object of @context, whose kind and name go before it
 *
 * Where stderr is the journal the level is a <N> prefix, as sd-daemon(3) describes, and a text has
 * neither time nor level. Never waits: where nobody reads standard error, such as the other end of
 * a full pipe, the line is dropped and counted, and the next one that is written comes after one
 * that says how many were.
 *
 * Nor does a place in the program that has much to say: after a burst of LOG_LIMIT_BURST lines one in
 * LOG_LIMIT_SECONDS is written, and the others are counted. Whichever line is written once the place
 * may write again, one goes before it that says how many were held back, with the text of the last.
 */
__attribute__((format(printf, 3, 4))) void
log_write_from(const struct log_context *context, enum log_level level, const char *format, ...);

#define log_write(level, ...)                                                                  \
	log_write_from(&(const struct log_context){.file = __FILE__, .line = __LINE__}, level, \
		       __VA_ARGS__)

/** log_about() - a line about an object: "KIND OBJECT: " goes before the text */
#define log_about(level, kind, object, ...)                                                  \
	log_write_from(&(const struct log_context){__FILE__, __LINE__, kind, object}, level, \
		       __VA_ARGS__)

/** log_dropped_count() - lines that could not be written, since the start */
unsigned long log_dropped_count(void);

/** log_held_back_count() - lines that were too many from one place, since the start */
unsigned long log_held_back_count(void);

#define log_error(...)	 log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
