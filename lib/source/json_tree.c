/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_tree.h"

#include "json_skim.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Addresses only, opened for use as far as the largest tree so far needed: valgrind's search for
 * leaks walks through all that a process may read. */
#define ARENA_BYTES  ((size_t)1 << 30)
#define OPENED_BYTES ((size_t)1 << 20)

/* As much stays with the process when a tree is dropped: more than most trees take. */
#define KEPT_BYTES ((size_t)256 << 10)

#define ALIGNMENT _Alignof(max_align_t)

#ifdef __SANITIZE_ADDRESS__
#define HAS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER true
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER false
#endif

/* @bytes: NULL before the first use, or if there is no arena; @tree: what it holds, NULL if none */
static struct {
	char *bytes;
	size_t used;
	size_t opened;
	json_t *tree;
	bool is_set_up;
	bool has_overflown; /* parts of the tree are outside */
} arena;

/* Other threads may use jansson meanwhile. */
static _Thread_local bool is_loading;

static bool is_in_arena(const void *pointer)
{
	return arena.bytes && (uintptr_t)pointer - (uintptr_t)arena.bytes < ARENA_BYTES;
}

/* Return: whether the arena has @size bytes more */
static bool reserve(size_t size)
{
	size_t more;

	if (size <= arena.opened - arena.used)
		return true;
	if (arena.used + size > ARENA_BYTES - OPENED_BYTES)
		return false;
	more = arena.used + size - arena.opened;
	more += OPENED_BYTES - more % OPENED_BYTES;
	if (mprotect(arena.bytes + arena.opened, more, PROT_READ | PROT_WRITE) < 0)
		return false;
	arena.opened += more;
	return true;
}

static void *allocate(size_t size)
{
	char *place = arena.bytes + arena.used;

	if (!is_loading)
		return malloc(size);
	if (size > ARENA_BYTES || !reserve(size + ALIGNMENT)) {
		arena.has_overflown = true;
		return malloc(size);
	}
	arena.used += (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	return place;
}

static void release(void *pointer)
{
	if (!is_in_arena(pointer))
		free(pointer);
}

/* Sanitizers see more without an arena. */
static void set_up(void)
{
	void *bytes;

	arena.is_set_up = true;
	if (HAS_SANITIZER)
		return;
	bytes = mmap(NULL, ARENA_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		     0);
	if (bytes == MAP_FAILED)
		return;
	arena.bytes = bytes;
	json_set_alloc_funcs(allocate, release);
}

static void empty_arena(void)
{
	if (arena.used > KEPT_BYTES)
		madvise(arena.bytes + KEPT_BYTES, arena.used - KEPT_BYTES, MADV_DONTNEED);
	arena.used = 0;
	arena.tree = NULL;
	arena.has_overflown = false;
}

/* Into the arena, if that is free */
static json_t *load(const char *text, size_t size, size_t flags, json_error_t *error)
{
	json_t *tree;

	if (!arena.bytes || arena.tree)
		return json_loadb(text, size, flags, error);
	is_loading = true;
	tree = json_loadb(text, size, flags, error);
	is_loading = false;
	arena.tree = tree;
	if (!tree)
		empty_arena();
	return tree;
}

/* Return: NULL also where the text as a whole might be fine */
static json_t *load_skimmed(const char *text, size_t size, size_t flags, size_t *ret_used)
{
	static struct skimmed skimmed;
	size_t used = json_skim(text, size, &skimmed);
	json_error_t error;
	json_t *tree = NULL;

	if (used == size || (used && ret_used))
		tree = load(skimmed.text, skimmed.length, flags, &error);
	if (tree && ret_used)
		*ret_used = used;
	if (skimmed.capacity > KEPT_BYTES) {
		free(skimmed.text);
		skimmed = (struct skimmed){0};
	}
	return tree;
}

json_t *json_tree_load(const char *text, size_t size, size_t flags, size_t *ret_used,
		       json_error_t *error)
{
	json_t *tree;

	if (!arena.is_set_up)
		set_up();
	tree = load_skimmed(text, size, flags, ret_used);
	if (tree)
		return tree;
	/* For the error's place, or because it is no text to skim. */
	tree = load(text, size, flags | (ret_used ? JSON_DISABLE_EOF_CHECK : 0), error);
	if (tree && ret_used)
		*ret_used = (size_t)error->position;
	return tree;
}

void json_tree_drop(json_t *tree)
{
	bool is_arena_tree = tree && tree == arena.tree;

	if (!is_arena_tree || arena.has_overflown)
		json_decref(tree);
	if (is_arena_tree)
		empty_arena();
}
