/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_list.h"

#include "json_scan.h"
#include "lib/base/memory.h"

#include <string.h>

#define SCAN_BYTES ((size_t)128 << 10)

/* All that surrounds the items comes with each of them. */
#define ENVELOPE_LIMIT ((size_t)16 << 10)

static size_t skip_blanks(const struct json_list *list, size_t at)
{
	const char *end = list->text + list->size;

	return (size_t)(json_scan_blanks(list->text + at, end) - list->text);
}

/* @at: of the opening quote; Return: behind the closing one, or the size if there is none */
static size_t skip_string(const struct json_list *list, size_t at)
{
	const char *end = json_scan_text(list->text + at, list->text + list->size);

	return end ? (size_t)(end - list->text) : list->size;
}

/* Return: false if there are items already, or if they are no list */
static bool note_items(struct json_list *list, size_t key, size_t key_end)
{
	static const char name[] = "\"items\"";
	size_t colon = skip_blanks(list, key_end);
	size_t value = skip_blanks(list, colon + 1);

	if (key_end - key != strlen(name) || memcmp(list->text + key, name, strlen(name)) != 0 ||
	    colon >= list->size || list->text[colon] != ':')
		return true;
	if (list->items_begin || value >= list->size || list->text[value] != '[')
		return false;
	list->items_begin = value + 1;
	return true;
}

static void close_bracket(struct json_list *list)
{
	list->depth--;
	if (list->depth == 1 && list->items_begin && !list->items_end)
		list->items_end = list->at;
	else if (list->depth == 0)
		list->end = list->at + 1;
}

int json_list_scan(struct json_list *list)
{
	size_t stop = list->at + SCAN_BYTES;

	while (list->at < list->size && list->at < stop && !list->end) {
		size_t begin = list->at;
		char c = list->text[begin];

		if (c == '"') {
			list->at = skip_string(list, begin);
			if (list->depth == 1 && !note_items(list, begin, list->at))
				return -1;
			continue;
		}
		if (c == '{' || c == '[')
			list->depth++;
		else if ((c == '}' || c == ']') && list->depth)
			close_bracket(list);
		if (!list->depth && !list->end)
			return -1;
		list->at++;
	}
	if (!list->end)
		return list->at < list->size ? 0 : -1;
	if (!list->items_end || list->end - (list->items_end - list->items_begin) > ENVELOPE_LIMIT)
		return -1;
	list->at = list->items_begin;
	return 1;
}

static void append(struct json_list *list, size_t begin, size_t end)
{
	memcpy(list->part + list->part_length, list->text + begin, end - begin);
	list->part_length += end - begin;
}

static void build_part(struct json_list *list, size_t begin, size_t end)
{
	size_t length = list->end - (list->items_end - list->items_begin) + end - begin;

	if (list->part_capacity < length) {
		list->part_capacity = 2 * length;
		list->part = memory_resize(list->part, list->part_capacity, 1);
	}
	list->part_length = 0;
	append(list, 0, list->items_begin);
	append(list, begin, end);
	append(list, list->items_end, list->end);
}

int json_list_next(struct json_list *list)
{
	size_t begin = skip_blanks(list, list->at), end;
	const char *element_end;

	if (begin == list->items_end)
		return 0;
	/* What follows an element is a comma and one more, or the end. */
	if (list->element) {
		if (list->text[begin] != ',')
			return -1;
		begin = skip_blanks(list, begin + 1);
	}
	/* A number ends where something else is: at the latest at the bracket behind the last. */
	element_end = begin < list->items_end ? json_scan_value(list->text + begin,
								list->text + list->items_end + 1)
					      : NULL;
	if (!element_end || element_end == list->text + begin)
		return -1;
	end = (size_t)(element_end - list->text);
	build_part(list, begin, end);
	list->element = begin;
	list->at = end;
	return 1;
}

bool json_list_locate(const struct json_list *list, json_error_t *problem)
{
	size_t position = (size_t)problem->position, begin = list->items_begin;
	const char *newline = memrchr(list->part, '\n', begin);

	if (!*problem->text)
		return true;
	if (position <= begin || position > begin + list->at - list->element)
		return false;
	for (const char *at = list->part, *end = at + begin;
	     (at = memchr(at, '\n', (size_t)(end - at))); at++)
		problem->line--;
	if (problem->line == 1)
		problem->column -= newline ? (int)(list->part + begin - newline) - 1 : (int)begin;
	return true;
}

void json_list_clear(struct json_list *list)
{
	free(list->part);
	*list = (struct json_list){0};
}
