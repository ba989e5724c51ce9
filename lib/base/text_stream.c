/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_stream.h"

#include "memory.h"

FILE *text_stream_open(char **text, size_t *size)
{
	FILE *stream = open_memstream(text, size);

	if (!stream)
		memory_exhausted();
	return stream;
}

void text_stream_close(FILE *stream, char *const *text)
{
	/* glibc says of no failure to move the text that it leaves NULL. */
	if (ferror(stream) || fclose(stream) != 0 || !*text)
		memory_exhausted();
}
