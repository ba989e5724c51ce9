/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "documents.h"

#include "json_list.h"
#include "json_tree.h"
#include "yaml_tree.h"

#include <errno.h>
#include <string.h>

/**
 * enum state - where in a JSON text we are
 *   BETWEEN   before a document, or behind the last
 *   SCANNING  a list, whose end is looked for
 *   ELEMENTS  a list, whose elements are handed out one by one
 */
enum state { STATE_BETWEEN, STATE_SCANNING, STATE_ELEMENTS };

/*
 * @yaml is NULL for JSON, of which @text and @size are what is left and @line where it starts.
 * @element_line: on which the element of @list starts that was handed out last, at @element.
 */
struct documents {
	enum state state;
	struct json_list list;
	size_t element;
	size_t element_line;
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
	json_list_clear(&documents->list);
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

/* The whole document at once. */
static int load_whole(struct documents *documents, json_t **ret, size_t *ret_line,
		      struct error *err)
{
	json_error_t problem;
	json_t *value;
	size_t used;

	json_list_clear(&documents->list);
	documents->state = STATE_BETWEEN;
	value = json_tree_load(documents->text, documents->size, JSON_REJECT_DUPLICATES, &used,
			       &problem);
	if (!value || *problem.text) {
		json_tree_drop(value);
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

static size_t count_lines(const char *text, size_t begin, size_t end)
{
	size_t count = 0;

	for (const char *at = text + begin, *stop = text + end;
	     (at = memchr(at, '\n', (size_t)(stop - at))); at++)
		count++;
	return count;
}

static void end_list(struct documents *documents)
{
	skip(documents, documents->list.end);
	json_list_clear(&documents->list);
	documents->state = STATE_BETWEEN;
}

/* Other kinds may have something that is called items. */
static bool is_list(const json_t *tree)
{
	const json_t *kind = json_object_get(tree, "kind");
	size_t length = json_string_length(kind);

	return length >= 4 && strcmp(json_string_value(kind) + length - 4, "List") == 0;
}

/*
 * Where anything is odd the whole document is parsed after all: it may be right, and if it is
 * wrong, the error has its place in the whole.
 */
static int next_element(struct documents *documents, json_t **ret, size_t *ret_line,
			struct error *err)
{
	struct json_list *list = &documents->list;
	json_error_t problem;
	int r = json_list_next(list);

	if (r == 0 && documents->element) {
		end_list(documents);
		*ret = NULL;
		return 1;
	}
	if (r <= 0)
		return load_whole(documents, ret, ret_line, err);
	*ret = json_tree_load(list->part, list->part_length, JSON_REJECT_DUPLICATES, NULL,
			      &problem);
	if (!*ret || *problem.text || !is_list(*ret)) {
		json_tree_drop(*ret);
		return load_whole(documents, ret, ret_line, err);
	}
	documents->element_line += count_lines(list->text, documents->element, list->element);
	documents->element = list->element;
	*ret_line = documents->element_line;
	return 1;
}

static int start_json(struct documents *documents, json_t **ret, size_t *ret_line,
		      struct error *err)
{
	skip_blanks(documents);
	if (!documents->size)
		return 0;
	if (*documents->text != '{')
		return load_whole(documents, ret, ret_line, err);
	documents->list.text = documents->text;
	documents->list.size = documents->size;
	documents->element = 0;
	documents->element_line = documents->line;
	documents->state = STATE_SCANNING;
	*ret = NULL;
	return 1;
}

static int step_json(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err)
{
	int r;

	switch (documents->state) {
	case STATE_BETWEEN:
		return start_json(documents, ret, ret_line, err);
	case STATE_SCANNING:
		r = json_list_scan(&documents->list);
		if (r < 0)
			return load_whole(documents, ret, ret_line, err);
		if (r > 0)
			documents->state = STATE_ELEMENTS;
		*ret = NULL;
		return 1;
	case STATE_ELEMENTS:
		break;
	}
	return next_element(documents, ret, ret_line, err);
}

int documents_step(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err)
{
	if (documents->yaml)
		return yaml_tree_next(documents->yaml, ret, ret_line, err);
	return step_json(documents, ret, ret_line, err);
}

int documents_next(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err)
{
	int r;

	do {
		*ret = NULL;
		r = documents_step(documents, ret, ret_line, err);
	} while (r > 0 && !*ret);
	return r;
}
