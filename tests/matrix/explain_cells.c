/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/explain/explain_plan.h"
#include "agent/settings/command_line.h"
#include "agent/status/status_field.h"

#include <stdio.h>
#include <string.h>

/*
 * explain_cells FLAG...: flags of `ipvsagent explain`. Of each line of standard input, "LABEL CLIENT
 * ADDRESS PROTOCOL PORT", it writes "LABEL OUTCOME", where the outcome is "ENDPOINT<SOURCE> ..." as in the traffic
 * matrix, with addresses; the HTTP status of an answer of the agent; or "fail".
 */

static void print_outcome(const json_t *document)
{
	const json_t *endpoints = json_object_get(document, "endpoints");
	const char *sees = status_field_text(document, "clientSees");

	if (strcmp(status_field_text(document, "outcome"), "answered") != 0)
		printf(" fail");
	else if (json_is_true(json_object_get(document, "agentAnswers")))
		printf(" %s", strrchr(sees, ' ') + 1);
	for (size_t i = 0; i < json_array_size(endpoints); i++)
		printf(" %s<%s>", status_field_text(json_array_get(endpoints, i), "address"),
		       status_field_text(json_array_get(endpoints, i), "source"));
	putchar('\n');
}

static int answer(const struct explain_plan *plan, char *line)
{
	char label[128], client[64], address[64], protocol[16];
	auto_memory char *text = NULL;
	struct explain_query query;
	struct error err = {0};
	unsigned int port;
	json_t *document;

	if (sscanf(line, "%127s %63s %63s %15s %u", label, client, address, protocol, &port) != 5)
		return fprintf(stderr, "not understood: %s", line);
	text = string_printf(strchr(address, ':') ? "%s [%s]:%u/%s" : "%s %s:%u/%s", client,
			     address, port, protocol);
	if (explain_query_parse(text, &query, &err) < 0)
		return fprintf(stderr, "%s\n", err.text);
	document = explain_plan_answer(plan, &query);
	printf("%s", label);
	print_outcome(document);
	json_decref(document);
	return 0;
}

int main(int argc, char **argv)
{
	auto_free(options) struct options *options = options_new();
	auto_free(explain_plan) struct explain_plan *plan = NULL;
	struct error err = {0};
	char line[512];

	if (command_line_parse(options, OPTION_SCOPE_EXPLAIN, argc, argv, &err) < 0 ||
	    explain_plan_open(options, &plan, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin))
		if (answer(plan, line))
			return 1;
	return 0;
}
