/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/yaml_tree.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The reader of YAML. Whatever it is given: no memory error, a refusal says where, and what it
 * accepts is a tree that jansson can write and read back; that is no less where problems are kept.
 * YAML is read to be written as JSON only
 * where it is small, because aliases make it longer than it looks.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITE_LIMIT 512

static void check_round_trip(const json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
	json_t *again;

	if (!text)
		abort();
	again = json_loads(text, JSON_DECODE_ANY, NULL);
	if (!again || !json_equal(document, again))
		abort();
	json_decref(again);
	free(text);
}

static void require_place(const char *problem)
{
	if (strncmp(problem, "line ", 5) != 0)
		abort();
}

/* Return: how many documents there are */
static size_t read_all(const char *text, size_t size, bool keeps_problems)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(text, size);
	struct error err = {0};
	json_t *document;
	size_t count = 0;
	int r;

	if (keeps_problems)
		yaml_tree_keep_problems(tree);
	while ((r = yaml_tree_next(tree, &document, NULL, &err)) > 0) {
		const char *problem = yaml_tree_problem(tree, document);

		count++;
		if (problem)
			require_place(problem);
		/* What is wrong is wrong somewhere in the document. */
		if (yaml_tree_rest_problem(tree) || (problem && !keeps_problems))
			abort();
		if (size < WRITE_LIMIT)
			check_round_trip(document);
		json_decref(document);
	}
	if (r < 0)
		require_place(err.text);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t strict = read_all((const char *)data, size, false);

	if (read_all((const char *)data, size, true) < strict)
		abort();
	return 0;
}
