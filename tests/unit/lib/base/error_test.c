/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_cause_and_context(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(error_set(&err, -ENOENT, "no %s %d", "port", 80), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "no port 80");
	assert_int_equal(error_wrap(&err, -EINVAL, "Service %s", "a/web"), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "Service a/web: no port 80");
	assert_int_equal(error_set(&err, -EIO, "later"), -EIO);
	assert_string_equal(err.text, "later");
}

static void test_nobody_asks(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(error_wrap(NULL, -EPERM, "x"), -EPERM);
}

static void test_long_texts_are_cut(void **state)
{
	static const struct {
		const char *what;
		size_t cause, context;	/* lengths */
		size_t kept_of_context; /* before ": " */
		size_t kept_of_cause;
	} cases[] = {
		{"a cause that just fits", 499, 0, 0, 497},
		{"a cause that is too long", 2000, 0, 0, 497},
		{"the context pushes the cause out", 480, 100, 100, 397},
		{"a context that fills everything", 10, 2000, 497, 0},
		{"a context that just fits", 0, 497, 497, 0},
	};
	char cause[2001], context[2001];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {0};

		print_message("%s\n", cases[i].what);
		memset(cause, 'c', cases[i].cause);
		cause[cases[i].cause] = '\0';
		memset(context, 'x', cases[i].context);
		context[cases[i].context] = '\0';
		error_set(&err, -1, "%s", cause);
		error_wrap(&err, -1, "%s", context);
		assert_int_equal(strlen(err.text),
				 cases[i].kept_of_context + 2 + cases[i].kept_of_cause);
		assert_memory_equal(err.text, context, cases[i].kept_of_context);
		assert_memory_equal(err.text + cases[i].kept_of_context, ": ", 2);
		assert_memory_equal(err.text + cases[i].kept_of_context + 2, cause,
				    cases[i].kept_of_cause);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause_and_context),
		cmocka_unit_test(test_nobody_asks),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
