/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ledger_former.h"

#include "lib/plan/ledger.h"
#include "tests/fake/ledger_bench.h"
#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS 12
#define WEB   "web: A > x; bind A; close A", "go"
#define GONE  "lose web:", "go"

/* What the last of the steps changes. */
static void test_steps(void **state)
{
	static const struct {
		const char *what, *steps[STEPS], *changes;
		size_t kept;
	} cases[] = {
		{"without being kept a VIP goes with its Service",
		 {WEB, "web:", "go"},
		 "unbind A; remove A; unclose A",
		 0},
		{"one that is kept stays, closed, while its virtual server goes",
		 {WEB, GONE},
		 "remove A",
		 1},
		{"before its time it stays", {WEB, GONE, "wait 59", "expire 60", "go"}, "", 1},
		{"then it goes, and its ports are refused to the end",
		 {WEB, GONE, "wait 60", "expire 60", "go"},
		 "unbind A; unclose A",
		 0},
		{"a shorter time counts for what is kept already",
		 {WEB, GONE, "wait 10", "expire 10", "go"},
		 "unbind A; unclose A",
		 0},
		{"what somebody removes meanwhile comes back",
		 {"observe", WEB, GONE, "others remove bind A", "observe"},
		 "1 differ; bind A",
		 1},
		{"a sweep leaves it alone", {WEB, GONE, "sweep"}, "", 1},
		{"somebody else's goes at once",
		 {WEB, GONE, "yield A", "go"},
		 "unbind A; unclose A",
		 0},
		{"another Service's stays where it is, and has its own time",
		 {WEB, GONE, "yield A", "other: A > y; bind A; close A", "go"},
		 "add A; add A > y",
		 0},
		{"also when its time is over",
		 {WEB, GONE, "other: A > y; bind A; close A", "go", "wait 60", "expire 60", "go"},
		 "",
		 0},
		{"one that another Service has as well is kept for nobody in particular",
		 {WEB, "other: C > y; bind A; close A", "go", GONE, "yield A", "go"},
		 "",
		 0},
		{"a Service that is not known has none", {"lose web:", "go"}, "", 0},
		{"of a Service that goes on the one that it lost is kept",
		 {"web: A > x; bind A; close A; bind B; close B", "go",
		  "lose web: A > x; bind A; close A", "go"},
		 "",
		 1},
		{"and not the one that it has",
		 {"web: B > x; bind A; close A; bind B; close B", "go",
		  "lose web: B > x; bind B; close B", "go", "wait 60", "expire 60", "go"},
		 "unbind A; unclose A",
		 0},
		{"after a restart nobody wants it",
		 {WEB, GONE, "restart", "sweep"},
		 "unbind A; unclose A",
		 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ledger_bench bench;

		print_message("%s\n", cases[i].what);
		ledger_bench_init(&bench);
		for (size_t k = 0; k < STEPS && cases[i].steps[k]; k++)
			ledger_bench_step(&bench, cases[i].steps[k]);
		assert_string_equal(bench.text, cases[i].changes);
		assert_int_equal(ledger_former_count(bench.ledger), cases[i].kept);
		ledger_bench_end(&bench);
	}
}

/* Whose Service was deleted again has its time anew. */
static void test_next(void **state)
{
	static const char *const steps[] = {WEB, GONE, "wait 10", WEB, GONE};
	struct ledger_bench bench;

	(void)state;
	ledger_bench_init(&bench);
	assert_int_equal(ledger_former_next(bench.ledger, 60000), UINT64_MAX);
	for (size_t i = 0; i < COUNT(steps); i++)
		ledger_bench_step(&bench, steps[i]);
	assert_int_equal(ledger_former_next(bench.ledger, 60000), bench.now + 60000);
	assert_int_equal(ledger_former_count(bench.ledger), 1);
	ledger_former_expire(bench.ledger, 60000, bench.now + 59999, SIZE_MAX);
	assert_int_equal(ledger_former_count(bench.ledger), 1);
	ledger_former_clear(bench.ledger);
	assert_int_equal(ledger_former_count(bench.ledger), 0);
	ledger_bench_end(&bench);
}

static bool is_address(void *owner, const struct address *address)
{
	return address_is_equal(address, owner);
}

/* What somebody else has goes, and nothing else. */
static void test_taken(void **state)
{
	static const char *const steps[] = {WEB, GONE};
	struct address other = object_text_address("10.96.0.2");
	struct address taken = object_text_address("10.96.0.1");
	const struct former_filter filters[] = {{is_address, &other}, {is_address, &taken}};
	struct ledger_bench bench;

	(void)state;
	ledger_bench_init(&bench);
	for (size_t i = 0; i < COUNT(steps); i++)
		ledger_bench_step(&bench, steps[i]);
	ledger_former_yield_taken(bench.ledger, &filters[0]);
	ledger_bench_step(&bench, "go");
	assert_string_equal(bench.text, "");
	ledger_former_yield_taken(bench.ledger, &filters[1]);
	ledger_bench_step(&bench, "go");
	assert_string_equal(bench.text, "unbind A; unclose A");
	ledger_bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
