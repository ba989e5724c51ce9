/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "comparison.h"

#include "additions.h"
#include "text_lines.h"

#include <stdarg.h>
#include <string.h>

struct comparison {
	unsigned int allowed;
	unsigned int used;
	char *context;
	FILE *stream;
	char *problems;
	size_t size;
};

struct comparison *comparison_new(unsigned int allowed)
{
	struct comparison *comparison = memory_allocate(sizeof(*comparison));

	comparison->allowed = allowed;
	comparison->context = string_dup("");
	comparison->stream = open_memstream(&comparison->problems, &comparison->size);
	if (!comparison->stream)
		abort();
	return comparison;
}

void comparison_free(struct comparison *comparison)
{
	if (!comparison)
		return;
	fclose(comparison->stream);
	free(comparison->problems);
	free(comparison->context);
	free(comparison);
}

void comparison_set_context(struct comparison *comparison, const char *context)
{
	free(comparison->context);
	comparison->context = string_dup(context);
}

void comparison_problem(struct comparison *comparison, const char *format, ...)
{
	va_list arguments;

	fprintf(comparison->stream, "%s: ", comparison->context);
	va_start(arguments, format);
	vfprintf(comparison->stream, format, arguments);
	va_end(arguments);
	fputc('\n', comparison->stream);
}

void comparison_note(struct comparison *comparison, enum difference difference)
{
	if (!comparison_allows(comparison, difference))
		comparison_problem(comparison, "the difference %s is not to be expected here",
				   difference_name(difference));
	comparison->used |= (unsigned int)difference;
}

bool comparison_allows(const struct comparison *comparison, enum difference difference)
{
	return comparison->allowed & (unsigned int)difference;
}

const char *comparison_problems(struct comparison *comparison)
{
	fflush(comparison->stream);
	return comparison->problems;
}

unsigned int comparison_used(const struct comparison *comparison)
{
	return comparison->used;
}

static void compare_sorted(struct comparison *comparison, const char *what,
			   struct text_lines *expected, struct text_lines *actual)
{
	size_t e = 0, a = 0;

	text_lines_sort(expected);
	text_lines_sort(actual);
	while (e < expected->count || a < actual->count) {
		int order = 0;

		if (e == expected->count)
			order = 1;
		else if (a == actual->count)
			order = -1;
		else
			order = strcmp(expected->items[e], actual->items[a]);
		if (order < 0)
			comparison_problem(comparison, "%s: missing: %s", what, expected->items[e]);
		if (order > 0)
			comparison_problem(comparison, "%s: not expected: %s", what,
					   actual->items[a]);
		e += order <= 0;
		a += order >= 0;
	}
}

void comparison_lines(struct comparison *comparison, const char *what, const char *expected,
		      const char *actual)
{
	auto_free(text_lines) struct text_lines *expected_lines = text_lines_new(expected);
	auto_free(text_lines) struct text_lines *actual_lines = text_lines_new(actual);

	additions_take_sets(comparison, actual_lines);
	compare_sorted(comparison, what, expected_lines, actual_lines);
}

/* With affinity a virtual server hashes sources, whatever the scheduler is elsewhere. */
static void expect_sh_for_affinity(struct comparison *comparison, struct text_lines *servers)
{
	for (size_t i = 0; i < servers->count; i++) {
		const char *line = servers->items[i];
		const char *scheduler = strstr(line, " -s ");
		const char *affinity = strstr(line, " -p ");

		if (!text_begins_with(line, "-A ") || !scheduler || !affinity)
			continue;
		affinity += strlen(" -p ");
		text_lines_replace(servers, i,
				   string_printf("%.*s -s sh -p %.*s -b sh-fallback",
						 (int)(scheduler - line), line,
						 (int)strcspn(affinity, " "), affinity));
		comparison_note(comparison, DIFFERENCE_AFFINITY_SCHEDULER_SH);
	}
}

static void accept_strangers(struct comparison *comparison, const struct text_lines *expected,
			     struct text_lines *actual, const struct text_lines *strangers)
{
	for (size_t i = actual->count; i-- > 0;) {
		if (text_lines_has(expected, actual->items[i]) ||
		    !text_lines_has(strangers, actual->items[i]))
			continue;
		text_lines_remove(actual, i);
		comparison_note(comparison, DIFFERENCE_STRANGERS_STAY);
	}
}

void comparison_servers(struct comparison *comparison, const char *expected, const char *actual,
			const char *strangers)
{
	auto_free(text_lines) struct text_lines *expected_lines = text_lines_new(expected);
	auto_free(text_lines) struct text_lines *actual_lines = text_lines_new(actual);
	auto_free(text_lines) struct text_lines *stranger_lines = text_lines_new(strangers);

	if (comparison_allows(comparison, DIFFERENCE_AFFINITY_SCHEDULER_SH))
		expect_sh_for_affinity(comparison, expected_lines);
	accept_strangers(comparison, expected_lines, actual_lines, stranger_lines);
	compare_sorted(comparison, "ipvs", expected_lines, actual_lines);
}

/* Return: whether the `create` line had sizes to cut off */
static bool cut_sizes(char *line)
{
	char *sizes = strstr(line, " hashsize ");

	if (sizes)
		*sizes = '\0';
	return sizes != NULL;
}

void comparison_sets(struct comparison *comparison, const char *expected, const char *actual)
{
	auto_free(text_lines) struct text_lines *recorded = text_lines_new(expected);
	auto_free(text_lines) struct text_lines *expected_lines = text_lines_new(expected);
	auto_free(text_lines) struct text_lines *actual_lines = text_lines_new(actual);

	additions_take_sets(comparison, actual_lines);
	for (size_t i = 0; i < expected_lines->count; i++)
		cut_sizes(expected_lines->items[i]);
	for (size_t i = 0; i < actual_lines->count; i++) {
		bool is_as_recorded = text_lines_has(recorded, actual_lines->items[i]);

		if (cut_sizes(actual_lines->items[i]) && !is_as_recorded)
			comparison_note(comparison, DIFFERENCE_SET_SIZES);
	}
	compare_sorted(comparison, "ipset sets", expected_lines, actual_lines);
}
