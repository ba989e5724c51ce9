/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_command.h"

#include "check_print.h"
#include "checks.h"

#include <errno.h>
#include <string.h>

static void settings_check(const struct options *options, struct findings *findings)
{
	for (size_t i = 0; i < options->note_count; i++) {
		const struct option_note *note = &options->notes[i];

		findings_add(findings, note->is_warning ? SEVERITY_WARNING : SEVERITY_NOTE, "",
			     "%s: %s", note->names, note->reason);
	}
}

/* @of_settings: nothing is to be said without the agent's settings */
static const struct check {
	const char *name;
	void (*run)(const struct options *options, struct findings *findings);
	bool of_settings;
} checks[] = {
	{"settings", settings_check, true},  {"modules", modules_check, false},
	{"sysctls", sysctls_check, false},   {"ports", ports_check, false},
	{"iptables", programs_check, false}, {"tables", tables_check, false},
	{"proxies", proxies_check, false},   {"interface", interface_check, false},
	{"limits", limits_check, false},     {"credentials", credentials_check, true},
};

void check_node(const struct options *options, struct check_counts *ret)
{
	auto_free(findings) struct findings *findings = findings_new();

	for (size_t i = 0; i < COUNT(checks); i++) {
		findings_begin(findings, checks[i].name);
		if (!checks[i].of_settings)
			checks[i].run(options, findings);
	}
	*ret = (struct check_counts){
		.errors = findings_count_of(findings, SEVERITY_ERROR),
		.warnings = findings_count_of(findings, SEVERITY_WARNING),
		.notes = findings_count_of(findings, SEVERITY_NOTE),
	};
}

int check_command(const struct options *options, FILE *output)
{
	auto_free(findings) struct findings *findings = findings_new();
	const char *names[COUNT(checks)];

	for (size_t i = 0; i < COUNT(checks); i++) {
		names[i] = checks[i].name;
		findings_begin(findings, checks[i].name);
		checks[i].run(options, findings);
	}
	if (strcmp(options->output, "json") == 0)
		check_print_json(findings, names, COUNT(checks), output);
	else
		check_print_text(findings, names, COUNT(checks), output);
	if (fflush(output) != 0 || ferror(output)) {
		fprintf(stderr, "ipvsagent check: writing the output: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return findings_count_of(findings, SEVERITY_ERROR) ? EXIT_FAILURE : EXIT_SUCCESS;
}
