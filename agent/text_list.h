/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TEXT_LIST_H
#define AGENT_TEXT_LIST_H

#include "../lib/base/memory.h"

#include <stdbool.h>

/** struct text_list - texts in the order in which they were added; all zero is an empty one */
struct text_list {
	char **items;
	size_t count;
};

/** text_list_add() - @text is copied */
void text_list_add(struct text_list *list, const char *text);

/** text_list_clear() - leaves an empty list */
void text_list_clear(struct text_list *list);

/** text_list_join() - "a, b"; the caller frees it */
char *text_list_join(const struct text_list *list);

bool text_list_is_equal(const struct text_list *a, const struct text_list *b);

#endif
