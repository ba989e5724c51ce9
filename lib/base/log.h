/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/**
 * enum log_level - how much a line matters
 *   ERROR    we stop
 *   WARNING  we carry on, and the line says how
 *   INFO     a change of state
 *   DEBUG    freely
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/** log_set_level() - the least important level that is written; INFO until called */
void log_set_level(enum log_level level);

/** log_is_enabled() - whether lines of @level are written, to spare building them */
int log_is_enabled(enum log_level level);

/**
 * log_write() - one line to stderr: time, level, text
 *
 * Where stderr is the journal the time is left out and the level is a <N> prefix, as
 * sd-daemon(3) describes. Never waits: where nobody reads standard error, such as the other end of a
 * full pipe, the line is dropped and counted, and the next one that is written comes after one that
 * says how many were.
 */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);

/** log_dropped_count() - lines that could not be written, since the start */
unsigned long log_dropped_count(void);

#define log_error(...)	 log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
