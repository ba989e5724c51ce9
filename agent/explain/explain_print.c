/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_print.h"

#include "agent/status/status_field.h"
#include "lib/base/memory.h"

#include <string.h>

#define STAGE_WIDTH 16

static void print_head(const json_t *document, FILE *stream)
{
	const json_t *client = json_object_get(document, "client");
	const char *address = status_field_text(client, "address");
	auto_memory char *place = status_field_address(document);

	fprintf(stream, "%s to %s/%s, on node %s:\n\n",
		*address ? address : status_field_text(client, "kind"), place,
		status_field_text(document, "protocol"), status_field_text(document, "node"));
}

static void print_steps(const json_t *steps, FILE *stream)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		const char *because = status_field_text(step, "because");

		fprintf(stream, "  %-*s%s\n", STAGE_WIDTH, status_field_text(step, "stage"),
			status_field_text(step, "text"));
		if (*because)
			fprintf(stream, "  %-*s(%s)\n", STAGE_WIDTH, "", because);
	}
}

static void print_endpoints(const json_t *document, FILE *stream)
{
	const json_t *endpoints = json_object_get(document, "endpoints");
	const json_t *unused = json_object_get(document, "unused");
	size_t count = json_array_size(endpoints);
	size_t all = (size_t)status_field_number(document, "endpointCount");

	if (count || json_array_size(unused))
		fputc('\n', stream);
	for (size_t i = 0; i < count; i++) {
		const json_t *endpoint = json_array_get(endpoints, i);
		auto_memory char *place = status_field_address(endpoint);
		const char *source = status_field_text(endpoint, "source");
		const char *whose = status_field_text(endpoint, "sourceIs");

		fprintf(stream, "  %s sees %s%s%s\n", place,
			*source ? source : "the client's address",
			*source && strcmp(whose, "node") == 0 ? ", the node" : "", "");
	}
	if (all > count)
		fprintf(stream, "  and %zu others\n", all - count);
	for (size_t i = 0; i < json_array_size(unused); i++) {
		const json_t *endpoint = json_array_get(unused, i);
		auto_memory char *place = status_field_address(endpoint);

		fprintf(stream, "  %s is not used: %s\n", place,
			status_field_text(endpoint, "reason"));
	}
}

static void print_end(const json_t *document, FILE *stream)
{
	const char *outcome = status_field_text(document, "outcome");
	const char *sees = status_field_text(document, "clientSees");
	unsigned int count = (unsigned int)status_field_number(document, "endpointCount");

	if (json_is_true(json_object_get(document, "agentAnswers")))
		fprintf(stream, "\nAnswered by the agent: %s.\n", sees);
	else if (strcmp(outcome, "answered") == 0)
		fprintf(stream, "\nAnswered by %s%u endpoint%s of Service %s.\n",
			count == 1 ? "" : "one of ", count, count == 1 ? "" : "s",
			status_field_text(document, "service"));
	else if (strcmp(outcome, "refused") == 0)
		fprintf(stream, "\nRefused. The client gets %s.\n", sees);
	else if (strcmp(outcome, "dropped") == 0)
		fprintf(stream, "\nDropped. The client gets %s.\n", sees);
	else
		fprintf(stream, "\nNo Service decides. The client gets %s.\n", sees);
}

void explain_print(const json_t *document, FILE *stream)
{
	print_head(document, stream);
	print_steps(json_object_get(document, "steps"), stream);
	print_endpoints(document, stream);
	print_end(document, stream);
}
