/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * Allocation that cannot fail: out of memory prints a line and aborts. The state in the kernel
 * outlives the agent and a restart continues from it, so a crash is the honest way out.
 */

/** memory_allocate() - @size bytes of zeroed memory; the caller frees it with free() */
void *memory_allocate(size_t size);

/** memory_array() - @count zeroed elements of @size bytes each; aborts on overflow */
void *memory_array(size_t count, size_t size);

/** memory_resize() - realloc() to @count elements of @size bytes; new bytes are not zeroed */
void *memory_resize(void *pointer, size_t count, size_t size);

/** memory_text() - copy of @text; NULL gives NULL */
char *memory_text(const char *text);

/** memory_text_is_equal() - same content; NULL equals only NULL */
bool memory_text_is_equal(const char *a, const char *b);

/** memory_format() - printf into fresh memory; the caller frees it with free() */
__attribute__((format(printf, 1, 2))) char *memory_format(const char *format, ...);

/**
 * memory_grow() - make room for one more element in an array that doubles
 * @pointer:   the array (may be NULL)
 * @count:     elements in use
 * @capacity:  elements allocated; updated
 * @size:      bytes of an element
 * Return: the array, possibly moved
 */
void *memory_grow(void *pointer, size_t count, size_t *capacity, size_t size);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* auto_free(thing): a variable of type struct thing * that thing_free() frees at scope exit. */
#define AUTO_FREE_DEFINE(type)                                                           \
	static inline __attribute__((unused)) void type##_free_at(struct type **pointer) \
	{                                                                                \
		type##_free(*pointer);                                                   \
	}                                                                                \
	struct type
#define auto_free(type) __attribute__((cleanup(type##_free_at)))

static inline __attribute__((unused)) void memory_free_at(void *pointer)
{
	free(*(void **)pointer);
}
#define auto_memory __attribute__((cleanup(memory_free_at)))

/* take(&pointer): hand a pointer over and leave NULL behind, so that auto_free() has no effect. */
#define take(pointer)                                       \
	__extension__({                                     \
		__typeof__(*(pointer)) taken_ = *(pointer); \
		*(pointer) = NULL;                          \
		taken_;                                     \
	})

#endif
