/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifest_reader.h"

#include "documents.h"
#include "json_tree.h"
#include "json_value.h"

#include <errno.h>
#include <string.h>

struct manifest_reader {
	char *path;
	struct string_pool *strings;
	struct documents *documents;
	size_t line;
	struct definition *definitions;
	size_t count;
	size_t capacity;
	char *problem;
	void (*on_ignored)(void *owner, const char *path, const char *kind, const char *name);
	void *owner;
};

void definition_clear(struct definition *definition)
{
	free(definition->namespace_name);
	free(definition->name);
	free(definition->problem);
	service_free(definition->service);
	endpoint_slices_clear(&definition->slices);
	node_free(definition->node);
	*definition = (struct definition){0};
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

struct manifest_reader *manifest_reader_new(const char *path, const struct file_content *content,
					    struct string_pool *strings,
					    void (*on_ignored)(void *owner, const char *path,
							       const char *kind, const char *name),
					    void *owner)
{
	struct manifest_reader *reader = memory_allocate(sizeof(*reader));

	reader->path = string_dup(path);
	reader->strings = strings;
	reader->on_ignored = on_ignored;
	reader->owner = owner;
	reader->documents = documents_new(content->bytes, content->size, has_suffix(path, ".json"));
	return reader;
}

void manifest_reader_free(struct manifest_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->count; i++)
		definition_clear(&reader->definitions[i]);
	free(reader->definitions);
	documents_free(reader->documents);
	free(reader->path);
	free(reader->problem);
	free(reader);
}

const char *manifest_reader_problem(const struct manifest_reader *reader)
{
	return reader->problem;
}

static int decode(struct manifest_reader *reader, const json_t *object,
		  struct definition *definition, struct error *err)
{
	struct endpoint_slice *slice = NULL;
	int r;

	switch (definition->kind) {
	case OBJECT_KIND_SERVICE:
		return object_decode_service(json_value_of(object), &definition->service, err);
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = object_decode_endpoint_slice(json_value_of(object), reader->strings, &slice,
						 err);
		if (r < 0)
			return r;
		definition->slices.slices = memory_array(1, sizeof(struct endpoint_slice *));
		definition->slices.slices[0] = slice;
		definition->slices.count = 1;
		return r;
	case OBJECT_KIND_ENDPOINTS:
		return object_decode_endpoints(json_value_of(object), reader->strings,
					       &definition->slices, err);
	case OBJECT_KIND_NODE:
		return object_decode_node(json_value_of(object), &definition->node, err);
	case OBJECT_KIND_OTHER:
		break;
	}
	return -EINVAL;
}

static bool is_unidentified(const struct object_identity *identity)
{
	return identity->kind == OBJECT_KIND_OTHER || !*identity->name;
}

/* @wrong: what is wrong with the object's text, NULL if nothing is */
static void define(struct manifest_reader *reader, const struct object_identity *identity,
		   const json_t *object, const char *wrong, const struct error *problem)
{
	struct definition *definition;
	struct error err = {0};
	int r = -EINVAL;

	reader->definitions = memory_grow(reader->definitions, reader->count, &reader->capacity,
					  sizeof(*reader->definitions));
	definition = &reader->definitions[reader->count++];
	*definition = (struct definition){
		.kind = identity->kind,
		.namespace_name = string_dup(identity->namespace_name),
		.name = string_dup(identity->name),
	};
	if (wrong) {
		definition->problem = string_dup(wrong);
		return;
	}
	if (!problem)
		r = decode(reader, object, definition, &err);
	if (r)
		definition->problem = string_printf("line %zu: %s", reader->line,
						    problem ? problem->text : err.text);
	definition->is_loaded = r >= 0;
	definition->is_partial = r > 0;
}

static int on_object(const struct object_identity *identity, const json_t *object,
		     const struct error *problem, void *owner)
{
	struct manifest_reader *reader = owner;
	const char *wrong = documents_problem(reader->documents, object);

	if (problem && is_unidentified(identity)) {
		if (!reader->problem)
			reader->problem =
				string_printf("line %zu: %s%s%s", reader->line, identity->kind_text,
					      *identity->kind_text ? ": " : "", problem->text);
	} else if (identity->kind != OBJECT_KIND_OTHER) {
		define(reader, identity, object, wrong, problem);
	} else if (reader->on_ignored) {
		reader->on_ignored(reader->owner, reader->path, identity->kind_text,
				   identity->name);
	}
	return 0;
}

static int take_objects(struct manifest_reader *reader, const json_t *tree, struct error *err)
{
	int r = object_decode_each(tree, on_object, reader, err);
	const char *rest = documents_rest_problem(reader->documents);

	if (r < 0)
		return error_wrap(err, r, "line %zu", reader->line);
	/* A list is wrong: who knows what it should hold. */
	return rest ? error_set(err, -EINVAL, "%s", rest) : 0;
}

int manifest_reader_step(struct manifest_reader *reader, struct error *err)
{
	json_t *tree = NULL;
	int r = documents_step(reader->documents, &tree, &reader->line, err);

	if (r <= 0 || !tree)
		return r;
	r = json_is_null(tree) ? 0 : take_objects(reader, tree, err);
	json_tree_drop(tree);
	return r < 0 ? r : 1;
}

struct definition *manifest_reader_take(struct manifest_reader *reader, size_t *ret_count)
{
	*ret_count = reader->count;
	reader->count = 0;
	reader->capacity = 0;
	return take(&reader->definitions);
}
