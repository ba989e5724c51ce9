/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_command.h"

#include "agent/status/status_client.h"
#include "agent/status/status_field.h"
#include "explain_live.h"
#include "explain_plan.h"
#include "explain_print.h"

#include <errno.h>
#include <string.h>

#define EXIT_USAGE	 2
#define EXIT_ENVIRONMENT 3
#define EXIT_NOT_RUNNING 4

static int ask_plan(const struct options *options, const struct explain_query *query, json_t **ret,
		    struct error *err)
{
	auto_free(explain_plan) struct explain_plan *plan = NULL;
	int r = explain_plan_open(options, &plan, err);

	if (r >= 0)
		*ret = explain_plan_answer(plan, query);
	return r;
}

static int ask_agent(const struct options *options, const struct explain_query *query, json_t **ret,
		     struct error *err)
{
	auto_memory char *text = explain_query_text(query);
	auto_memory char *question = string_printf("explain %s", text);

	return status_client_question(options->socket_path, question, ret, err);
}

/* Of a path of manifests, or of the socket. */
static int failure_status(const struct options *options, int code)
{
	if (code == -EINVAL)
		return EXIT_USAGE;
	if (options->manifests.count)
		return code == -EBADMSG ? EXIT_FAILURE : EXIT_ENVIRONMENT;
	if (code == -ECONNREFUSED)
		return EXIT_NOT_RUNNING;
	return code == -EACCES ? EXIT_ENVIRONMENT : EXIT_FAILURE;
}

static int fail(const struct options *options, int code, const struct error *err)
{
	int status = failure_status(options, code);

	fprintf(stderr, "ipvsagent explain: %s%s\n", err->text,
		status == EXIT_NOT_RUNNING
			? "; start it with `ipvsagent run`, give its socket with --socket, or manifests with -f"
			: "");
	if (status == EXIT_USAGE)
		fputs("see `ipvsagent explain --help`\n", stderr);
	return status;
}

static int print(const struct options *options, const json_t *document, FILE *output,
		 struct error *err)
{
	if (strcmp(options->output, "json") == 0) {
		json_dumpf(document, output, JSON_INDENT(2));
		fputc('\n', output);
	} else {
		explain_print(document, output);
		if (options->live)
			explain_live_print(document, output);
	}
	if (fflush(output) != 0 || ferror(output))
		return error_set(err, -EBADMSG, "writing the output: %s", strerror(errno));
	return 0;
}

int explain_command(const struct options *options, FILE *output)
{
	struct explain_query query;
	struct error err = {0};
	json_t *document = NULL;
	bool is_answered;
	int r;

	r = explain_query_read(options->arguments.items, options->arguments.count, &query, &err);
	if (r < 0)
		return fail(options, r, &err);
	if (options->live && options->manifests.count) {
		r = error_set(&err, -EINVAL, "--live is about the running agent: without -f");
		return fail(options, r, &err);
	}
	if (options->manifests.count)
		r = ask_plan(options, &query, &document, &err);
	else
		r = ask_agent(options, &query, &document, &err);
	if (r >= 0 && options->live)
		r = explain_live_add(document, &query, options->socket_path, &err);
	if (r >= 0)
		r = print(options, document, output, &err);
	is_answered = strcmp(status_field_text(document, "outcome"), "answered") == 0;
	json_decref(document);
	if (r < 0)
		return fail(options, r, &err);
	return is_answered ? 0 : EXIT_FAILURE;
}
