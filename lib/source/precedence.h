/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PRECEDENCE_H
#define SOURCE_PRECEDENCE_H

#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "manifest_reader.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct precedence - which file defines which object, and what the sink was told of it
 *
 * Of several files that define an object the first in byte order of the paths decides. The
 * objects of the others are kept, so that they can take over.
 */
struct precedence;

/** struct definition_list - the objects of one file */
struct definition_list;

struct precedence *precedence_new(const struct object_sink *sink);

/** precedence_free() - after every list was withdrawn; the sink hears nothing */
void precedence_free(struct precedence *precedence);
AUTO_FREE_DEFINE(precedence);

/** precedence_begin() - what a file defines; takes over the array @definitions with its elements,
 * for precedence_add() */
struct definition_list *precedence_begin(const char *path, struct definition *definitions,
					 size_t count);

/** precedence_add() - let at most @count more definitions contend; Return: whether all do */
bool precedence_add(struct precedence *precedence, struct definition_list *list, size_t count);

/** precedence_withdraw() - the file no longer defines any of this; NULL is fine, and so is a list
 * of which not all was added */
void precedence_withdraw(struct precedence *precedence, struct definition_list *list);

/**
 * precedence_settle() - tell the sink what became of the objects touched since the last call
 * @count:   at most so many of them
 * @reread:  the objects of @path are needed once more, but were handed on earlier. Called during
 *           the settlement: to be noted, not to be done at once.
 *
 * Until they are there, what the sink has stays in force.
 * Return: whether all have been told
 */
bool precedence_settle(struct precedence *precedence, size_t count,
		       void (*reread)(void *owner, const char *path), void *owner);

#endif
