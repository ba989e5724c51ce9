/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events_command.h"

#include "status_client.h"
#include "status_field.h"
#include "status_table.h"

#include <errno.h>
#include <string.h>

#define EXIT_USAGE	 2
#define EXIT_ENVIRONMENT 3
#define EXIT_NOT_RUNNING 4

static int complain(const struct error *err, int status)
{
	fprintf(stderr, "ipvsagent events: %s\n", err->text);
	return status;
}

/* Names come from the cluster, and must not steer the terminal. */
static void print_line(char *text, FILE *stream)
{
	status_colour_print(text, STATUS_COLOUR_NONE, false, stream);
	fputc('\n', stream);
	free(text);
}

static void print_event(const json_t *event, FILE *stream)
{
	const json_t *operations = json_object_get(event, "operations"), *operation;
	json_int_t total = status_field_number(event, "operationCount");
	json_int_t failed = status_field_number(event, "failedCount");
	json_int_t rest = total - (json_int_t)json_array_size(operations);
	size_t i;

	print_line(string_printf("%s  %s: %s", status_field_text(event, "time"),
				 status_field_text(event, "object"),
				 status_field_text(event, "cause")),
		   stream);
	json_array_foreach (operations, i, operation) {
		print_line(string_printf("    %s", json_string_value(operation)), stream);
	}
	if (rest > 0)
		fprintf(stream, "    and %lld more\n", (long long)rest);
	if (failed)
		fprintf(stream, "    %lld of %lld failed\n", (long long)failed, (long long)total);
}

void events_print(const json_t *events, FILE *stream)
{
	const json_t *event;
	size_t i;

	if (!json_array_size(events))
		fputs("No changes.\n", stream);
	json_array_foreach (events, i, event) {
		print_event(event, stream);
	}
}

/* Leaves the last @count; 0 = all */
static void keep_last(json_t *events, int count)
{
	while (count && json_array_size(events) > (size_t)count)
		json_array_remove(events, 0);
}

static void print(const struct options *options, json_t *answer, FILE *output)
{
	json_t *events = json_object_get(answer, "services");
	json_t *agent = json_object_get(answer, "agent");

	keep_last(events, options->event_count);
	if (strcmp(options->output, "json") == 0) {
		json_object_set(agent, "events", events);
		json_dumpf(agent, output, JSON_INDENT(2));
		fputc('\n', output);
	} else {
		events_print(events, output);
	}
}

int events_command(const struct options *options, FILE *output)
{
	const char *filter = options->arguments.count ? options->arguments.items[0] : "";
	struct error err = {0};
	json_t *answer;
	int r;

	if (options->arguments.count > 1 || (*filter && !strchr(filter, '/'))) {
		error_set(&err, -EINVAL, "\"%s\" is not NAMESPACE/NAME",
			  options->arguments.items[options->arguments.count - 1]);
		return complain(&err, EXIT_USAGE);
	}
	r = status_client_ask(options->socket_path, "events", filter, &answer, &err);
	if (r < 0)
		return complain(&err, r == -ECONNREFUSED ? EXIT_NOT_RUNNING
				      : r == -EACCES	 ? EXIT_ENVIRONMENT
							 : EXIT_FAILURE);
	print(options, answer, output);
	json_decref(answer);
	if (fflush(output) == 0 && !ferror(output))
		return EXIT_SUCCESS;
	error_set(&err, -EIO, "writing the output: %s", strerror(errno));
	return complain(&err, EXIT_FAILURE);
}
