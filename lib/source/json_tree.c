/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_tree.h"

#include "json_mend.h"
#include "json_scan.h"
#include "json_skim.h"
#include "lib/base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
		return memory_unset(size);
	if (size > ARENA_BYTES || !reserve(size + ALIGNMENT)) {
		arena.has_overflown = true;
		return memory_unset(size);
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

static void give_back(struct skimmed *copy)
{
	if (copy->capacity <= KEPT_BYTES)
		return;
	free(copy->text);
	*copy = (struct skimmed){0};
}

/* Parses what a proxy reads of the text, mended if it has to be. Return: NULL if that is wrong */
static json_t *load_read(const char *text, size_t size, size_t flags, size_t *ret_used)
{
	static struct skimmed skimmed;
	json_error_t error;
	json_t *tree;

	*ret_used = json_skim(text, size, JSON_SKIM_READ, &skimmed);
	if (!*ret_used)
		return NULL;
	tree = load(skimmed.text, skimmed.length, flags, &error);
	if (!tree) {
		json_mend(skimmed.text, skimmed.length);
		tree = load(skimmed.text, skimmed.length, flags, &error);
	}
	give_back(&skimmed);
	return tree;
}

/* Finds out what is wrong, and of which object. @text was mended, in place. */
static json_t *load_identity(const char *text, size_t size, size_t flags, size_t *ret_used,
			     json_error_t *ret_problem)
{
	struct skimmed skimmed = {0};
	json_error_t error;
	json_t *tree =
		load(text, size, flags | (ret_used ? JSON_DISABLE_EOF_CHECK : 0), ret_problem);

	if (tree) {
		if (ret_used)
			*ret_used = (size_t)ret_problem->position;
		*ret_problem->text = '\0';
		return tree;
	}
	size = json_skim(text, size, JSON_SKIM_IDENTITY, &skimmed);
	if (size) {
		tree = load(skimmed.text, skimmed.length, 0, &error);
		if (ret_used)
			*ret_used = size;
	}
	free(skimmed.text);
	return tree;
}

static bool is_blank(const char *text, size_t size)
{
	return json_scan_blanks(text, text + size) == text + size;
}

json_t *json_tree_load(const char *text, size_t size, size_t flags, size_t *ret_used,
		       json_error_t *ret_problem)
{
	auto_memory char *copy = NULL;
	size_t used;
	json_t *tree;

	if (!arena.is_set_up)
		set_up();
	*ret_problem = (json_error_t){0};
	tree = load_read(text, size, flags, &used);
	if (tree && (ret_used || is_blank(text + used, size - used))) {
		if (ret_used)
			*ret_used = used;
		return tree;
	}
	json_tree_drop(tree);
	copy = memory_allocate(size + 1);
	memcpy(copy, text, size);
	json_mend(copy, size);
	return load_identity(copy, size, flags, ret_used, ret_problem);
}

void json_tree_drop(json_t *tree)
{
	bool is_arena_tree = tree && tree == arena.tree;

	if (!is_arena_tree || arena.has_overflown)
		json_decref(tree);
	if (is_arena_tree)
		empty_arena();
}
