/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvsagent plan, many times: each line of standard input is one command line with a blank between
 * two words, and each answer ends with a line "end STATUS".
 */
#include "agent/plan/plan_command.h"
#include "agent/settings/command_line.h"
#include "lib/base/log.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE      65536
#define ARGUMENT_COUNT 64

static int plan(char *line)
{
	auto_free(options) struct options *options = options_new();
	char *argv[ARGUMENT_COUNT + 1];
	struct error err = {0};
	int argc = 0;

	while (argc < ARGUMENT_COUNT && (argv[argc] = strsep(&line, " ")))
		argc++;
	argv[argc] = NULL;
	if (command_line_parse(options, OPTION_SCOPE_PLAN, argc, argv, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	return plan_command(options, stdout);
}

int main(void)
{
	static char line[LINE_SIZE];

	log_set_level(LOG_LEVEL_ERROR);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		printf("end %d\n", plan(line));
		fflush(stdout);
	}
	return 0;
}
