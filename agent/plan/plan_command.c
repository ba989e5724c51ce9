/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_command.h"

#include "manifest_intake.h"
#include "plan_document.h"
#include "plan_text.h"

#include <errno.h>
#include <string.h>

#define EXIT_ENVIRONMENT 3

static void print_document(const struct plan_result *result, FILE *output)
{
	json_t *document = plan_document_new(result);

	json_dumpf(document, output, JSON_INDENT(2));
	fputc('\n', output);
	json_decref(document);
}

static void print(const struct options *options, struct store *store, struct node_state *node,
		  FILE *output)
{
	auto_free(plan_result) struct plan_result *result = NULL;

	node_state_assume_addresses(node, options->node_addresses.items,
				    options->node_addresses.count);
	result = plan_result_new(options, store, node);
	if (strcmp(options->output, "json") == 0)
		print_document(result, output);
	else
		plan_text_write(result, options->part, output);
}

int plan_command(const struct options *options, FILE *output)
{
	struct string_pool *strings = string_pool_new();
	struct store *store = store_new();
	struct node_state *node = node_state_new(options);
	struct error err = {0};
	int r = manifest_intake_read(options, strings, store, node, &err);

	if (r >= 0)
		print(options, store, node, output);
	if (r >= 0 && (fflush(output) != 0 || ferror(output)))
		r = error_set(&err, -EBADMSG, "writing the output: %s", strerror(errno));
	node_state_free(node);
	store_free(store);
	string_pool_free(strings);
	if (r >= 0)
		return 0;
	fprintf(stderr, "ipvsagent plan: %s\n", err.text);
	return r == -EBADMSG ? EXIT_FAILURE : EXIT_ENVIRONMENT;
}
