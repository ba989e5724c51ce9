/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_proxy_rules.h"

#include "lib/plan/saved_rules.h"
#include "text_lines.h"

#include <string.h>

static bool is_asked_for(const char *line)
{
	return !strstr(line, "--physdev-is-in") && !strstr(line, "--vaddr");
}

/* Rules in one form; chains as they are. */
static struct text_lines *canonical_lines(const char *text)
{
	struct text_lines *lines = text_lines_new(text);

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		size_t name = strlen("-A ") + strcspn(line + strlen("-A "), " ");

		if (text_begins_with(line, "-A ")) {
			auto_memory char *canonical = saved_rules_canonical(line + name);

			text_lines_replace(lines, i,
					   string_printf("%.*s%s", (int)name, line, canonical));
		}
	}
	return lines;
}

static bool is_same_chain(const char *a, const char *b)
{
	size_t length = strlen("-A ") + strcspn(a + strlen("-A "), " ");

	return strncmp(a, b, length) == 0;
}

void kube_proxy_rules_compare(struct comparison *comparison, const char *recorded,
			      const char *known)
{
	auto_free(text_lines) struct text_lines *wanted = canonical_lines(recorded);
	auto_free(text_lines) struct text_lines *lines = canonical_lines(known);
	size_t last = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		const char *line = wanted->items[i];
		size_t at = 0;

		if (!is_asked_for(line))
			continue;
		while (at < lines->count && strcmp(lines->items[at], line) != 0)
			at++;
		if (at == lines->count)
			comparison_problem(comparison, "not known as kube-proxy's: %s", line);
		else if (last < lines->count && at < last &&
			 is_same_chain(line, lines->items[last]))
			comparison_problem(comparison, "known in another order: %s", line);
		last = at;
	}
}
