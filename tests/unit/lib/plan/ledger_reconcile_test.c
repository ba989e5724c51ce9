/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ledger.h"

#include "lib/base/memory.h"
#include "tests/fake/ledger_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Which of three endpoints the list of a new virtual server begins with, for @count seeds; as bits */
static unsigned int first_destinations(const char *service, uint32_t count)
{
	static const struct ledger_options no_seed;
	unsigned int found = 0;

	for (uint32_t seed = 0; seed < count; seed++) {
		struct ledger_options options = no_seed;
		struct ledger_bench bench;

		ledger_bench_init(&bench);
		options.order_seed = seed;
		ledger_set_options(bench.ledger, &options);
		ledger_bench_step(&bench, service);
		ledger_bench_step(&bench, "go");
		for (unsigned int i = 0; i < 3; i++) {
			const char order[] = "xyz";
			char *text = string_printf("> %c; add A > %c; add A > %c", order[i],
						   order[(i + 1) % 3], order[(i + 2) % 3]);

			if (strstr(bench.text, text))
				found |= 1U << i;
			free(text);
		}
		ledger_bench_end(&bench);
	}
	return found;
}

static void test_order_of_destinations(void **state)
{
	(void)state;
	assert_int_equal(first_destinations("web: A > x y z", 1), 1U << 0);
	assert_int_equal(first_destinations("web: A > x y z", 20), 7);
	assert_int_equal(first_destinations("web: A lc > x y z", 20), 7);
	/* Nodes agree where a client's hash selects. */
	assert_int_equal(first_destinations("web: A sh > x y z", 20), 1U << 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_destinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
