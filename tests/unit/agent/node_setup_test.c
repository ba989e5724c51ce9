/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/node_setup.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_connection_limit(void **state)
{
	static const struct {
		const char *what;
		int max_per_core, min;
		long processors;
		int limit;
	} cases[] = {
		{"so many per processor", 32768, 131072, 8, 262144},
		{"the minimum on a small machine", 32768, 131072, 2, 131072},
		{"by processors never more than 1,048,576", 32768, 131072, 96, 1048576},
		{"exactly 1,048,576", 32768, 131072, 32, 1048576},
		{"a minimum may be more", 32768, 2000000, 96, 2000000},
		{"the largest minimum there is", 32768, INT_MAX, 1, INT_MAX},
		{"0 per processor leaves it as it is, whatever the minimum", 0, 131072, 8, 0},
		{"an unknown number of processors counts as one", 200000, 131072, -1, 200000},
		{"the largest numbers do not overflow", INT_MAX, 0, LONG_MAX >> 32, 1048576},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct conntrack_options options = {.max_per_core = cases[i].max_per_core,
							  .min = cases[i].min};

		print_message("%s\n", cases[i].what);
		assert_int_equal(node_setup_connection_limit(&options, cases[i].processors),
				 cases[i].limit);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
