/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_OBJECTS_H
#define SOURCE_KUBE_OBJECTS_H

#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "lib/source/object_decode.h"

#include <jansson.h>
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

/** kube_objects_end() - the listing is complete: remove what was not set since it began */
void kube_objects_end(struct kube_objects *objects);

/**
 * kube_objects_set() - an object that exists
 *
 * One that cannot be decoded is reported to the sink, and is no error.
 * Return: 0, or -EINVAL if the object has no name
 */
int kube_objects_set(struct kube_objects *objects, const json_t *object, struct error *err);

/** kube_objects_remove() - an object that is gone; Return: as kube_objects_set() */
int kube_objects_remove(struct kube_objects *objects, const json_t *object, struct error *err);

size_t kube_objects_count(const struct kube_objects *objects);

#endif
