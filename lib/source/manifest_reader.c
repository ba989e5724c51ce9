/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifest_reader.h"

#include "documents.h"
#include "json_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)64 << 20)

struct manifest_reader {
	char *path;
	char *content;
	size_t size;
	struct strings *strings;
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

static int read_all(int fd, char *buffer, size_t size, size_t *ret, struct error *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t count = read(fd, buffer + used, size - used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set(err, -errno, "cannot be read: %s", strerror(errno));
		if (count == 0)
			break;
		used += (size_t)count;
	}
	*ret = used;
	return 0;
}

static int read_content(int fd, struct manifest_reader *reader, struct error *err)
{
	struct stat status;
	size_t size;
	int r;

	if (fstat(fd, &status) < 0)
		return error_set(err, -errno, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "not a regular file");
	if ((uint64_t)status.st_size > SIZE_LIMIT)
		return error_set(err, -EFBIG, "larger than 64 MiB; split it into several files");
	/* One byte more than expected shows whether the file grew meanwhile. */
	size = (size_t)status.st_size + 1;
	reader->content = memory_allocate(size);
	r = read_all(fd, reader->content, size, &reader->size, err);
	if (r < 0)
		return r;
	if (reader->size == size)
		return error_set(err, -EAGAIN, "is being written");
	return 0;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

int manifest_reader_open(const char *path, struct strings *strings,
			 void (*on_ignored)(void *owner, const char *path, const char *kind,
					    const char *name),
			 void *owner, struct manifest_reader **ret, struct error *err)
{
	auto_free(manifest_reader) struct manifest_reader *reader =
		memory_allocate(sizeof(*reader));
	/* Without O_NONBLOCK a named pipe would stop the program here. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return error_set(err, -errno, "cannot be read: %s", strerror(errno));
	r = read_content(fd, reader, err);
	close(fd);
	if (r < 0)
		return r;
	reader->path = memory_text(path);
	reader->strings = strings;
	reader->on_ignored = on_ignored;
	reader->owner = owner;
	reader->documents = documents_new(reader->content, reader->size, has_suffix(path, ".json"));
	*ret = take(&reader);
	return 0;
}

void manifest_reader_free(struct manifest_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->count; i++)
		definition_clear(&reader->definitions[i]);
	free(reader->definitions);
	documents_free(reader->documents);
	free(reader->content);
	free(reader->path);
	free(reader->problem);
	free(reader);
}

/* FNV-1a, of words instead of bytes; their upper halves are folded in lest they count for little.
 */
uint64_t manifest_reader_hash(const struct manifest_reader *reader)
{
	uint64_t hash = 0xcbf29ce484222325 ^ reader->size;

	for (size_t i = 0; i < reader->size; i += sizeof(uint64_t)) {
		size_t rest = reader->size - i;
		uint64_t word = 0;

		memcpy(&word, reader->content + i, rest < sizeof(word) ? rest : sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	return hash;
}

bool manifest_reader_is_empty(const struct manifest_reader *reader)
{
	return reader->size == 0;
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
		return object_decode_service(object, &definition->service, err);
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = object_decode_endpoint_slice(object, reader->strings, &slice, err);
		if (r < 0)
			return r;
		definition->slices.slices = memory_array(1, sizeof(struct endpoint_slice *));
		definition->slices.slices[0] = slice;
		definition->slices.count = 1;
		return 0;
	case OBJECT_KIND_ENDPOINTS:
		return object_decode_endpoints(object, reader->strings, &definition->slices, err);
	case OBJECT_KIND_NODE:
		return object_decode_node(object, &definition->node, err);
	case OBJECT_KIND_OTHER:
		break;
	}
	return -EINVAL;
}

static bool is_unidentified(const struct object_identity *identity)
{
	return identity->kind == OBJECT_KIND_OTHER || !*identity->name;
}

static int on_object(const struct object_identity *identity, const json_t *object,
		     const struct error *problem, void *user)
{
	struct manifest_reader *reader = user;
	struct definition *definition;
	struct error err = {0};

	if (problem && is_unidentified(identity)) {
		if (!reader->problem)
			reader->problem =
				memory_format("line %zu: %s%s%s", reader->line, identity->kind_text,
					      *identity->kind_text ? ": " : "", problem->text);
		return 0;
	}
	if (identity->kind == OBJECT_KIND_OTHER) {
		if (reader->on_ignored)
			reader->on_ignored(reader->owner, reader->path, identity->kind_text,
					   identity->name);
		return 0;
	}
	reader->definitions = memory_grow(reader->definitions, reader->count, &reader->capacity,
					  sizeof(*reader->definitions));
	definition = &reader->definitions[reader->count++];
	*definition = (struct definition){
		.kind = identity->kind,
		.namespace_name = memory_text(identity->namespace_name),
		.name = memory_text(identity->name),
	};
	if (!problem && decode(reader, object, definition, &err) < 0)
		problem = &err;
	if (problem)
		definition->problem = memory_format("line %zu: %s", reader->line, problem->text);
	definition->is_loaded = !problem;
	return 0;
}

int manifest_reader_step(struct manifest_reader *reader, struct error *err)
{
	json_t *tree = NULL;
	int r = documents_step(reader->documents, &tree, &reader->line, err);

	if (r <= 0 || !tree)
		return r;
	if (!json_is_null(tree)) {
		r = object_decode_each(tree, on_object, reader, err);
		if (r < 0)
			error_wrap(err, r, "line %zu", reader->line);
	}
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
