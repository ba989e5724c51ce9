/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strings.h"

#include "memory.h"

#include <string.h>
#include <uthash.h>

struct shared {
	UT_hash_handle hh;
	size_t references;
	char text[];
};

struct strings {
	struct shared *table;
};

struct strings *strings_new(void)
{
	return memory_allocate(sizeof(struct strings));
}

void strings_free(struct strings *strings)
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

const char *strings_get(struct strings *strings, const char *text)
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

const char *strings_keep(struct strings *strings, const char *text)
{
	(void)strings;
	if (text)
		container_of(text, struct shared, text)->references++;
	return text;
}

void strings_put(struct strings *strings, const char *text)
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

size_t strings_count(const struct strings *strings)
{
	return HASH_COUNT(strings->table);
}
