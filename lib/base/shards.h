/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_SHARDS_H
#define BASE_SHARDS_H

#include <uthash.h>

/*
 * Hash tables that grow without a pause.
 *
 * uthash doubles its buckets when they are crowded, and moves every entry at once. With 100,000 entries
 * that takes 20 ms, twice what a turn of the event loop may take, half of it for the first access to the
 * pages of the new buckets. So a table that grows with the cluster is kept as SHARD_COUNT tables, each of
 * which doubles when its own part is crowded.
 *
 * Such a table is an array of heads, `struct entry *table[SHARD_COUNT]`, all NULL at first, whose entries
 * have a member `UT_hash_handle hh`. The upper bits of the hash of a key choose the shard, since uthash
 * chooses buckets by the lower ones. What uthash says of its macros holds for these; the order of
 * iteration is that of nothing.
 */
#define SHARD_COUNT 64

/** SHARDS_OF() - the head for keys of that HASH_VALUE() */
#define SHARDS_OF(table, hash) ((table)[(hash) >> 26])

/** SHARDS_FIND_BYHASHVALUE() - @entry is NULL if there is none */
#define SHARDS_FIND_BYHASHVALUE(table, key, length, hash, entry) \
	HASH_FIND_BYHASHVALUE(hh, SHARDS_OF(table, hash), key, length, hash, entry)

#define SHARDS_FIND(table, key, length, entry)                                   \
	do {                                                                     \
		unsigned int shards_hash;                                        \
                                                                                 \
		HASH_VALUE(key, length, shards_hash);                            \
		SHARDS_FIND_BYHASHVALUE(table, key, length, shards_hash, entry); \
	} while (0)

/** SHARDS_ADD_BYHASHVALUE() - @key stays where it is as long as @entry is in the table */
#define SHARDS_ADD_BYHASHVALUE(table, key, length, hash, entry) \
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, SHARDS_OF(table, hash), key, length, hash, entry)

#define SHARDS_ADD(table, key, length, entry)                                   \
	do {                                                                    \
		unsigned int shards_hash;                                       \
                                                                                \
		HASH_VALUE(key, length, shards_hash);                           \
		SHARDS_ADD_BYHASHVALUE(table, key, length, shards_hash, entry); \
	} while (0)

#define SHARDS_DELETE(table, entry) HASH_DEL(SHARDS_OF(table, (entry)->hh.hashv), entry)

/** SHARDS_EACH() - as HASH_ITER(): @entry may be deleted; `break` ends one shard only */
#define SHARDS_EACH(table, entry, next)                               \
	for (size_t shards_i = 0; shards_i < SHARD_COUNT; shards_i++) \
		HASH_ITER (hh, (table)[shards_i], entry, next)

#endif
