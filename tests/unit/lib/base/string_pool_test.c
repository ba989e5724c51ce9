/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/string_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_equal_texts_are_equal_pointers(void **state)
{
	struct string_pool *strings = string_pool_new();
	char text[] = "node-a";
	const char *first = string_pool_get(strings, text);
	const char *second = string_pool_get(strings, "node-a");

	(void)state;
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, text);
	assert_string_equal(first, "node-a");
	assert_ptr_not_equal(first, string_pool_get(strings, "node-b"));
	assert_ptr_not_equal(first, string_pool_get(strings, "node-"));
	assert_int_equal(string_pool_count(strings), 3);
	string_pool_free(strings);
}

static void test_a_text_lives_while_referenced(void **state)
{
	struct string_pool *strings = string_pool_new();
	const char *text = string_pool_get(strings, "zone-1");

	(void)state;
	assert_ptr_equal(string_pool_get(strings, "zone-1"), text);
	assert_ptr_equal(string_pool_get(strings, text), text);
	string_pool_put(strings, text);
	string_pool_put(strings, text);
	assert_int_equal(string_pool_count(strings), 1);
	assert_string_equal(text, "zone-1");
	string_pool_put(strings, text);
	assert_int_equal(string_pool_count(strings), 0);
	string_pool_free(strings);
}

static void test_the_empty_text_is_a_text_and_null_is_none(void **state)
{
	struct string_pool *strings = string_pool_new();

	(void)state;
	assert_null(string_pool_get(strings, NULL));
	string_pool_put(strings, NULL);
	assert_int_equal(string_pool_count(strings), 0);
	assert_string_equal(string_pool_get(strings, ""), "");
	assert_int_equal(string_pool_count(strings), 1);
	string_pool_free(strings);
	string_pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_texts_are_equal_pointers),
		cmocka_unit_test(test_a_text_lives_while_referenced),
		cmocka_unit_test(test_the_empty_text_is_a_text_and_null_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
