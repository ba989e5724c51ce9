/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_MANIFEST_READER_H
#define SOURCE_MANIFEST_READER_H

#include "../base/error.h"
#include "../base/memory.h"
#include "object_decode.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct definition - an object as one file has it
 * @service:   for kind SERVICE
 * @slices:    for kinds ENDPOINT_SLICE (one) and ENDPOINTS
 * @node:      for kind NODE
 * @is_loaded: the object is here; false once it was handed on, or if it is wrong
 * @problem:   why it is wrong, with the line of its document; NULL if it is right
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
};

/** definition_clear() - free what it holds, not the struct itself */
void definition_clear(struct definition *definition);

/**
 * struct manifest_reader - reads a file in steps
 *
 * The content is taken in at once, so that a later change of the file does not disturb; parsing
 * and decoding go document by document, and those of a JSON list element by element.
 */
struct manifest_reader;

/**
 * manifest_reader_open() - take in a file's content
 * @strings:     pool for the shared strings of EndpointSlices
 * @on_ignored:  objects of a kind that no proxy reads; may be NULL
 * @ret:         set on success only
 *
 * Return: 0, -ENOENT, -EFBIG over 64 MiB, -EINVAL if it is no regular file, or why reading failed.
 */
int manifest_reader_open(const char *path, struct strings *strings,
			 void (*on_ignored)(void *owner, const char *path, const char *kind,
					    const char *name),
			 void *owner, struct manifest_reader **ret, struct error *err);

void manifest_reader_free(struct manifest_reader *reader);
AUTO_FREE_DEFINE(manifest_reader);

/** manifest_reader_hash() - of the content, to tell whether it changed */
uint64_t manifest_reader_hash(const struct manifest_reader *reader);

/** manifest_reader_is_empty() - the file has not one byte */
bool manifest_reader_is_empty(const struct manifest_reader *reader);

/** manifest_reader_step() - one document or less; 1 if there may be more, 0 at the end, negative
 * errno */
int manifest_reader_step(struct manifest_reader *reader, struct error *err);

/** manifest_reader_problem() - the first object that could not even be identified, or NULL */
const char *manifest_reader_problem(const struct manifest_reader *reader);

/** manifest_reader_take() - what was found; the caller frees the array and clears its elements */
struct definition *manifest_reader_take(struct manifest_reader *reader, size_t *ret_count);

#endif
