/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_READER_H
#define SOURCE_KUBE_READER_H

#include "kube_encoding.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/source/object_decode.h"
#include "lib/source/object_value.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct kube_reader - the body of a list or of a watch, object by object, in either encoding
 *
 * No more than one object is held, however the bytes were split on their way.
 */
struct kube_reader;

/**
 * struct kube_reader_options - what the body is, and who takes the objects
 * @kind:        Service, EndpointSlice or Node
 * @is_watch:    events; else a list
 * @on_object:   an item of a list (@event is NULL), or what an event is about; a Status for "ERROR".
 *               @problem: why it cannot be read, and then @object need not have more than its name;
 *               NULL
 * @on_skipped:  something came of which not even the name can be read
 * @owner:       first argument of both
 *
 * Values are valid during the call only. A negative return value ends the reading.
 */
struct kube_reader_options {
	enum kube_encoding encoding;
	enum object_kind kind;
	bool is_watch;
	int (*on_object)(void *owner, const char *event, struct object_value object,
			 const char *problem, struct error *err);
	int (*on_skipped)(void *owner, const char *reason, struct error *err);
	void *owner;
};

struct kube_reader *kube_reader_new(const struct kube_reader_options *options);
void kube_reader_free(struct kube_reader *reader);
AUTO_FREE_DEFINE(kube_reader);

/**
 * kube_reader_feed() - the next bytes of the body
 *
 * Return: 0, what a callback returned, -EINVAL or -EMSGSIZE if this is no list or watch, or -EBADMSG
 * if it is none in protocol buffers
 */
int kube_reader_feed(struct kube_reader *reader, const char *data, size_t size, struct error *err);

/**
 * struct kube_list_end - what a list has besides its items
 * @version:  resourceVersion
 * @token:    for the next page; "" if this was the last one
 */
struct kube_list_end {
	char *version;
	char *token;
};

void kube_list_end_clear(struct kube_list_end *end);

/**
 * kube_reader_finish() - the body of a list has ended
 * @ret:  set on success only; the caller clears it
 *
 * Return: 0, or -EINVAL if it was cut, or was no list; -EBADMSG if it was cut in protocol buffers
 */
int kube_reader_finish(struct kube_reader *reader, struct kube_list_end *ret, struct error *err);

#endif
