/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct findings {
	struct finding *items;
	size_t count;
	const char *check;
};

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	return names[severity];
}

struct findings *findings_new(void)
{
	struct findings *findings = memory_allocate(sizeof(*findings));

	*findings = (struct findings){0};
	return findings;
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].what);
		free(findings->items[i].remedy);
	}
	free(findings->items);
	free(findings);
}

void findings_begin(struct findings *findings, const char *name)
{
	findings->check = name;
}

void findings_add(struct findings *findings, enum severity severity, const char *remedy,
		  const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	findings->items =
		memory_resize(findings->items, findings->count + 1, sizeof(*findings->items));
	finding = &findings->items[findings->count++];
	*finding = (struct finding){.severity = severity, .check = findings->check};
	va_start(arguments, format);
	if (vasprintf(&finding->what, format, arguments) < 0)
		memory_exhausted();
	va_end(arguments);
	finding->remedy = string_dup(remedy);
}

size_t findings_count(const struct findings *findings)
{
	return findings->count;
}

const struct finding *findings_get(const struct findings *findings, size_t position)
{
	return &findings->items[position];
}

size_t findings_count_of(const struct findings *findings, enum severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].severity == severity;
	return count;
}
