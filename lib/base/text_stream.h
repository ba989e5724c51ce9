/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_TEXT_STREAM_H
#define BASE_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

/**
 * text_stream_open() - a stream into memory
 *
 * Writing to it fails only where there is no memory; text_stream_close() aborts then, so that no text
 * lacks a part. See memory.h.
 * @text, @size:  set by text_stream_close(); the caller frees the text with free()
 */
FILE *text_stream_open(char **text, size_t *size);

/** text_stream_close() - and @text, that of text_stream_open(), is there, whole */
void text_stream_close(FILE *stream, char *const *text);

#endif
