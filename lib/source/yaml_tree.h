/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_YAML_TREE_H
#define SOURCE_YAML_TREE_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <jansson.h>
#include <stddef.h>

/**
 * struct yaml_tree - reads the documents of a YAML text, one at a time
 *
 * Scalars mean what the YAML reader of Kubernetes (sigs.k8s.io/yaml) takes them for: plain true,
 * yes, on, y are booleans, plain 0x10, 0o10, 010 are integers, timestamps and everything quoted are
 * strings; "<<" merges, also with its tag; keys that are integers or booleans become strings; tags
 * that YAML does not define are passed over. Aliases share the tree of their anchor. Refused with
 * line and column: duplicate keys, keys that are no scalars, nesting deeper than 100, anchors that
 * contain themselves, aliases that stand for more than a million nodes in a document, .nan and .inf,
 * !!binary, strings with a NUL.
 */
struct yaml_tree;

/**
 * yaml_tree_new() - start reading
 * @text:  UTF-8 (or UTF-16 with a byte order mark); must outlive the reader
 * @size:  bytes
 */
struct yaml_tree *yaml_tree_new(const char *text, size_t size);

void yaml_tree_free(struct yaml_tree *tree);
AUTO_FREE_DEFINE(yaml_tree);

/**
 * yaml_tree_allow_repeated() - no error for a key that is there twice: the last one counts
 * @list:  gets a text "KEY (line 7)" for each; must outlive the reader
 */
void yaml_tree_allow_repeated(struct yaml_tree *tree, json_t *list);

/**
 * yaml_tree_keep_problems() - what is refused costs the object that it is in, not the document
 *
 * The node that is refused becomes null, and of a key that is there twice the last value counts.
 * Whoever takes something from the document asks what is wrong with it.
 */
void yaml_tree_keep_problems(struct yaml_tree *tree);

/**
 * yaml_tree_problem() - what was refused in this part of the document that was read last
 * Return: "line 3, column 7: ..."; NULL if nothing was
 */
const char *yaml_tree_problem(struct yaml_tree *tree, const json_t *part);

/** yaml_tree_rest_problem() - likewise, in what nobody has asked about */
const char *yaml_tree_rest_problem(const struct yaml_tree *tree);

/**
 * yaml_tree_next() - the next document
 * @ret:       set when 1 is returned; the caller gives it back with json_decref() and does not
 *             change it, because its parts may be shared
 * @ret_line:  line on which the document's content starts, from 1; may be NULL
 * @err:       "line 3, column 7: ..."
 *
 * Return: 1, 0 at the end of the text, -EINVAL; after an error nothing more can be read.
 */
int yaml_tree_next(struct yaml_tree *tree, json_t **ret, size_t *ret_line, struct error *err);

#endif
