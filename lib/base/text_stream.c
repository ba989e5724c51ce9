/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_stream.h"

#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#define CAPACITY_FIRST ((size_t)1024)

struct text_stream {
	char **text;
	size_t *size;
	size_t capacity;
};

/* Return: @size, since without memory nothing returns */
static ssize_t append(void *cookie, const char *bytes, size_t size)
{
	struct text_stream *stream = cookie;
	size_t needed = *stream->size + size + 1;

	if (needed > stream->capacity) {
		while (needed > stream->capacity)
			stream->capacity *= 2;
		*stream->text = memory_resize(*stream->text, stream->capacity, 1);
	}
	memcpy(*stream->text + *stream->size, bytes, size);
	*stream->size += size;
	(*stream->text)[*stream->size] = '\0';
	return (ssize_t)size;
}

/* For ftell(): only asks where the end is. */
static int seek(void *cookie, off64_t *offset, int whence)
{
	const struct text_stream *stream = cookie;

	if (whence != SEEK_CUR || *offset) {
		errno = ESPIPE;
		return -1;
	}
	*offset = (off64_t)*stream->size;
	return 0;
}

static int finish(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *text_stream_open(char **text, size_t *size)
{
	const cookie_io_functions_t functions = {.write = append, .seek = seek, .close = finish};
	struct text_stream *stream = memory_allocate(sizeof(*stream));
	FILE *file = fopencookie(stream, "w", functions);

	if (!file)
		memory_exhausted();
	*stream = (struct text_stream){.text = text, .size = size, .capacity = CAPACITY_FIRST};
	*text = memory_allocate(CAPACITY_FIRST);
	*size = 0;
	return file;
}

void text_stream_close(FILE *stream)
{
	fclose(stream);
}
