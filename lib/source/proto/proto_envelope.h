/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_ENVELOPE_H
#define SOURCE_PROTO_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What an API server puts around each object in protocol buffers: "k8s" and a NUL, then a
 * runtime.Unknown with the type and the object as bytes.
 * Source: k8s.io/apimachinery/pkg/runtime/generated.proto, pkg/runtime/serializer/protobuf
 */
#define PROTO_ENVELOPE_MAGIC	  "k8s\0"
#define PROTO_ENVELOPE_MAGIC_SIZE ((size_t)4)

/* Fields of runtime.Unknown, and of the TypeMeta in it. */
#define PROTO_ENVELOPE_TAG_TYPE	     1
#define PROTO_ENVELOPE_TAG_RAW	     2
#define PROTO_ENVELOPE_TAG_TYPE_KIND 2

/** struct proto_span - some bytes of a message; NULL if there are none */
struct proto_span {
	const char *bytes;
	size_t size;
};

/** struct proto_envelope - what was in it */
struct proto_envelope {
	struct proto_span kind;
	struct proto_span object;
};

/** proto_envelope_is_one() - whether a body begins as one */
bool proto_envelope_is_one(const char *bytes, size_t size);

/** proto_envelope_open() - Return: false if it is none */
bool proto_envelope_open(const char *bytes, size_t size, struct proto_envelope *ret);

/**
 * struct proto_event - an event of a watch
 * @type:    "ADDED" and so on
 * @object:  an envelope
 */
struct proto_event {
	struct proto_span type;
	struct proto_span object;
};

/** proto_event_open() - from a frame; Return: false if it is none */
bool proto_event_open(const char *bytes, size_t size, struct proto_event *ret);

/** proto_span_is() - whether it is this text */
bool proto_span_is(const struct proto_span *span, const char *text);

#endif
