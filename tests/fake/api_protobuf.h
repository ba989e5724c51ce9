/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_PROTOBUF_H
#define FAKE_API_PROTOBUF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * API objects as protocol buffers, byte for byte as an API server writes them, made from their JSON.
 * Shares nothing with what reads them in the agent.
 */

/**
 * struct api_bytes - starts zeroed; @bytes is freed by its owner
 * @is_refused:  something was to be written that no API server has: an object of another kind, or a
 *               value of a type that the field cannot have
 */
struct api_bytes {
	char *bytes;
	size_t length;
	size_t capacity;
	bool is_refused;
};

void api_bytes_append(struct api_bytes *bytes, const void *data, size_t length);

/**
 * api_protobuf_object() - an object, or a list, in its envelope
 * @object:  with kind and apiVersion
 */
void api_protobuf_object(struct api_bytes *ret, const json_t *object);

/** api_protobuf_item() - an item as it is in a list: the field with its number and length, no envelope */
void api_protobuf_item(struct api_bytes *ret, const char *kind, const json_t *object);

/** api_protobuf_event() - a frame of a watch; @event: {"type": ..., "object": ...} */
void api_protobuf_event(struct api_bytes *ret, const json_t *event);

/** api_protobuf_bad_event() - one whose object is these bytes, which are no message */
void api_protobuf_bad_event(struct api_bytes *ret, const char *object);

#endif
