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

static const struct check {
	const char *name;
	void (*run)(const struct options *options, struct findings *findings);
} checks[] = {
	{"settings", settings_check}, {"modules", modules_check},
	{"sysctls", sysctls_check},   {"ports", ports_check},
	{"iptables", programs_check}, {"tables", tables_check},
	{"proxies", proxies_check},   {"interface", interface_check},
	{"limits", limits_check},     {"credentials", credentials_check},
};

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
