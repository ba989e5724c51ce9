/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "documents.h"

#include "json_tree.h"
#include "yaml_tree.h"

#include <errno.h>
#include <string.h>

/* @yaml is NULL for JSON, of which @text and @size are what is left and @line where it starts. */
struct documents {
	struct yaml_tree *yaml;
	const char *text;
	size_t size;
	size_t line;
};

struct documents *documents_new(const char *text, size_t size, bool is_json)
{
	struct documents *documents = memory_allocate(sizeof(*documents));

	if (!is_json)
		documents->yaml = yaml_tree_new(text, size);
	documents->text = text;
	documents->size = size;
	documents->line = 1;
	return documents;
}

void documents_free(struct documents *documents)
{
	if (!documents)
		return;
	yaml_tree_free(documents->yaml);
	free(documents);
}

static void skip(struct documents *documents, size_t count)
{
	for (const char *at = documents->text, *end = at + count;
	     (at = memchr(at, '\n', (size_t)(end - at))); at++)
		documents->line++;
	documents->text += count;
	documents->size -= count;
}

static void skip_blanks(struct documents *documents)
{
	while (documents->size && strchr(" \t\r\n", *documents->text) && *documents->text)
		skip(documents, 1);
}

static int next_json(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err)
{
	json_error_t problem;
	json_t *value;
	size_t used;

	skip_blanks(documents);
	if (!documents->size)
		return 0;
	value = json_tree_load(documents->text, documents->size, JSON_REJECT_DUPLICATES, &used,
			       &problem);
	if (!value) {
		documents->size = 0;
		return error_set(err, -EINVAL, "line %zu, column %d: %s",
				 documents->line +
					 (size_t)(problem.line > 0 ? problem.line - 1 : 0),
				 problem.column, problem.text);
	}
	*ret = value;
	*ret_line = documents->line;
	skip(documents, used);
	return 1;
}

int documents_next(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err)
{
	if (documents->yaml)
		return yaml_tree_next(documents->yaml, ret, ret_line, err);
	return next_json(documents, ret, ret_line, err);
}
