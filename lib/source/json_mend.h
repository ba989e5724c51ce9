/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_MEND_H
#define SOURCE_JSON_MEND_H

#include <stddef.h>

/**
 * json_mend() - make that part of JSON readable which jansson refuses and Go reads
 * @text:  is changed, byte for byte, so that every place in it stays where it was
 *
 * In strings, a NUL ("\u0000"), halves of surrogate pairs and bytes that are no UTF-8 are replaced
 * by what cannot be mistaken for anything: "\ufffd", or '?' for a byte. Numbers beyond 64 bits, and
 * reals beyond those of a double, become 0.0, which no field takes for a whole number. All else,
 * and what is no JSON at all, stays as it is.
 */
void json_mend(char *text, size_t size);

#endif
