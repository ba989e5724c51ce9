/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_STREAM_H
#define SOURCE_PROTO_STREAM_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <stddef.h>

/*
 * Cuts what an API server sends in protocol buffers into objects, however the bytes were split on
 * their way. No more than one object is kept. An API server stores none larger than some MiB.
 */
#define PROTO_STREAM_OBJECT_MAX ((size_t)16 << 20)

/**
 * typedef proto_stream_visitor - takes one object
 * @bytes:  valid during the call only; NULL for an item of a list that is larger than
 *          PROTO_STREAM_OBJECT_MAX, of which nothing was kept
 *
 * A negative return value ends the reading and is returned to whoever feeds.
 */
typedef int proto_stream_visitor(void *owner, const char *bytes, size_t size, struct error *err);

/** struct proto_frames - the body of a watch: a length of four bytes, and so many bytes; and so on */
struct proto_frames;

struct proto_frames *proto_frames_new(proto_stream_visitor *visit, void *owner);
void proto_frames_free(struct proto_frames *frames);
AUTO_FREE_DEFINE(proto_frames);

/**
 * proto_frames_feed() - the next bytes of the body
 *
 * Return: 0, -EBADMSG for a frame over the limit, or what @visit returned. A last frame without an
 * end is not delivered: it was cut.
 */
int proto_frames_feed(struct proto_frames *frames, const char *data, size_t size,
		      struct error *err);

/**
 * struct proto_list - the body of a list: an envelope as proto_envelope.h tells of, and in it a list's
 * metadata and items
 *
 * Each item is delivered as soon as it is complete.
 */
struct proto_list;

struct proto_list *proto_list_new(proto_stream_visitor *visit, void *owner);
void proto_list_free(struct proto_list *list);
AUTO_FREE_DEFINE(proto_list);

/**
 * proto_list_feed() - the next bytes of the body
 *
 * Return: 0, -EBADMSG if the lengths do not fit into each other, or what @visit returned
 */
int proto_list_feed(struct proto_list *list, const char *data, size_t size, struct error *err);

/**
 * struct proto_list_end - what is not items
 * @kind:      "ServiceList"; "" if it was not said
 * @version:   resourceVersion
 * @token:     for the next page; "" if this was the last one
 *
 * Cut where they are not possible: no text here has a NUL or is longer than some KiB.
 */
struct proto_list_end {
	const char *kind;
	const char *version;
	const char *token;
};

/**
 * proto_list_finish() - the body has ended
 * @ret:  belongs to @list
 *
 * Return: 0, or -EBADMSG if it was cut
 */
int proto_list_finish(struct proto_list *list, struct proto_list_end *ret, struct error *err);

#endif
