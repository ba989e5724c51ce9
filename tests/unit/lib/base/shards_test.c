/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/shards.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 20000

struct entry {
	UT_hash_handle hh;
	bool is_seen;
	char key[40];
};

struct fixture {
	struct entry *table[SHARD_COUNT];
	struct entry entries[ENTRIES];
};

/* Keys as those of Services are. */
static int fill(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &fixture->entries[i];

		snprintf(entry->key, sizeof(entry->key), "shop-%zu/service-%zu", i % 10, i);
		SHARDS_ADD(fixture->table, entry->key, strlen(entry->key), entry);
	}
	*state = fixture;
	return 0;
}

static int clear(void **state)
{
	struct fixture *fixture = *state;
	struct entry *entry, *next;

	SHARDS_EACH (fixture->table, entry, next) {
		SHARDS_DELETE(fixture->table, entry);
	}
	for (size_t i = 0; i < SHARD_COUNT; i++)
		assert_null(fixture->table[i]);
	free(fixture);
	return 0;
}

static struct entry *find(struct fixture *fixture, const char *key)
{
	struct entry *entry;

	SHARDS_FIND(fixture->table, key, strlen(key), entry);
	return entry;
}

static void each_entry_is_found(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(fixture, fixture->entries[i].key), &fixture->entries[i]);
	assert_null(find(fixture, "shop-0/service-20000"));
}

static void each_entry_is_visited_once(void **state)
{
	struct fixture *fixture = *state;
	struct entry *entry, *next;
	size_t count = 0;

	SHARDS_EACH (fixture->table, entry, next) {
		assert_false(entry->is_seen);
		entry->is_seen = true;
		count++;
	}
	assert_int_equal(count, ENTRIES);
}

static void deleted_entries_are_gone_and_the_others_are_not(void **state)
{
	struct fixture *fixture = *state;
	struct entry *entry, *next;
	size_t count = 0;

	SHARDS_EACH (fixture->table, entry, next) {
		if ((entry - fixture->entries) % 2)
			SHARDS_DELETE(fixture->table, entry);
	}
	for (size_t i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(fixture, fixture->entries[i].key),
				 i % 2 ? NULL : &fixture->entries[i]);
	SHARDS_EACH (fixture->table, entry, next) {
		count++;
	}
	assert_int_equal(count, ENTRIES / 2);
}

/* The most that is moved at once: without that the shards would be of no use. */
static void no_shard_has_much_more_than_its_part(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < SHARD_COUNT; i++)
		assert_in_range(HASH_COUNT(fixture->table[i]), 1, 2 * ENTRIES / SHARD_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_entry_is_found, fill, clear),
		cmocka_unit_test_setup_teardown(each_entry_is_visited_once, fill, clear),
		cmocka_unit_test_setup_teardown(deleted_entries_are_gone_and_the_others_are_not,
						fill, clear),
		cmocka_unit_test_setup_teardown(no_shard_has_much_more_than_its_part, fill, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
