/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "string_list.h"

#include <string.h>

void string_list_add(struct string_list *list, const char *text)
{
	list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = string_dup(text);
}

void string_list_clear(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){0};
}

char *string_list_join(const struct string_list *list)
{
	char *text = string_dup("");

	for (size_t i = 0; i < list->count; i++) {
		char *longer = string_printf("%s%s%s", text, i ? ", " : "", list->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

bool string_list_is_equal(const struct string_list *a, const struct string_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}
