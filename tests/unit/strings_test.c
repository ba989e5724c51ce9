/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_equal_texts_are_equal_pointers(void **state)
{
	struct strings *strings = strings_new();
	char text[] = "node-a";
	const char *first = strings_get(strings, text);
	const char *second = strings_get(strings, "node-a");

	(void)state;
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, text);
	assert_string_equal(first, "node-a");
	assert_ptr_not_equal(first, strings_get(strings, "node-b"));
	assert_ptr_not_equal(first, strings_get(strings, "node-"));
	assert_int_equal(strings_count(strings), 3);
	strings_free(strings);
}

static void test_a_text_lives_while_referenced(void **state)
{
	struct strings *strings = strings_new();
	const char *text = strings_get(strings, "zone-1");

	(void)state;
	assert_ptr_equal(strings_get(strings, "zone-1"), text);
	assert_ptr_equal(strings_keep(strings, text), text);
	strings_put(strings, text);
	strings_put(strings, text);
	assert_int_equal(strings_count(strings), 1);
	assert_string_equal(text, "zone-1");
	strings_put(strings, text);
	assert_int_equal(strings_count(strings), 0);
	strings_free(strings);
}

static void test_the_empty_text_is_a_text_and_null_is_none(void **state)
{
	struct strings *strings = strings_new();

	(void)state;
	assert_null(strings_get(strings, NULL));
	assert_null(strings_keep(strings, NULL));
	strings_put(strings, NULL);
	assert_int_equal(strings_count(strings), 0);
	assert_string_equal(strings_get(strings, ""), "");
	assert_int_equal(strings_count(strings), 1);
	strings_free(strings);
	strings_free(NULL);
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
