/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_CLAIMS_H
#define SOURCE_CLAIMS_H

#include "../base/memory.h"
#include "../objects/object_sink.h"
#include "manifest_reader.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct claims - which file defines which object, and what the sink was told of it
 *
 * Of several files that define an object the first in byte order of the paths decides. The
 * objects of the others are kept, so that they can take over.
 */
struct claims;

/** struct claim_list - the objects of one file */
struct claim_list;

struct claims *claims_new(const struct object_sink *sink);

/** claims_free() - after every list was withdrawn; the sink hears nothing */
void claims_free(struct claims *claims);
AUTO_FREE_DEFINE(claims);

/** claims_begin() - what a file defines; takes over the array @definitions with its elements, for
 *  claims_add() */
struct claim_list *claims_begin(const char *path, struct definition *definitions, size_t count);

/** claims_add() - make claims of at most @count more definitions; Return: whether all are made */
bool claims_add(struct claims *claims, struct claim_list *list, size_t count);

/** claims_withdraw() - the file no longer defines any of this; NULL is fine, and so is a list of
 *  which not all was added */
void claims_withdraw(struct claims *claims, struct claim_list *list);

/**
 * claims_settle() - tell the sink what became of the objects touched since the last call
 * @count:   at most so many of them
 * @reread:  the objects of @path are needed once more, but were handed on earlier. Called during
 *           the settlement: to be noted, not to be done at once.
 *
 * Until they are there, what the sink has stays in force.
 * Return: whether all have been told
 */
bool claims_settle(struct claims *claims, size_t count,
		   void (*reread)(void *owner, const char *path), void *owner);

#endif
