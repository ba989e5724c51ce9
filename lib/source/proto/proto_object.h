/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_OBJECT_H
#define SOURCE_PROTO_OBJECT_H

#include "lib/source/object_decode.h"
#include "lib/source/object_value.h"
#include "proto_arena.h"

#include <stddef.h>

/**
 * proto_object_unpack() - an object of the API: what is in its envelope, or an item of a list
 * @kind:  Service, EndpointSlice or Node
 * @ret:   valid until @arena is emptied
 *
 * Return: 0, or -EINVAL if the bytes are no such message, or one that takes more memory than any
 * object may
 */
int proto_object_unpack(struct proto_arena *arena, enum object_kind kind, const char *bytes,
			size_t size, struct object_value *ret, struct error *err);

/** proto_object_unpack_status() - likewise for a v1 Status */
int proto_object_unpack_status(struct proto_arena *arena, const char *bytes, size_t size,
			       struct object_value *ret, struct error *err);

/**
 * proto_object_unpack_identity() - of an object that cannot be unpacked: as much of its metadata as can
 * be read, an object with nothing but that; ABSENT if nothing can
 */
struct object_value proto_object_unpack_identity(struct proto_arena *arena, const char *bytes,
						 size_t size);

#endif
