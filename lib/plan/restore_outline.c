/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "restore_outline.h"

#include "lib/base/memory.h"
#include "lib/base/string_list.h"

#include <stdbool.h>
#include <string.h>

struct outline {
	char *table;
	struct string_list seen; /* chains of @table */
	void (*visit)(void *owner, const char *table, const char *chain, enum restore_part part);
	void *owner;
};

static bool is_seen(const struct outline *outline, const char *chain)
{
	for (size_t i = 0; i < outline->seen.count; i++)
		if (strcmp(outline->seen.items[i], chain) == 0)
			return true;
	return false;
}

/* Whether the table, of which @rest is what follows, says so. */
static bool is_removed(const char *rest, const char *chain)
{
	size_t length = strlen(chain);

	for (; *rest && strncmp(rest, "COMMIT", 6) != 0; rest += *rest == '\n') {
		if (strncmp(rest, "-X ", 3) == 0 && strncmp(rest + 3, chain, length) == 0 &&
		    rest[3 + length] == '\n')
			return true;
		rest += strcspn(rest, "\n");
	}
	return false;
}

/* @name: followed by a blank, or the end of the line */
static void see(struct outline *outline, const char *name, bool is_declared)
{
	auto_memory char *chain = string_printf("%.*s", (int)strcspn(name, " \n"), name);
	enum restore_part part = RESTORE_PART_JUMPS;

	if (is_seen(outline, chain))
		return;
	string_list_add(&outline->seen, chain);
	if (is_declared)
		part = is_removed(name, chain) ? RESTORE_PART_REMOVED : RESTORE_PART_WRITTEN;
	outline->visit(outline->owner, outline->table ? outline->table : "", chain, part);
}

static void begin_table(struct outline *outline, const char *name)
{
	free(outline->table);
	outline->table = name ? string_printf("%.*s", (int)strcspn(name, " \n"), name) : NULL;
	string_list_clear(&outline->seen);
}

void restore_outline_each(const char *text,
			  void (*visit)(void *owner, const char *table, const char *chain,
					enum restore_part part),
			  void *owner)
{
	struct outline outline = {.visit = visit, .owner = owner};

	while (*text) {
		if (*text == '*')
			begin_table(&outline, text + 1);
		else if (*text == ':')
			see(&outline, text + 1, true);
		else if (*text == '-' && text[1] && text[2] == ' ')
			see(&outline, text + 3, false);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	begin_table(&outline, NULL);
}

char *restore_outline_text(const char *table, const char *chain, enum restore_part part)
{
	static const char *const words[] = {
		[RESTORE_PART_REMOVED] = "chain",
		[RESTORE_PART_WRITTEN] = "rules of chain",
		[RESTORE_PART_JUMPS] = "jumps in chain",
	};

	return string_printf("%s %s of table %s", words[part], chain, table);
}
