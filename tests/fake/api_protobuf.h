/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_PROTOBUF_H
#define FAKE_API_PROTOBUF_H

#include <jansson.h>
#include <stddef.h>

/*
 * API objects as protocol buffers, byte for byte as an API server writes them, made from their JSON.
 * Shares nothing with what reads them in the agent. What is of no kind that the server has, or has a value
 * of a type that the field cannot have, ends the program.
 */

/** struct api_bytes - starts zeroed; @bytes is freed by its owner */
struct api_bytes {
	char *bytes;
	size_t length;
	size_t capacity;
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

#endif
