/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_command.h"

#include "agent/check/check_command.h"
#include "server_reading.h"
#include "status_client.h"
#include "status_document.h"
#include "status_print.h"
#include "status_query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE	 2
#define EXIT_ENVIRONMENT 3
#define EXIT_NOT_RUNNING 4
#define WATCH_SECONDS	 2

/* One invocation. */
struct status_run {
	const struct options *options;
	struct status_query query;
	char *service; /* which has the virtual servers that are asked for, if it is one */
	struct status_style style;
	json_t *check; /* what check_node() counted; NULL until it is asked for */
	bool is_json;
	bool is_terminal;
};

static void complain(const char *text)
{
	fprintf(stderr, "ipvsagent status: %s\n", text);
}

/* With --watch, the node is looked at once. */
static void add_check(struct status_run *run, json_t *document)
{
	struct check_counts counts;

	if (!run->check) {
		check_node(run->options, &counts);
		run->check = json_pack("{s:I, s:I, s:I}", "errors", (json_int_t)counts.errors,
				       "warnings", (json_int_t)counts.warnings, "notes",
				       (json_int_t)counts.notes);
	}
	json_object_set(document, "check", run->check);
}

static void print_document(const struct status_run *run, const json_t *document, bool has_agent)
{
	if (run->is_terminal && run->options->watch)
		fputs("\033[H\033[2J", stdout);
	if (run->is_json) {
		json_dumpf(document, stdout,
			   JSON_REAL_PRECISION(6) |
				   (run->options->watch ? JSON_COMPACT : JSON_INDENT(2)));
		fputc('\n', stdout);
	} else if (has_agent) {
		status_print(document, &run->style, stdout);
	} else {
		status_print_kernel(document, &run->style, stdout);
	}
}

static int show_kernel(const struct status_run *run, const struct error *reason)
{
	auto_free(server_listing) struct server_listing *listing = NULL;
	struct error err = {0};
	json_t *document;

	fprintf(stderr,
		"ipvsagent status: %s; start it with `ipvsagent run`, or give its socket with --socket\n",
		reason->text);
	if (server_reading(NULL, &listing, &err) < 0) {
		complain(err.text);
		return EXIT_NOT_RUNNING;
	}
	document = status_document_of_kernel(listing);
	print_document(run, document, false);
	json_decref(document);
	return EXIT_NOT_RUNNING;
}

static int show_agent(struct status_run *run, json_t *document)
{
	auto_free(server_listing) struct server_listing *listing = NULL;
	struct error err = {0};

	if (!json_array_size(json_object_get(document, "services"))) {
		if (run->query.servers)
			fprintf(stderr, "ipvsagent status: no Service has %s\n",
				run->query.servers);
		else if (*run->query.filter)
			fprintf(stderr, "ipvsagent status: Service %s not found\n",
				run->query.filter);
		if (run->query.servers || *run->query.filter)
			return EXIT_FAILURE;
	}
	/* Of a few Services only what these have is read. */
	if (server_reading(*run->query.filter || run->query.servers ? document : NULL, &listing,
			   &err) < 0) {
		error_wrap(&err, err.code, "no connection counts");
		complain(err.text);
	}
	status_document_join(document, listing);
	if (!run->style.is_partial) {
		status_document_count(document);
		/* Programs ask often, and have `ipvsagent check -o json`. */
		if (!run->is_json)
			add_check(run, document);
	}
	print_document(run, document, true);
	return 0;
}

/* Details, such as why an endpoint is used, come with an answer about one Service only. */
static int ask(struct status_run *run, json_t **ret, struct error *err)
{
	const char *socket = run->options->socket_path;
	auto_memory char *service = NULL;
	int r = status_client_ask(socket, "status", run->query.filter, ret, err);

	run->style.filter = run->query.filter;
	if (r < 0 || !run->query.servers)
		return r;
	status_query_select(&run->query, *ret);
	service = status_query_service(*ret);
	if (!service)
		return 0;
	json_decref(*ret);
	r = status_client_ask(socket, "status", service, ret, err);
	if (r < 0)
		return r;
	status_query_select(&run->query, *ret);
	free(run->service);
	run->service = take(&service);
	run->style.filter = run->service;
	return 0;
}

static int show(struct status_run *run)
{
	struct error err = {0};
	json_t *document;
	int status, r;

	r = ask(run, &document, &err);
	if (r == -ECONNREFUSED)
		return show_kernel(run, &err);
	if (r < 0) {
		complain(err.text);
		return r == -EACCES ? EXIT_ENVIRONMENT : EXIT_FAILURE;
	}
	status = show_agent(run, document);
	json_decref(document);
	return status;
}

/* What was buffered may fail to be written only now: a full disk, a reader that went away. */
static int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "ipvsagent status: writing the output: %s\n", strerror(errno));
	return EXIT_FAILURE;
}

/* An agent that is away for a moment is waited for; what cannot get better ends the watch. */
static int watch(struct status_run *run)
{
	int status;

	do {
		status = finish_output(show(run));
		if (ferror(stdout) || status == EXIT_ENVIRONMENT)
			return status;
		if (!run->is_terminal && !run->is_json)
			fputc('\n', stdout);
	} while (sleep(WATCH_SECONDS) == 0);
	return status;
}

static void choose_style(struct status_run *run)
{
	const char *terminal = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	run->is_terminal = isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
	run->is_json = strcmp(run->options->output, "json") == 0;
	run->style.is_wide = strcmp(run->options->output, "wide") == 0;
	run->style.is_coloured = run->is_terminal && !(no_colour && *no_colour);
	run->style.filter = run->query.filter;
	run->style.is_partial = *run->query.filter || run->query.servers;
}

int status_command(const struct options *options)
{
	struct status_run run = {.options = options};
	struct error err = {0};
	int status;

	if (status_query_read(options, &run.query, &err) < 0) {
		complain(err.text);
		fputs("see `ipvsagent status --help`\n", stderr);
		return EXIT_USAGE;
	}
	choose_style(&run);
	status = options->watch ? watch(&run) : finish_output(show(&run));
	status_query_clear(&run.query);
	free(run.service);
	json_decref(run.check);
	return status;
}
