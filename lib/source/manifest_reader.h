/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_MANIFEST_READER_H
#define SOURCE_MANIFEST_READER_H

#include "file_content.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "object_decode.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct definition - an object as one file has it
 * @service:   for kind SERVICE
 * @slices:    for kinds ENDPOINT_SLICE (one) and ENDPOINTS
 * @node:      for kind NODE
 * @is_loaded: the object is here; false once it was handed on, or if it is wrong
 * @problem:   what is wrong with it, with the line of its document; NULL if it is right
 * @is_partial: it can be used without what the problem names
 */
struct definition {
	enum object_kind kind;
	char *namespace_name;
	char *name;
	struct service *service;
	struct endpoint_slices slices;
	struct node *node;
	bool is_loaded;
	char *problem;
	bool is_partial;
};

/** definition_clear() - free what it holds, not the struct itself */
void definition_clear(struct definition *definition);

/**
 * struct manifest_reader - reads a file in steps
 *
 * Parsing and decoding go document by document, and those of a JSON list element by element.
 */
struct manifest_reader;

/**
 * manifest_reader_new() - reads what was taken in
 * @path:        for messages, and for the kind of file
 * @content:     complete; must outlive the reader
 * @strings:     pool for the shared strings of EndpointSlices
 * @on_ignored:  objects of a kind that no proxy reads; may be NULL
 */
struct manifest_reader *manifest_reader_new(const char *path, const struct file_content *content,
					    struct string_pool *strings,
					    void (*on_ignored)(void *owner, const char *path,
							       const char *kind, const char *name),
					    void *owner);

void manifest_reader_free(struct manifest_reader *reader);
AUTO_FREE_DEFINE(manifest_reader);

/** manifest_reader_step() - one document or less; 1 if there may be more, 0 at the end, negative
 * errno */
int manifest_reader_step(struct manifest_reader *reader, struct error *err);

/** manifest_reader_problem() - the first object that could not even be identified, or NULL */
const char *manifest_reader_problem(const struct manifest_reader *reader);

/** manifest_reader_take() - what was found; the caller frees the array and clears its elements */
struct definition *manifest_reader_take(struct manifest_reader *reader, size_t *ret_count);

#endif
