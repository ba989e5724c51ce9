/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_TREE_H
#define SOURCE_JSON_TREE_H

#include <jansson.h>
#include <stddef.h>

/*
 * JSON texts that are parsed, looked at once, and dropped, one after another by the ten thousand.
 * Their trees take turns in one piece of memory, which spares jansson an allocation for each value
 * and its release.
 *
 * Not for trees that are changed: what is added to them does not end with them. For one thread
 * only; other threads may do with jansson what they like.
 */

/**
 * json_tree_load() - parse a text, as json_loadb(), without the parts that json_skim() leaves out
 * @ret_used:  NULL: the text is one object or list; else, how many bytes the first one had
 * @error:     filled on failure
 *
 * A tree that is loaded while another one is there costs what it costs jansson.
 * Return: to be given to json_tree_drop(); NULL on failure
 */
json_t *json_tree_load(const char *text, size_t size, size_t flags, size_t *ret_used,
		       json_error_t *error);

/** json_tree_drop() - nobody may refer to any part of the tree any more; NULL is fine */
void json_tree_drop(json_t *tree);

#endif
