/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/top_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct traffic_rate rows[] = {
	{"a/web", 25, 1500, 1200.4, 2.5e6, 99999999},
	{"b/x\033[2J", 0.2, 0.44, 0, 10, 0},
	{"c/idle", 0, 0, 0, 0, 0},
};

static char *print(void (*write)(const struct top_view *view, FILE *stream), size_t count,
		   const char *note)
{
	const struct top_view view = {rows, count, 2, note};
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	write(&view, stream);
	fclose(stream);
	return text;
}

static void test_numbers(void **state)
{
	static const struct {
		double number;
		const char *expected;
	} cases[] = {
		{0, "0"},	 {0.04, "0.0"},	   {0.44, "0.4"},   {9.94, "9.9"},
		{9.96, "10"},	 {999.4, "999"},   {999.5, "1.0k"}, {1500, "1.5k"},
		{99999, "100k"}, {999600, "1.0M"}, {2.5e9, "2.5G"}, {1e20, "100000P"},
	};
	char buffer[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(top_print_number(cases[i].number, buffer), cases[i].expected);
}

static void test_text(void **state)
{
	auto_memory char *text = print(top_print_text, 3, "why");
	auto_memory char *none = print(top_print_text, 0, "");

	(void)state;
	assert_string_equal(text,
			    "NAMESPACE/NAME  CONN/S  PKT-IN/S  PKT-OUT/S  BYTE-IN/S  BYTE-OUT/S\n"
			    "a/web               25      1.5k       1.2k       2.5M        100M\n"
			    "b/x?[2J            0.2       0.4          0         10           0\n"
			    "2 of 3 had traffic in 2.0 s; why\n");
	assert_string_equal(none, "0 of 0 had traffic in 2.0 s\n");
}

static void test_json(void **state)
{
	auto_memory char *text = print(top_print_json, 1, "");

	(void)state;
	assert_string_equal(
		text,
		"{\"version\":1,\"seconds\":2.0,\"note\":\"\",\"services\":[{\"service\":\"a/web\","
		"\"connectionsPerSecond\":25.0,\"packetsInPerSecond\":1500.0,"
		"\"packetsOutPerSecond\":1200.4,\"bytesInPerSecond\":2500000.0,"
		"\"bytesOutPerSecond\":99999999.0}]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
