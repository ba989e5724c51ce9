/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_list.h"

#include <string.h>

void text_list_add(struct text_list *list, const char *text)
{
	list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = memory_text(text);
}

void text_list_clear(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}

char *text_list_join(const struct text_list *list)
{
	char *text = memory_text("");

	for (size_t i = 0; i < list->count; i++) {
		char *longer = memory_format("%s%s%s", text, i ? ", " : "", list->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

bool text_list_is_equal(const struct text_list *a, const struct text_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}
