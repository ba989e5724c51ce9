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
 * json_tree_load() - parse the first object or list of a text
 * @flags:        JSON_REJECT_DUPLICATES or 0
 * @ret_used:     how many bytes that had; NULL: nothing but blanks may follow
 * @ret_problem:  its text is "" if nothing is wrong
 *
 * The tree has what json_skim() leaves. What jansson refuses and Go reads is mended, see
 * json_mend(). If anything else is wrong in what is left, a tree is there all the same as long as it
 * can be seen which object that is: one with nothing in it that does not tell, and @ret_problem says
 * what is wrong, and where in @text. So one object that cannot be read is one that can be named.
 *
 * A tree that is loaded while another one is there costs what it costs jansson.
 * Return: to be given to json_tree_drop(); NULL if not even that can be found, with the reason
 */
json_t *json_tree_load(const char *text, size_t size, size_t flags, size_t *ret_used,
		       json_error_t *ret_problem);

/** json_tree_drop() - nobody may refer to any part of the tree any more; NULL is fine */
void json_tree_drop(json_t *tree);

#endif
