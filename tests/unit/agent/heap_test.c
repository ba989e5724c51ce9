/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Built without sanitizers, which bring a malloc of their own. */
#include "agent/heap.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCKS	    1000
#define SMALL_BYTES 64

static size_t free_pieces(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.ordblks + info.smblks;
}

/* The compiler must not leave an allocation out because nobody looks at it. */
static void *allocate(size_t size)
{
	void *volatile block = malloc(size);

	assert_non_null(block);
	return block;
}

static void test_small_blocks_that_are_freed_become_one_piece(void **state)
{
	void *blocks[BLOCKS], *last;
	size_t before;

	(void)state;
	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = allocate(SMALL_BYTES);
	last = allocate(SMALL_BYTES);
	before = free_pieces();
	for (size_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	assert_in_range(free_pieces(), before, before + 1);
	free(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_blocks_that_are_freed_become_one_piece),
	};

	heap_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
