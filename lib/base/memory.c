/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory.h"

#include "last_words.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void memory_exhausted(void)
{
	last_words(
		"ipvsagent: out of memory, aborting; the kernel keeps forwarding as programmed\n");
	abort();
}

static void *check(void *pointer)
{
	if (!pointer)
		memory_exhausted();
	return pointer;
}

void *memory_allocate(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *memory_unset(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *memory_array(size_t count, size_t size)
{
	return check(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *pointer, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		memory_exhausted();
	return check(realloc(pointer, count && size ? count * size : 1));
}

char *string_dup(const char *text)
{
	return text ? check(strdup(text)) : NULL;
}

bool string_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

char *string_printf(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		memory_exhausted();
	va_end(arguments);
	return text;
}

void *memory_grow(void *pointer, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return pointer;
	*capacity = *capacity ? *capacity * 2 : 4;
	return memory_resize(pointer, *capacity, size);
}

size_t memory_part(size_t *size, size_t count, size_t element, size_t alignment)
{
	size_t at = (*size + alignment - 1) & ~(alignment - 1);

	if (element && count > (SIZE_MAX - at) / element)
		memory_exhausted();
	*size = at + count * element;
	return at;
}

void *memory_put(void *block, size_t at, const void *bytes, size_t size)
{
	char *place = (char *)block + at;

	if (size)
		memcpy(place, bytes, size);
	return place;
}

size_t memory_part_text(size_t *size, const char *text)
{
	return text ? memory_part(size, strlen(text) + 1, 1, 1) : 0;
}

char *memory_put_text(void *block, size_t at, const char *text)
{
	return text ? memory_put(block, at, text, strlen(text) + 1) : NULL;
}
