/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include "memory.h"

#include <stddef.h>

/*
 * A pool of shared strings. Node, zone and port names repeat in every EndpointSlice; the pool
 * keeps one copy of each, counted, so that equal texts are equal pointers.
 */
struct strings;

struct strings *strings_new(void);

/** strings_free() - the pool itself; pointers obtained from it die with it; NULL is fine */
void strings_free(struct strings *strings);
AUTO_FREE_DEFINE(strings);

/** strings_get() - the shared copy of @text (NULL gives NULL); pair it with strings_put() */
const char *strings_get(struct strings *strings, const char *text);

/** strings_keep() - one more reference to a pointer that strings_get() gave */
const char *strings_keep(struct strings *strings, const char *text);

/** strings_put() - give one reference back; NULL is fine */
void strings_put(struct strings *strings, const char *text);

/** strings_count() - different texts in the pool, for tests and metrics */
size_t strings_count(const struct strings *strings);

#endif
