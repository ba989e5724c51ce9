/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_tree.h"

#include "yaml_problems.h"
#include "yaml_scalar.h"

#include <errno.h>
#include <string.h>
#include <uthash.h>
#include <yaml.h>

#define DEPTH_LIMIT	 100
#define ALIAS_NODE_LIMIT 1000000
#define MERGE_TAG	 "tag:yaml.org,2002:merge"

/* What a node stands for with all aliases followed: so many nodes, nested so deeply. */
struct extent {
	size_t nodes;
	unsigned int height;
};

/* @value is NULL while the anchored node is being read, and if it was refused. */
struct anchor {
	UT_hash_handle hh;
	json_t *value;
	struct extent extent;
	bool is_refused;
	char name[];
};

/*
 * @container: the innermost object or list that is being read. @keeps_problems: @problems of the
 * document are kept there.
 */
struct yaml_tree {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *text;
	json_t *container;
	struct yaml_problems problems;
	struct anchor *anchors;
	json_t *repeated;
	size_t alias_nodes;
	unsigned int depth;
	bool has_event;
	bool is_finished;
	bool keeps_problems;
};

static int read_node(struct yaml_tree *tree, json_t **ret, struct extent *extent,
		     struct error *err);

struct yaml_tree *yaml_tree_new(const char *text, size_t size)
{
	struct yaml_tree *tree = memory_allocate(sizeof(*tree));

	if (!yaml_parser_initialize(&tree->parser))
		memory_exhausted();
	yaml_parser_set_input_string(&tree->parser, (const unsigned char *)text, size);
	tree->text = text;
	return tree;
}

void yaml_tree_keep_problems(struct yaml_tree *tree)
{
	tree->keeps_problems = true;
}

void yaml_tree_allow_repeated(struct yaml_tree *tree, json_t *list)
{
	tree->repeated = list;
}

static void forget_anchor(struct yaml_tree *tree, struct anchor *anchor)
{
	HASH_DEL(tree->anchors, anchor);
	json_decref(anchor->value);
	free(anchor);
}

static void forget_anchors(struct yaml_tree *tree)
{
	struct anchor *anchor, *next;

	HASH_ITER (hh, tree->anchors, anchor, next)
		forget_anchor(tree, anchor);
}

const char *yaml_tree_problem(struct yaml_tree *tree, const json_t *part)
{
	return yaml_problems_tell(&tree->problems, part);
}

const char *yaml_tree_rest_problem(const struct yaml_tree *tree)
{
	return yaml_problems_untold(&tree->problems);
}

static void drop_event(struct yaml_tree *tree)
{
	if (tree->has_event)
		yaml_event_delete(&tree->event);
	tree->has_event = false;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (!tree)
		return;
	drop_event(tree);
	forget_anchors(tree);
	yaml_problems_clear(&tree->problems);
	yaml_parser_delete(&tree->parser);
	free(tree);
}

static int locate(const yaml_mark_t *mark, struct error *err)
{
	return error_wrap(err, -EINVAL, "line %zu, column %zu", mark->line + 1, mark->column + 1);
}

/*
 * Of something that is wrong in the document, but does not keep it from being read further. @ret:
 * what stands in for it; NULL if nothing has to.
 * Return: 0 if that costs no more than the object it is in
 */
static int refuse(struct yaml_tree *tree, const yaml_mark_t *mark, json_t **ret, struct error *err)
{
	locate(mark, err);
	if (!tree->keeps_problems || !tree->container)
		return err->code;
	yaml_problems_add(&tree->problems, tree->container, err->text);
	*err = (struct error){0};
	if (ret)
		*ret = json_null();
	return 0;
}

static int parser_error(struct yaml_tree *tree, struct error *err)
{
	const yaml_parser_t *parser = &tree->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		memory_exhausted();
	if (parser->error == YAML_READER_ERROR) {
		mark = (yaml_mark_t){0};
		for (size_t i = 0; i < parser->problem_offset; i++) {
			mark.column = tree->text[i] == '\n' ? 0 : mark.column + 1;
			mark.line += tree->text[i] == '\n';
		}
	}
	if (parser->context)
		error_set(err, -EINVAL, "%s, %s", problem, parser->context);
	else
		error_set(err, -EINVAL, "%s", problem);
	return locate(&mark, err);
}

static int next_event(struct yaml_tree *tree, struct error *err)
{
	drop_event(tree);
	if (!yaml_parser_parse(&tree->parser, &tree->event))
		return parser_error(tree, err);
	tree->has_event = true;
	return 0;
}

/* The anchor whose node starts here; its name may have been used before. NULL without a name. */
static struct anchor *begin_anchor(struct yaml_tree *tree, const yaml_char_t *name)
{
	struct anchor *anchor;
	size_t length;

	if (!name)
		return NULL;
	length = strlen((const char *)name);
	HASH_FIND(hh, tree->anchors, name, length, anchor);
	if (anchor) {
		json_decref(anchor->value);
		anchor->value = NULL;
		anchor->is_refused = false;
		return anchor;
	}
	anchor = memory_allocate(sizeof(*anchor) + length + 1);
	memcpy(anchor->name, name, length);
	HASH_ADD_KEYPTR(hh, tree->anchors, anchor->name, length, anchor);
	return anchor;
}

static void end_anchor(struct anchor *anchor, json_t *value, struct extent extent)
{
	if (!anchor)
		return;
	json_decref(anchor->value);
	anchor->value = json_incref(value);
	anchor->extent = extent;
}

static void extent_add(struct extent *parent, struct extent child)
{
	parent->nodes += child.nodes;
	if (parent->height < child.height + 1)
		parent->height = child.height + 1;
}

static int too_deep(struct yaml_tree *tree, const yaml_mark_t *mark, json_t **ret,
		    struct error *err)
{
	error_set(err, -EINVAL, "nested deeper than %d", DEPTH_LIMIT);
	return refuse(tree, mark, ret, err);
}

static int read_alias(struct yaml_tree *tree, json_t **ret, struct extent *extent,
		      struct error *err)
{
	const char *name = (const char *)tree->event.data.alias.anchor;
	yaml_mark_t mark = tree->event.start_mark;
	struct anchor *anchor;

	HASH_FIND(hh, tree->anchors, name, strlen(name), anchor);
	if (!anchor) {
		error_set(err, -EINVAL, "the alias *%.40s has no anchor", name);
		return refuse(tree, &mark, ret, err);
	}
	if (!anchor->value) {
		error_set(err, -EINVAL, "the anchor &%.40s %s", name,
			  anchor->is_refused ? "cannot be read" : "contains itself");
		return refuse(tree, &mark, ret, err);
	}
	if (anchor->extent.nodes > ALIAS_NODE_LIMIT - tree->alias_nodes) {
		error_set(err, -EINVAL, "aliases expand to more than %d nodes", ALIAS_NODE_LIMIT);
		return refuse(tree, &mark, ret, err);
	}
	if (tree->depth + anchor->extent.height > DEPTH_LIMIT)
		return too_deep(tree, &mark, ret, err);
	tree->alias_nodes += anchor->extent.nodes;
	*extent = anchor->extent;
	*ret = json_incref(anchor->value);
	return 0;
}

static int read_scalar(struct yaml_tree *tree, json_t **ret, struct extent *extent,
		       struct error *err)
{
	yaml_event_t *event = &tree->event;
	struct anchor *anchor = begin_anchor(tree, event->data.scalar.anchor);
	int r = yaml_scalar_resolve((const char *)event->data.scalar.value,
				    event->data.scalar.length,
				    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
				    (const char *)event->data.scalar.tag, ret, err);

	*extent = (struct extent){.nodes = 1};
	if (r >= 0) {
		end_anchor(anchor, *ret, *extent);
		return 0;
	}
	/* Who refers to it is wrong as well. */
	if (anchor)
		anchor->is_refused = true;
	return refuse(tree, &event->start_mark, ret, err);
}

/* Goes to the end of the node that the current event starts. */
static int skip_node(struct yaml_tree *tree, struct error *err)
{
	size_t depth = 0;
	int r;

	for (;;) {
		yaml_event_type_t type = tree->event.type;

		if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
			depth--;
		if (!depth)
			return 0;
		r = next_event(tree, err);
		if (r < 0)
			return r;
	}
}

static int read_sequence(struct yaml_tree *tree, json_t **ret, struct extent *extent,
			 struct error *err)
{
	struct anchor *anchor = begin_anchor(tree, tree->event.data.sequence_start.anchor);
	json_t *outer = tree->container;
	json_t *array = json_array();
	int r = 0;

	tree->container = array;
	*extent = (struct extent){.nodes = 1, .height = 1};
	while (r >= 0) {
		json_t *element = NULL;
		struct extent part = {0};

		r = next_event(tree, err);
		if (r < 0 || tree->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		r = read_node(tree, &element, &part, err);
		if (r < 0)
			break;
		json_array_append_new(array, element);
		extent_add(extent, part);
	}
	tree->container = outer;
	if (r < 0) {
		json_decref(array);
		return r;
	}
	end_anchor(anchor, array, *extent);
	*ret = array;
	return 0;
}

/* A plain <<, also with the tag that yaml.v3 and yq give it. */
static bool is_merge_key(const yaml_event_t *event)
{
	const char *tag = (const char *)event->data.scalar.tag;

	return strcmp((const char *)event->data.scalar.value, "<<") == 0 &&
	       (tag ? strcmp(tag, MERGE_TAG) == 0
		    : event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

/*
 * Reads the key that the current event is. @ret: NULL if it is none that JSON can have, and that
 * was told of.
 */
static int read_key(struct yaml_tree *tree, char **ret, bool *is_merge, struct extent *extent,
		    struct error *err)
{
	yaml_event_t *event = &tree->event;
	yaml_mark_t mark = event->start_mark;
	bool is_scalar = event->type == YAML_SCALAR_EVENT;
	json_t *key = NULL;
	int r;

	if (!is_scalar && event->type != YAML_ALIAS_EVENT) {
		error_set(err, -EINVAL, "a key is a list or an object");
		r = refuse(tree, &mark, NULL, err);
		return r < 0 ? r : skip_node(tree, err);
	}
	*is_merge = is_scalar && is_merge_key(event);
	if (*is_merge) {
		*ret = string_dup("<<");
		return 0;
	}
	r = is_scalar ? read_scalar(tree, &key, extent, err) : read_alias(tree, &key, extent, err);
	if (r < 0)
		return r;

	switch (json_typeof(key)) {
	case JSON_STRING:
		*ret = string_dup(json_string_value(key));
		break;
	case JSON_INTEGER:
		*ret = string_printf("%" JSON_INTEGER_FORMAT, json_integer_value(key));
		break;
	case JSON_TRUE:
		*ret = string_dup("true");
		break;
	case JSON_FALSE:
		*ret = string_dup("false");
		break;
	case JSON_REAL:
		*ret = string_printf("%.17g", json_real_value(key));
		break;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		error_set(err, -EINVAL, "a key is neither a string nor a number");
		r = refuse(tree, &mark, NULL, err);
		break;
	}
	json_decref(key);
	return r;
}

static int add_merge(struct yaml_tree *tree, json_t *merges, json_t *value, const yaml_mark_t *mark,
		     struct error *err)
{
	size_t i;
	json_t *element;

	if (json_is_object(value)) {
		json_array_append(merges, value);
		return 0;
	}
	if (json_is_array(value)) {
		json_array_foreach (value, i, element) {
			if (!json_is_object(element))
				break;
			json_array_append(merges, element);
		}
		if (i == json_array_size(value))
			return 0;
	}
	yaml_problems_tell(&tree->problems, value);
	error_set(err, -EINVAL, "<< takes an object or a list of objects");
	return refuse(tree, mark, NULL, err);
}

static int note_repeated(struct yaml_tree *tree, const yaml_mark_t *mark, const json_t *object,
			 const char *key, struct error *err)
{
	if (!tree->repeated) {
		yaml_problems_tell(&tree->problems, json_object_get(object, key));
		error_set(err, -EINVAL, "duplicate key \"%.60s\"", key);
		return refuse(tree, mark, NULL, err);
	}
	json_array_append_new(tree->repeated, json_sprintf("%s (line %zu)", key, mark->line + 1));
	return 0;
}

static int read_member(struct yaml_tree *tree, json_t *object, json_t *merges,
		       struct extent *extent, struct error *err)
{
	yaml_mark_t mark = tree->event.start_mark;
	auto_memory char *key = NULL;
	struct extent part = {0};
	json_t *value = NULL;
	bool is_merge = false;
	int r;

	r = read_key(tree, &key, &is_merge, &part, err);
	if (r < 0)
		return r;
	extent_add(extent, part);
	if (key && !is_merge && json_object_get(object, key))
		r = note_repeated(tree, &mark, object, key, err);
	if (r >= 0)
		r = next_event(tree, err);
	if (r >= 0)
		r = read_node(tree, &value, &part, err);
	if (r < 0)
		return r;
	extent_add(extent, part);
	if (is_merge)
		r = add_merge(tree, merges, value, &mark, err);
	else if (key)
		json_object_set(object, key, value);
	else
		yaml_problems_tell(&tree->problems, value);
	json_decref(value);
	return r;
}

/* What is wrong in an object is wrong in each that it is merged into. */
static void merge(struct yaml_tree *tree, json_t *object, const json_t *merges)
{
	json_t *merged;
	size_t i;

	json_array_foreach (merges, i, merged) {
		const char *problem = yaml_problems_tell(&tree->problems, merged);

		json_object_update_missing(object, merged);
		if (problem)
			yaml_problems_add(&tree->problems, object, problem);
	}
}

static int read_mapping(struct yaml_tree *tree, json_t **ret, struct extent *extent,
			struct error *err)
{
	struct anchor *anchor = begin_anchor(tree, tree->event.data.mapping_start.anchor);
	json_t *object = json_object(), *merges = json_array();
	json_t *outer = tree->container;
	int r = 0;

	tree->container = object;
	*extent = (struct extent){.nodes = 1, .height = 1};
	while (r >= 0) {
		r = next_event(tree, err);
		if (r < 0 || tree->event.type == YAML_MAPPING_END_EVENT)
			break;
		r = read_member(tree, object, merges, extent, err);
	}
	tree->container = outer;
	if (r >= 0) {
		merge(tree, object, merges);
		end_anchor(anchor, object, *extent);
		*ret = json_incref(object);
	}
	json_decref(merges);
	json_decref(object);
	return r;
}

static int read_deep_node(struct yaml_tree *tree, json_t **ret, struct extent *extent,
			  struct error *err)
{
	yaml_mark_t mark = tree->event.start_mark;
	int r = skip_node(tree, err);

	*extent = (struct extent){.nodes = 1};
	return r < 0 ? r : too_deep(tree, &mark, ret, err);
}

/* Reads the node that the current event starts. */
static int read_node(struct yaml_tree *tree, json_t **ret, struct extent *extent, struct error *err)
{
	yaml_event_type_t type = tree->event.type;
	int r;

	if (type == YAML_ALIAS_EVENT)
		return read_alias(tree, ret, extent, err);
	if (type == YAML_SCALAR_EVENT)
		return read_scalar(tree, ret, extent, err);
	if (tree->depth == DEPTH_LIMIT)
		return read_deep_node(tree, ret, extent, err);
	tree->depth++;
	r = type == YAML_SEQUENCE_START_EVENT ? read_sequence(tree, ret, extent, err)
					      : read_mapping(tree, ret, extent, err);
	tree->depth--;
	return r;
}

static int read_document(struct yaml_tree *tree, json_t **ret, size_t *ret_line, struct error *err)
{
	struct extent extent = {0};
	int r;

	do {
		r = next_event(tree, err);
		if (r < 0)
			return r;
		if (tree->event.type == YAML_STREAM_END_EVENT) {
			tree->is_finished = true;
			return 0;
		}
	} while (tree->event.type != YAML_DOCUMENT_START_EVENT);

	r = next_event(tree, err);
	if (r < 0)
		return r;
	if (ret_line)
		*ret_line = tree->event.start_mark.line + 1;
	r = read_node(tree, ret, &extent, err);
	return r < 0 ? r : 1;
}

int yaml_tree_next(struct yaml_tree *tree, json_t **ret, size_t *ret_line, struct error *err)
{
	int r;

	if (tree->is_finished)
		return 0;
	tree->depth = 0;
	tree->alias_nodes = 0;
	tree->container = NULL;
	yaml_problems_clear(&tree->problems);
	r = read_document(tree, ret, ret_line, err);
	if (r < 0)
		tree->is_finished = true;
	forget_anchors(tree);
	return r;
}
