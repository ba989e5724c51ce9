/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_print.h"

#include <jansson.h>

#define FORMAT_VERSION 1

static void print_finding(const struct finding *finding, FILE *stream)
{
	fprintf(stream, "%s: %s: %s\n", severity_name(finding->severity), finding->check,
		finding->what);
	if (*finding->remedy)
		fprintf(stream, "  remedy: %s\n", finding->remedy);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

void check_print_text(const struct findings *findings, const char *const *checks, size_t count,
		      FILE *stream)
{
	size_t errors = findings_count_of(findings, SEVERITY_ERROR);
	size_t warnings = findings_count_of(findings, SEVERITY_WARNING);
	size_t notes = findings_count_of(findings, SEVERITY_NOTE);

	for (int severity = SEVERITY_ERROR; severity >= 0; severity--)
		for (size_t i = 0; i < findings_count(findings); i++)
			if (findings_get(findings, i)->severity == (enum severity)severity)
				print_finding(findings_get(findings, i), stream);
	fprintf(stream, "%zu check%s (", count, plural(count));
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "%s%s", i ? ", " : "", checks[i]);
	fprintf(stream, "): %zu error%s, %zu warning%s, %zu note%s\n", errors, plural(errors),
		warnings, plural(warnings), notes, plural(notes));
}

static json_t *finding_json(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "severity", severity_name(finding->severity),
			 "check", finding->check, "finding", finding->what, "remedy",
			 finding->remedy);
}

void check_print_json(const struct findings *findings, const char *const *checks, size_t count,
		      FILE *stream)
{
	json_t *names = json_array(), *list = json_array(), *document;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(names, json_string(checks[i]));
	for (size_t i = 0; i < findings_count(findings); i++)
		json_array_append_new(list, finding_json(findings_get(findings, i)));
	document = json_pack("{s:i, s:o, s:o}", "version", FORMAT_VERSION, "checks", names,
			     "findings", list);
	json_dumpf(document, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(document);
}
