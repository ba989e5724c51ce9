/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/yaml_tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The reader of YAML. Whatever it is given: no memory error, a refusal says where, and what it
 * accepts is a tree that jansson can write and read back. YAML is read to be written as JSON only
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new((const char *)data, size);
	struct error err = {0};
	json_t *document;
	int r;

	while ((r = yaml_tree_next(tree, &document, NULL, &err)) > 0) {
		if (size < WRITE_LIMIT)
			check_round_trip(document);
		json_decref(document);
	}
	if (r < 0 && strncmp(err.text, "line ", 5) != 0)
		abort();
	return 0;
}
