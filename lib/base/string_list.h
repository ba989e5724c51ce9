/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_STRING_LIST_H
#define BASE_STRING_LIST_H

#include "memory.h"

#include <stdbool.h>

/** struct string_list - texts in the order in which they were added; all zero is an empty one */
struct string_list {
	char **items;
	size_t count;
};

/** string_list_add() - @text is copied */
void string_list_add(struct string_list *list, const char *text);

/** string_list_clear() - leaves an empty list */
void string_list_clear(struct string_list *list);

/** string_list_join() - "a, b"; the caller frees it */
char *string_list_join(const struct string_list *list);

bool string_list_is_equal(const struct string_list *a, const struct string_list *b);

#endif
