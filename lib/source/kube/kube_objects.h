/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_OBJECTS_H
#define SOURCE_KUBE_OBJECTS_H

#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "lib/source/object_decode.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct kube_objects - which objects of one kind the server has, as the sink was told
 *
 * Keeps their names only. A complete listing is bracketed by kube_objects_begin() and
 * kube_objects_end(); one that is not completed removes nothing.
 */
struct kube_objects;

/** kube_objects_new() - @kind: Service, EndpointSlice or Node; @sink outlives the objects */
struct kube_objects *kube_objects_new(enum object_kind kind, const struct object_sink *sink);

/** kube_objects_free() - the sink hears nothing; NULL is fine */
void kube_objects_free(struct kube_objects *objects);
AUTO_FREE_DEFINE(kube_objects);

/** kube_objects_begin() - from now on, each object that exists is set once more */
void kube_objects_begin(struct kube_objects *objects);

/**
 * kube_objects_end() - the listing is complete: remove what was not set since it began, in no particular
 * order
 *
 * Unless something was in it of which nobody can say what it is: any of the missing may be that.
 */
void kube_objects_end(struct kube_objects *objects);

/**
 * kube_objects_set() - an object that exists
 * @problem:  why it could not be read, and then @object need not have more than its name; NULL
 *
 * One that cannot be used is reported to the sink by its name; what the sink had of it stays.
 * Return: false if nobody can say which object that is, see kube_objects_skip()
 */
bool kube_objects_set(struct kube_objects *objects, struct object_value object,
		      const char *problem);

/**
 * kube_objects_take_event() - what a watch says: @type is ADDED, MODIFIED or DELETED
 * @ret_is_clear:  as kube_objects_set() returns
 *
 * Return: false if it is another
 */
bool kube_objects_take_event(struct kube_objects *objects, const char *type,
			     struct object_value object, const char *problem, bool *ret_is_clear);

/** kube_objects_skip() - something came of which not even the name can be read; the sink is told */
void kube_objects_skip(struct kube_objects *objects, const char *reason);

/** kube_objects_has_skipped() - since the last listing began */
bool kube_objects_has_skipped(const struct kube_objects *objects);

/** kube_objects_seen() - how many different ones the listing has had so far */
size_t kube_objects_seen(const struct kube_objects *objects);

/** kube_objects_missing() - how many of those that were known it has not had */
size_t kube_objects_missing(const struct kube_objects *objects);

#endif
