/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/duration.h"
#include "lib/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void durations_are_read_as_go_reads_them(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} rows[] = {
		{"0", 0},
		{"0s", 0},
		{"30s", 30},
		{"1m10s", 70},
		{"1.5h", 5400},
		{"100ms", 0.1},
		{"2h22m", 8520},
		{".5s", 0.5},
		{"1us", 1e-6},
		{"1µs", 1e-6},
		{"15m0s", 900},
		{"24h0m0s", 86400},
		{"2562047h", 9223369200.},
	};
	static const char *const wrong[] = {"",
					    "5",
					    "s",
					    "-5s",
					    "+5s",
					    "5 s",
					    "1d",
					    "5s ",
					    ".",
					    "2562048h",
					    "99999999999999999999h"};
	double seconds;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(duration_parse(rows[i].text, &seconds));
		assert_true(fabs(seconds - rows[i].seconds) < 1e-9);
	}
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(duration_parse(wrong[i], &seconds));
}

static void durations_are_written_as_go_writes_them(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{0, "0s"},	    {0.25, "250ms"},	   {1.5, "1.5s"},  {30, "30s"},
		{60, "1m0s"},	    {90.001, "1m30.001s"}, {900, "15m0s"}, {3600, "1h0m0s"},
		{86400, "24h0m0s"}, {0.1, "100ms"},	   {70, "1m10s"},  {2073600, "576h0m0s"},
	};
	char text[DURATION_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(duration_text(rows[i].seconds, text), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_as_go_reads_them),
		cmocka_unit_test(durations_are_written_as_go_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
