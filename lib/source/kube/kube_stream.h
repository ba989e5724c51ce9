/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_STREAM_H
#define SOURCE_KUBE_STREAM_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Cuts what arrives from an API server into objects, however the bytes were split on their way.
 * No more than one object is kept. An API server stores none larger than some MiB.
 */
#define KUBE_STREAM_OBJECT_LIMIT ((size_t)16 << 20)

/**
 * typedef kube_stream_visitor - takes one object as JSON text
 * @text:  not NUL-terminated, valid during the call only; NULL for an object that is larger than
 *         KUBE_STREAM_OBJECT_LIMIT, of which nothing was kept
 *
 * A negative return value ends the reading and is returned to whoever feeds.
 */
typedef int kube_stream_visitor(void *owner, const char *text, size_t length, struct error *err);

/** struct kube_lines - the body of a watch: one object per line */
struct kube_lines;

struct kube_lines *kube_lines_new(kube_stream_visitor *visit, void *owner);
void kube_lines_free(struct kube_lines *lines);
AUTO_FREE_DEFINE(kube_lines);

/**
 * kube_lines_feed() - the next bytes of the body; empty lines are skipped
 *
 * Return: 0, or what @visit returned. A last line without an end is not delivered: it may have been
 * cut.
 */
int kube_lines_feed(struct kube_lines *lines, const char *data, size_t size, struct error *err);

/**
 * struct kube_items - the body of a list: {"kind": "ServiceList", "metadata": {...}, "items":
 * [...]}
 *
 * Each element of "items" is delivered as soon as it is complete, and even if it is no object; the
 * rest, the envelope, is kept until the end. A body that is no list, such as a Status, is all
 * envelope.
 */
struct kube_items;

struct kube_items *kube_items_new(kube_stream_visitor *visit, void *owner);
void kube_items_free(struct kube_items *items);
AUTO_FREE_DEFINE(kube_items);

/**
 * kube_items_feed() - the next bytes of the body
 *
 * Looks at the structure only: whether an element is JSON shows when it is parsed.
 * Return: 0, -EINVAL, -EMSGSIZE for a large envelope, or what @visit returned
 */
int kube_items_feed(struct kube_items *items, const char *data, size_t size, struct error *err);

/**
 * kube_items_finish() - the body has ended
 * @ret:  what json_tree_load() makes of the envelope, "items" an empty array in it; set on success
 *        only, given back with json_tree_drop()
 *
 * Return: 0, or -EINVAL if the body was cut or is not JSON
 */
int kube_items_finish(struct kube_items *items, json_t **ret, struct error *err);

#endif
