/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_line.h"

#include "memory.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What escapes make of it, with all else, fits into a line even if every byte takes six. */
#define SHORT_TEXT_SIZE 512

static const struct {
	const char *name, *priority;
	int verbosity;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "<3>", 0},
	[LOG_LEVEL_WARNING] = {"warning", "<4>", 0},
	[LOG_LEVEL_INFO] = {"info", "<6>", 2},
	[LOG_LEVEL_DEBUG] = {"debug", "<7>", 4},
};

/* Meson names files as seen from the build directory. */
static const char *path_in_tree(const char *file)
{
	while (strncmp(file, "../", 3) == 0)
		file += 3;
	return file;
}

static json_t *string_of(const char *text)
{
	auto_memory char *plain = NULL;
	json_t *string = json_string(text);

	if (string)
		return string;
	plain = string_dup(text);
	for (char *c = plain; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(plain);
}

static json_t *describe(const struct log_context *context, enum log_level level, const char *text)
{
	const char *path = path_in_tree(context->file);
	const char *slash = strrchr(path, '/');
	auto_memory char *caller = string_printf("%s:%d", slash ? slash + 1 : path, context->line);
	json_t *object = json_object();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(object, "ts",
			    json_real((double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000));
	json_object_set_new(object, "caller", json_string(caller));
	json_object_set_new(object, "msg", string_of(text));
	if (level != LOG_LEVEL_ERROR)
		json_object_set_new(object, "v", json_integer(levels[level].verbosity));
	json_object_set_new(object, "level", json_string(levels[level].name));
	json_object_set_new(object, "logger",
			    json_stringn(path, slash ? (size_t)(slash - path) : 0));
	if (context->kind) {
		json_object_set_new(object, "kind", string_of(context->kind));
		json_object_set_new(object, "object", string_of(context->object));
	}
	return object;
}

/* Return: whether it fitted */
static bool put_json(char *line, size_t size, const struct log_context *context,
		     enum log_level level, const char *text)
{
	json_t *object = describe(context, level, text);
	size_t used = json_dumpb(object, line, size - 2, JSON_COMPACT | JSON_REAL_PRECISION(16));

	json_decref(object);
	if (!used || used > size - 2)
		return false;
	memcpy(line + used, "\n", 2);
	return true;
}

void log_line_json(char *line, const struct log_context *context, enum log_level level,
		   const char *text, bool is_journal)
{
	const struct log_context no_object = {.file = context->file, .line = context->line};
	size_t prefix = is_journal ? strlen(levels[level].priority) : 0;
	char start[SHORT_TEXT_SIZE];

	memcpy(line, levels[level].priority, prefix);
	if (put_json(line + prefix, LOG_LINE_SIZE - prefix, context, level, text))
		return;
	snprintf(start, sizeof(start), "%s", text);
	if (!put_json(line + prefix, LOG_LINE_SIZE - prefix, &no_object, level, start))
		*line = '\0';
}

void log_line_text(char *line, enum log_level level, const char *text, bool is_journal)
{
	char when[32];
	struct timespec now;
	struct tm broken_down;

	if (is_journal) {
		snprintf(line, LOG_LINE_SIZE, "%s%s\n", levels[level].priority, text);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &broken_down);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken_down);
	snprintf(line, LOG_LINE_SIZE, "%s.%03ldZ %s: %s\n", when, now.tv_nsec / 1000000,
		 levels[level].name, text);
}
