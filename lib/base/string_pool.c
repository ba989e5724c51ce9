/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "string_pool.h"

#include "memory.h"
#include "shards.h"

#include <string.h>

struct shared {
	UT_hash_handle hh;
	size_t references;
	char text[];
};

struct string_pool {
	struct shared *table[SHARD_COUNT];
	size_t count;
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
	SHARDS_EACH (strings->table, shared, next) {
		SHARDS_DELETE(strings->table, shared);
		free(shared);
	}
	free(strings);
}

const char *string_pool_get(struct string_pool *strings, const char *text)
{
	struct shared *shared;
	unsigned int hash;
	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	HASH_VALUE(text, length, hash);
	SHARDS_FIND_BYHASHVALUE(strings->table, text, length, hash, shared);
	if (!shared) {
		shared = memory_allocate(sizeof(*shared) + length + 1);
		memcpy(shared->text, text, length + 1);
		SHARDS_ADD_BYHASHVALUE(strings->table, shared->text, length, hash, shared);
		strings->count++;
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
	SHARDS_DELETE(strings->table, shared);
	strings->count--;
	free(shared);
}

size_t string_pool_count(const struct string_pool *strings)
{
	return strings->count;
}
