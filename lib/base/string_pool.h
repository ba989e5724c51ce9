/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_STRING_POOL_H
#define BASE_STRING_POOL_H

#include "memory.h"

#include <stddef.h>

/*
 * A pool of shared strings. Node, zone and port names repeat in every EndpointSlice; the pool
 * keeps one copy of each, counted, so that equal texts are equal pointers.
 */
struct string_pool;

struct string_pool *string_pool_new(void);

/** string_pool_free() - the pool itself; pointers obtained from it die with it; NULL is fine */
void string_pool_free(struct string_pool *strings);
AUTO_FREE_DEFINE(string_pool);

/**
 * string_pool_get() - the shared copy of @text (NULL gives NULL); pair it with string_pool_put()
 */
const char *string_pool_get(struct string_pool *strings, const char *text);

/** string_pool_put() - give one reference back; NULL is fine */
void string_pool_put(struct string_pool *strings, const char *text);

/** string_pool_count() - different texts in the pool, for tests and metrics */
size_t string_pool_count(const struct string_pool *strings);

#endif
