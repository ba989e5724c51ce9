/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "string_pool.h"

#include "memory.h"

#include <string.h>
#include <uthash.h>

struct shared {
	UT_hash_handle hh;
	size_t references;
	char text[];
};

struct string_pool {
	struct shared *table;
};

struct string_pool *string_pool_new(void)
{
	return memory_allocate(sizeof(struct string_pool));
}

void string_pool_free(struct string_pool *strings)
{
	struct shared *shared, *next;

	if (!strings)
		return;
	HASH_ITER (hh, strings->table, shared, next) {
		HASH_DEL(strings->table, shared);
		free(shared);
	}
	free(strings);
}

const char *string_pool_get(struct string_pool *strings, const char *text)
{
	struct shared *shared;
	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	HASH_FIND(hh, strings->table, text, length, shared);
	if (!shared) {
		shared = memory_allocate(sizeof(*shared) + length + 1);
		memcpy(shared->text, text, length + 1);
		HASH_ADD_KEYPTR(hh, strings->table, shared->text, length, shared);
	}
	shared->references++;
	return shared->text;
}

void string_pool_put(struct string_pool *strings, const char *text)
{
	struct shared *shared;

	if (!text)
		return;
	shared = container_of(text, struct shared, text);
	if (--shared->references)
		return;
	HASH_DEL(strings->table, shared);
	free(shared);
}

size_t string_pool_count(const struct string_pool *strings)
{
	return HASH_COUNT(strings->table);
}
