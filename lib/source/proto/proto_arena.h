/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_ARENA_H
#define SOURCE_PROTO_ARENA_H

#include "lib/base/memory.h"

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/*
 * A message of few bytes can take many times as many when it is unpacked. What an API server stores
 * takes a few MiB.
 */
#define PROTO_ARENA_LIMIT ((size_t)64 << 20)

/**
 * struct proto_arena - memory for a message that is unpacked, looked at once, and dropped
 *
 * Everything is given back at once, by proto_arena_empty(). Behind each allocation there is a NUL, so
 * that bytes which are a text end as one.
 */
struct proto_arena;

struct proto_arena *proto_arena_new(void);
void proto_arena_free(struct proto_arena *arena);
AUTO_FREE_DEFINE(proto_arena);

/** proto_arena_allocator() - for protobuf_c_message_unpack(), which fails beyond PROTO_ARENA_LIMIT */
ProtobufCAllocator *proto_arena_allocator(struct proto_arena *arena);

/** proto_arena_empty() - what was allocated is gone; a little memory is kept for the next message */
void proto_arena_empty(struct proto_arena *arena);

#endif
