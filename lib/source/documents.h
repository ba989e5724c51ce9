/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_DOCUMENTS_H
#define SOURCE_DOCUMENTS_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** struct documents - the documents of a text, be it YAML or JSON, one after the other */
struct documents;

/**
 * documents_new() - start reading
 * @text:     must outlive the reader
 * @is_json:  JSON values that follow each other; otherwise YAML documents
 */
struct documents *documents_new(const char *text, size_t size, bool is_json);

void documents_free(struct documents *documents);
AUTO_FREE_DEFINE(documents);

/**
 * documents_next() - the next document, or the next element of a list
 *
 * A JSON document that is a list, {"kind": "List", "items": [...]}, comes as one such list for each
 * element, so that none is large; then @ret_line is that of the element. One that has no element
 * comes as it is.
 * @ret:       set when 1 is returned; given back with json_tree_drop(), not to be changed
 * @ret_line:  line on which it starts, from 1
 * @err:       "line 3, column 7: ..."
 *
 * Return: 1, 0 at the end, -EINVAL; after an error nothing more can be read.
 */
int documents_next(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err);

/**
 * documents_problem() - what is wrong with an object of the document that was handed out last
 *
 * What is no JSON or YAML at all is an error. A key that is there twice, or a YAML node that JSON
 * cannot hold, costs no more than the object it is in: whoever takes that asks for this.
 * Return: "line 3, column 7: ...", valid until the next step; NULL if nothing is. Of a JSON object
 * that is wrong the document has no more than what identifies it.
 */
const char *documents_problem(struct documents *documents, const json_t *object);

/** documents_rest_problem() - what is wrong with that of which nobody has asked; NULL: nothing */
const char *documents_rest_problem(const struct documents *documents);

/**
 * documents_step() - as documents_next(), but a little at a time
 * @ret:  NULL when 1 is returned and more steps are needed
 *
 * Takes no longer than the parsing of one element of a JSON list. A YAML document takes one step,
 * and so does a list that is wrong.
 */
int documents_step(struct documents *documents, json_t **ret, size_t *ret_line, struct error *err);

#endif
