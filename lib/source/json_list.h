/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_LIST_H
#define SOURCE_JSON_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct json_list - cuts a JSON text {"kind": "List", "items": [A, B]} into texts of the same form
 * with one element each, so that none takes long to parse
 *
 * Zeroed at first, with the text set. Looks at quotes and brackets only: whether it is JSON shows
 * when it is parsed.
 * @text, @size:    starts with the bracket of the list; what follows the list does not matter
 * @end:            behind the list, once json_list_scan() is done
 * @element:        where the one in @part starts in @text
 * @part:           what json_list_next() made; freed by json_list_clear()
 */
struct json_list {
	const char *text;
	size_t size;
	size_t end;
	size_t element;
	char *part;
	size_t part_length;
	/* private */
	size_t at;
	size_t depth;
	size_t items_begin;
	size_t items_end;
	size_t part_capacity;
};

/**
 * json_list_scan() - look for the end of the list and of its items, some 100 KiB with each call
 * Return: 1 when both were found, 0 to be called again, -1 if this is no such list
 */
int json_list_scan(struct json_list *list);

/**
 * json_list_next() - the next element, as a list of its own
 * Return: 1, 0 after the last, -1 if something else than elements is there
 */
int json_list_next(struct json_list *list);

/**
 * json_list_locate() - say where in the element what is wrong with @part is
 * @problem:  of the part; its line and column become those in the element
 *
 * Return: false if it is not in the element, but in what surrounds it; true if nothing is wrong
 */
bool json_list_locate(const struct json_list *list, json_error_t *problem);

/** json_list_clear() - free what it holds, and be as it was at first, without a text */
void json_list_clear(struct json_list *list);

#endif
