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

/** memory_exhausted() - says so and aborts; for libraries that tell their caller of it instead */
_Noreturn void memory_exhausted(void);

/** memory_allocate() - @size bytes of zeroed memory; the caller frees it with free() */
void *memory_allocate(size_t size);

/** memory_unset() - the same, not zeroed: where the time that takes would count */
void *memory_unset(size_t size);

/** memory_array() - @count zeroed elements of @size bytes each; aborts on overflow */
void *memory_array(size_t count, size_t size);

/** memory_resize() - realloc() to @count elements of @size bytes; new bytes are not zeroed */
void *memory_resize(void *pointer, size_t count, size_t size);

/** string_dup() - copy of @text; NULL gives NULL */
char *string_dup(const char *text);

/** string_equal() - same content; NULL equals only NULL */
bool string_equal(const char *a, const char *b);

/** string_printf() - printf into fresh memory; the caller frees it with free() */
__attribute__((format(printf, 1, 2))) char *string_printf(const char *format, ...);

/**
 * memory_grow() - make room for one more element in an array that doubles
 * @pointer:   the array (may be NULL)
 * @count:     elements in use
 * @capacity:  elements allocated; updated
 * @size:      bytes of an element
 * Return: the array, possibly moved
 */
void *memory_grow(void *pointer, size_t count, size_t *capacity, size_t size);

/*
 * Objects that live long and do not change are kept in one block each: that is less memory than an
 * allocation for each of their fields, and one call to free it. First every part is laid out, then
 * the block is allocated, then every part is put.
 */

/**
 * memory_part() - lay out one more array
 * @size:       bytes of the block so far; updated
 * @count:      elements of the array
 * @element:    bytes of an element
 * @alignment:  of an element, a power of two
 * Return: where in the block the array begins
 */
size_t memory_part(size_t *size, size_t count, size_t element, size_t alignment);
#define memory_part_of(size, array, count) \
	memory_part(size, count, sizeof(*(array)), _Alignof(__typeof__(*(array))))

/** memory_part_text() - likewise for a text; NULL takes no room */
size_t memory_part_text(size_t *size, const char *text);

/** memory_put() - copy @size bytes to offset @at of @block; Return: where they are now */
void *memory_put(void *block, size_t at, const void *bytes, size_t size);
#define memory_put_array(block, at, array, count) \
	memory_put(block, at, array, (count) * sizeof(*(array)))

/** memory_put_text() - likewise for a text; NULL stays NULL */
char *memory_put_text(void *block, size_t at, const char *text);

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
