/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/status_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct status_column columns[] = {{"NAME", false}, {"COUNT", true}, {"STATE", false}};

#define ROWS_MAX 3

static char *print(const char *const rows[ROWS_MAX][3], enum status_colour colour, bool is_coloured)
{
	auto_free(status_table) struct status_table *table =
		status_table_new(columns, COUNT(columns));
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (size_t i = 0; i < ROWS_MAX && rows[i][0]; i++)
		status_table_add(table, rows[i], colour);
	status_table_print(table, is_coloured, stream);
	fclose(stream);
	return text;
}

static void test_layout(void **state)
{
	static const struct {
		const char *what;
		const char *rows[ROWS_MAX][3];
		const char *expected;
	} cases[] = {
		{"titles alone", {{NULL}}, "NAME  COUNT  STATE\n"},
		{"a title wider than its cells",
		 {{"a", "1", "fine"}},
		 "NAME  COUNT  STATE\n"
		 "a         1  fine\n"},
		{"cells wider than their title",
		 {{"default/web", "1234567", "x"}, {"b", "89", "y"}},
		 "NAME           COUNT  STATE\n"
		 "default/web  1234567  x\n"
		 "b                 89  y\n"},
		{"no blanks at the end of a line",
		 {{"a", "", ""}, {"b", "2", ""}, {"", "", "z"}},
		 "NAME  COUNT  STATE\n"
		 "a\n"
		 "b         2\n"
		 "             z\n"},
		{"a letter of two bytes is one wide",
		 {{"m\xc3\xbcller", "1", "x"}, {"muller", "1", "x"}},
		 "NAME    COUNT  STATE\n"
		 "m\xc3\xbcller      1  x\n"
		 "muller      1  x\n"},
		{"nothing steers the terminal",
		 {{"a\033[2J", "1\r", "x\nb\x7f\xc2\x9b"}},
		 "NAME   COUNT  STATE\n"
		 "a?[2J     1?  x?b???\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		text = print(cases[i].rows, STATUS_COLOUR_BAD, false);
		assert_string_equal(text, cases[i].expected);
	}
}

static void test_colours(void **state)
{
	static const char *const rows[ROWS_MAX][3] = {{"a", "1", "x"}, {"b", "2", ""}};
	static const struct {
		enum status_colour colour;
		const char *expected;
	} cases[] = {
		{STATUS_COLOUR_NONE, "a         1  x\nb         2\n"},
		{STATUS_COLOUR_GOOD, "a         1  \033[32mx\033[0m\nb         2\n"},
		{STATUS_COLOUR_WAITING, "a         1  \033[33mx\033[0m\nb         2\n"},
		{STATUS_COLOUR_BAD, "a         1  \033[31mx\033[0m\nb         2\n"},
		{STATUS_COLOUR_FAINT, "a         1  \033[2mx\033[0m\nb         2\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *text = print(rows, cases[i].colour, true);

		assert_string_equal(strchr(text, '\n') + 1, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
