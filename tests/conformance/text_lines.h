/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_TEXT_LINES_H
#define CONFORMANCE_TEXT_LINES_H

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/** struct text_lines - the lines of a text without newlines; empty ones are left out */
struct text_lines {
	char **items;
	size_t count;
	size_t capacity;
};

/** text_lines_new() - @text NULL gives no lines */
struct text_lines *text_lines_new(const char *text);
void text_lines_free(struct text_lines *lines);
AUTO_FREE_DEFINE(text_lines);

/** text_lines_add() - takes ownership of @line, which malloc() gave */
void text_lines_add(struct text_lines *lines, char *line);

/** text_lines_replace() - put @line, which is taken over, in the place of another */
void text_lines_replace(struct text_lines *lines, size_t index, char *line);

/** text_lines_remove() - the order of the others stays */
void text_lines_remove(struct text_lines *lines, size_t index);

/** text_lines_text() - each with a newline; the caller frees it */
char *text_lines_text(const struct text_lines *lines);

void text_lines_sort(struct text_lines *lines);
bool text_lines_has(const struct text_lines *lines, const char *line);

/** text_begins_with() - @text begins with @prefix */
bool text_begins_with(const char *text, const char *prefix);

#endif
