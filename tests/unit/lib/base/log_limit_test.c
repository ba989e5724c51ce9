/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/log_limit.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each test has places of its own, since they are remembered. */
static const char file[] = "sync.c";

/* Return: how many of so many lines of that place may be written, @seconds apart */
static unsigned int write_lines(int line, enum log_level level, unsigned int count, double from,
				double seconds)
{
	const struct log_context context = {file, line, "Service", "default/web"};
	unsigned int written = 0;

	for (unsigned int i = 0; i < count; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %u", i);
		written += log_limit_take(&context, level, text, from + i * seconds);
	}
	return written;
}

static void test_a_burst_is_written_and_the_rest_is_counted(void **state)
{
	struct held_back held;

	(void)state;
	assert_int_equal(write_lines(1, LOG_LEVEL_WARNING, LOG_LIMIT_BURST + 7, 100, 0),
			 LOG_LIMIT_BURST);
	assert_false(log_limit_next(&held, 100));
	assert_false(log_limit_next(&held, 100 + LOG_LIMIT_SECONDS - 1));
	assert_true(log_limit_next(&held, 100 + LOG_LIMIT_SECONDS));
	assert_int_equal(held.count, 7);
	assert_int_equal(held.level, LOG_LEVEL_WARNING);
	assert_int_equal(held.context.line, 1);
	assert_string_equal(held.text, "line 56");
	/* That was the line that it might write. */
	assert_false(log_limit_next(&held, 100 + LOG_LIMIT_SECONDS));
	assert_int_equal(write_lines(1, LOG_LEVEL_WARNING, 1, 100 + LOG_LIMIT_SECONDS, 0), 0);
	assert_true(log_limit_next(&held, 100 + 2 * LOG_LIMIT_SECONDS));
	assert_int_equal(held.count, 1);
}

static void test_one_place_does_not_silence_another(void **state)
{
	struct held_back held;

	(void)state;
	write_lines(2, LOG_LEVEL_INFO, 1000, 100, 0);
	assert_int_equal(write_lines(3, LOG_LEVEL_INFO, 10, 100, 0), 10);
	assert_true(log_limit_next(&held, 1000));
	assert_int_equal(held.context.line, 2);
	assert_int_equal(held.level, LOG_LEVEL_INFO);
	assert_false(log_limit_next(&held, 1000));
}

/* As slow as the limit lets through, for a day. */
static void test_who_writes_seldom_is_never_held_back(void **state)
{
	(void)state;
	assert_int_equal(write_lines(4, LOG_LEVEL_WARNING, 14400, 100, LOG_LIMIT_SECONDS), 14400);
}

static void test_after_a_pause_there_is_a_burst_again(void **state)
{
	(void)state;
	write_lines(5, LOG_LEVEL_WARNING, LOG_LIMIT_BURST, 100, 0);
	assert_int_equal(write_lines(5, LOG_LEVEL_WARNING, LOG_LIMIT_BURST, 100000, 0),
			 LOG_LIMIT_BURST);
}

static void test_errors_and_debug_lines_are_all_written(void **state)
{
	(void)state;
	assert_int_equal(write_lines(6, LOG_LEVEL_ERROR, 1000, 100, 0), 1000);
	assert_int_equal(write_lines(7, LOG_LEVEL_DEBUG, 1000, 100, 0), 1000);
}

/* More places than are remembered: they are written without a limit. */
static void test_any_number_of_places(void **state)
{
	(void)state;
	for (int line = 10; line < 2000; line++)
		assert_int_equal(write_lines(line, LOG_LEVEL_INFO, 1, 100, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_burst_is_written_and_the_rest_is_counted),
		cmocka_unit_test(test_one_place_does_not_silence_another),
		cmocka_unit_test(test_who_writes_seldom_is_never_held_back),
		cmocka_unit_test(test_after_a_pause_there_is_a_burst_again),
		cmocka_unit_test(test_errors_and_debug_lines_are_all_written),
		cmocka_unit_test(test_any_number_of_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
