/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "documents.h"

#include "json_list.h"
#include "json_tree.h"
#include "yaml_tree.h"

#include <errno.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/**
 * enum state - where in a JSON text we are
 *   BETWEEN   before a document, or behind the last
 *   SCANNING  a list, whose end is looked for
 *   ELEMENTS  a list, whose elements are handed out one by one
 */
enum state { STATE_BETWEEN, STATE_SCANNING, STATE_ELEMENTS };

/*
 * @yaml is NULL for JSON, of which @text and @size are what is left and @line where it starts.
 * @element_line, @element_column: where the element of @list starts that was handed out last, at
 * @element; columns are counted from 0.
 * @problem: of the JSON document; its code is 0 if there is none.
 */
struct documents {
	enum state state;
	struct json_list list;
	size_t element;
	size_t element_line;
	size_t element_column;
	struct yaml_tree *yaml;
	const char *text;
	size_t size;
	size_t line;
	struct error problem;
	bool is_problem_told;
};

struct documents *documents_new(const char *text, size_t size, bool is_json)
{
	struct documents *documents = memory_allocate(sizeof(*documents));

	if (!is_json) {
		documents->yaml = yaml_tree_new(text, size);
		yaml_tree_keep_problems(documents->yaml);
	} else if (size >= strlen(BYTE_ORDER_MARK) &&
		   memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		text += strlen(BYTE_ORDER_MARK);
		size -= strlen(BYTE_ORDER_MARK);
	}
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

/*
 * Of the text that starts at @line and @column, of which there is @value. A key that is there twice
 * is that object's own affair. Return: 0, or what makes the text useless
 */
static int set_problem(struct documents *documents, const json_t *value,
		       const json_error_t *problem, size_t line, size_t column)
{
	documents->problem = (struct error){0};
	documents->is_problem_told = false;
	if (!*problem->text)
		return 0;
	if (problem->line > 1)
		column = 0;
	error_set(&documents->problem, -EINVAL, "line %zu, column %zu: %s",
		  line + (size_t)(problem->line > 0 ? problem->line - 1 : 0),
		  column + (size_t)problem->column, problem->text);
	return value && json_error_code(problem) == json_error_duplicate_key
		       ? 0
		       : documents->problem.code;
}

/* The whole document at once; never what comes after elements of it, which would be there twice. */
static int load_whole(struct documents *documents, json_t **ret, size_t *ret_line,
		      struct error *err)
{
	bool is_in_part = documents->element;
	json_error_t problem;
	json_t *value;
	size_t used;

	json_list_clear(&documents->list);
	documents->state = STATE_BETWEEN;
	value = json_tree_load(documents->text, documents->size, JSON_REJECT_DUPLICATES, &used,
			       &problem);
	if (set_problem(documents, value, &problem, documents->line, 0) < 0 || is_in_part) {
		json_tree_drop(value);
		documents->size = 0;
		*err = documents->problem;
		return err->code ? err->code
				 : error_set(err, -EINVAL, "line %zu: cannot be read",
					     documents->line);
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

static void move_to_element(struct documents *documents)
{
	const char *text = documents->list.text;
	size_t begin = documents->element, end = documents->list.element;
	const char *newline = memrchr(text + begin, '\n', end - begin);

	documents->element_line += count_lines(text, begin, end);
	documents->element_column = newline ? (size_t)(text + end - newline) - 1
					    : documents->element_column + end - begin;
	documents->element = end;
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
	if (!is_list(*ret) || !json_list_locate(list, &problem)) {
		json_tree_drop(*ret);
		return load_whole(documents, ret, ret_line, err);
	}
	move_to_element(documents);
	if (set_problem(documents, *ret, &problem, documents->element_line,
			documents->element_column) < 0) {
		json_tree_drop(*ret);
		return load_whole(documents, ret, ret_line, err);
	}
	*ret_line = documents->element_line;
	return 1;
}

static int start_json(struct documents *documents, json_t **ret, size_t *ret_line,
		      struct error *err)
{
	skip_blanks(documents);
	documents->element = 0;
	if (!documents->size)
		return 0;
	if (*documents->text != '{')
		return load_whole(documents, ret, ret_line, err);
	documents->list.text = documents->text;
	documents->list.size = documents->size;
	documents->element_line = documents->line;
	documents->element_column = 0;
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

const char *documents_problem(struct documents *documents, const json_t *object)
{
	if (documents->yaml)
		return yaml_tree_problem(documents->yaml, object);
	documents->is_problem_told = true;
	return documents->problem.code ? documents->problem.text : NULL;
}

const char *documents_rest_problem(const struct documents *documents)
{
	if (documents->yaml)
		return yaml_tree_rest_problem(documents->yaml);
	return documents->problem.code && !documents->is_problem_told ? documents->problem.text
								      : NULL;
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
