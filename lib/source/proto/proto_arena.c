/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_arena.h"

#include <stdalign.h>
#include <stdint.h>

/* A slice of 100 endpoints fits the first piece, which stays. */
#define PIECE_BYTES ((size_t)128 << 10)
#define ALIGNMENT   alignof(max_align_t)

struct piece {
	struct piece *before; /* NULL: the first one */
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct proto_arena {
	ProtobufCAllocator allocator;
	struct piece *latest;
	size_t used;  /* of the latest piece */
	size_t total; /* of all pieces */
};

static struct piece *add_piece(struct proto_arena *arena, size_t size)
{
	struct piece *piece;

	if (size < PIECE_BYTES)
		size = PIECE_BYTES;
	piece = memory_resize(NULL, sizeof(*piece) + size, 1);
	piece->before = arena->latest;
	piece->size = size;
	arena->latest = piece;
	arena->used = 0;
	arena->total += size;
	return piece;
}

static void *allocate(void *owner, size_t size)
{
	struct proto_arena *arena = owner;
	struct piece *piece = arena->latest;
	size_t rounded;
	char *place;

	if (size > PROTO_ARENA_LIMIT)
		return NULL;
	rounded = (size + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (rounded > piece->size - arena->used) {
		if (arena->total + rounded > PROTO_ARENA_LIMIT)
			return NULL;
		piece = add_piece(arena, rounded);
	}
	place = piece->bytes + arena->used;
	place[size] = '\0';
	arena->used += rounded;
	return place;
}

static void release(void *owner, void *pointer)
{
	(void)owner;
	(void)pointer;
}

struct proto_arena *proto_arena_new(void)
{
	struct proto_arena *arena = memory_allocate(sizeof(*arena));

	arena->allocator =
		(ProtobufCAllocator){.alloc = allocate, .free = release, .allocator_data = arena};
	add_piece(arena, 0);
	return arena;
}

ProtobufCAllocator *proto_arena_allocator(struct proto_arena *arena)
{
	return &arena->allocator;
}

void proto_arena_empty(struct proto_arena *arena)
{
	while (arena->latest->before) {
		struct piece *piece = arena->latest;

		arena->latest = piece->before;
		arena->total -= piece->size;
		free(piece);
	}
	arena->used = 0;
}

void proto_arena_free(struct proto_arena *arena)
{
	if (!arena)
		return;
	proto_arena_empty(arena);
	free(arena->latest);
	free(arena);
}
