/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_CONTEXT_H
#define BASE_LOG_CONTEXT_H

/**
 * enum log_level - how much a line matters
 *   ERROR    we stop
 *   WARNING  we carry on, and the line says how
 *   INFO     a change of state
 *   DEBUG    freely
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/**
 * struct log_context - where a line comes from and what it is about
 * @kind, @object:  "Service", "default/web"; both NULL: nothing in particular
 */
struct log_context {
	const char *file;
	int line;
	const char *kind;
	const char *object;
};

#endif
