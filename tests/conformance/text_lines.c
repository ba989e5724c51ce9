/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_lines.h"

#include <string.h>

struct text_lines *text_lines_new(const char *text)
{
	struct text_lines *lines = memory_allocate(sizeof(*lines));

	while (text && *text) {
		size_t length = strcspn(text, "\n");

		if (length)
			text_lines_add(lines, string_printf("%.*s", (int)length, text));
		text += length;
		text += *text == '\n';
	}
	return lines;
}

void text_lines_free(struct text_lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i]);
	free(lines->items);
	free(lines);
}

void text_lines_add(struct text_lines *lines, char *line)
{
	lines->items =
		memory_grow(lines->items, lines->count, &lines->capacity, sizeof(*lines->items));
	lines->items[lines->count++] = line;
}

void text_lines_replace(struct text_lines *lines, size_t index, char *line)
{
	free(lines->items[index]);
	lines->items[index] = line;
}

void text_lines_remove(struct text_lines *lines, size_t index)
{
	free(lines->items[index]);
	lines->count--;
	memmove(&lines->items[index], &lines->items[index + 1],
		(lines->count - index) * sizeof(*lines->items));
}

char *text_lines_text(const struct text_lines *lines)
{
	char *text = string_dup("");

	for (size_t i = 0; i < lines->count; i++) {
		char *longer = string_printf("%s%s\n", text, lines->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

static int compare_lines(const void *a, const void *b)
{
	char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

void text_lines_sort(struct text_lines *lines)
{
	if (lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
}

bool text_lines_has(const struct text_lines *lines, const char *line)
{
	for (size_t i = 0; i < lines->count; i++)
		if (strcmp(lines->items[i], line) == 0)
			return true;
	return false;
}

bool text_begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}
