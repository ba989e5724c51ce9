/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_TEXT_STREAM_H
#define BASE_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

/**
 * text_stream_open() - a stream into memory, as open_memstream(3), with ftell() but no seeking
 *
 * Without memory it aborts, see memory.h; open_memstream() leaves out what does not fit, and its
 * fclose() may succeed with no text at all.
 * @text, @size:  are there when the stream was closed; the caller frees the text with free()
 */
FILE *text_stream_open(char **text, size_t *size);

void text_stream_close(FILE *stream);

#endif
