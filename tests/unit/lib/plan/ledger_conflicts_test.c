/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ledger_conflicts.h"

#include "tests/fake/ledger_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The notation of the rows: see fake/ledger_bench.h. */

static void test_conflicts(void **state)
{
	static const struct {
		const char *what, *steps[LEDGER_BENCH_STEPS], *changes;
	} rows[] = {
		{"the older Service has it",
		 {"young: A > y", "old: A > x", "go"},
		 "add A; add A > x"},
		{"the older Service takes over when it comes later",
		 {"young: A > y", "go", "old: A > x", "go"},
		 "add A > x; drain A > y"},
		{"the younger Service waits", {"old: A > x", "go", "young: A lc > y", "go"}, ""},
		{"the younger Service inherits when the older one goes",
		 {"old: A > x", "young: A lc > y", "go", "old:", "go"},
		 "edit A; add A > y; drain A > x"},
		{"of the same age, the name decides",
		 {"b: A > y", "a: A > x", "go"},
		 "add A; add A > x"},
		{"a loser's changes are silent",
		 {"old: A > x", "young: A > y", "go", "young: A > z", "go"},
		 ""},
		{"a loser that goes is silent",
		 {"old: A > x", "young: A > y", "go", "young:", "go"},
		 ""},
		{"the winner leaves this server only",
		 {"old: A > x; B > x", "young: A > y", "go", "old: B > x", "go"},
		 "add A > y; drain A > x"},
		{"a loser's source ranges do not close the winner's address",
		 {"old: A > x; bind A", "go", "young: A > y; bind A; restrict A", "go"},
		 ""},
		{"a loser's source ranges come when it gets the address",
		 {"old: A > x; bind A", "young: A > y; bind A; restrict A", "go", "old:", "go"},
		 "restrict A; add A > y; drain A > x"},
		{"a winner's source ranges go when an older Service takes over",
		 {"young: A > y; masquerade A; restrict A", "go", "old: A > x; masquerade A", "go"},
		 "add A > x; drain A > y; unrestrict A"},
		{"a loser that changed while it waited inherits with its latest state",
		 {"old: A > x", "young: A > y; restrict A", "go", "young: A > y; masquerade A",
		  "old:", "go"},
		 "masquerade A; add A > y; drain A > x"},
		{"a ClusterIP goes before an older external IP",
		 {"old: A > x", "go", "young: A ip > y", "go"},
		 "add A > y; drain A > x"},
		{"an external IP of an older Service does not take a ClusterIP",
		 {"young: A ip > y; bind A", "go", "old: A > x; bind A; restrict A", "go"},
		 ""},
		{"when the ClusterIP goes, the external IP inherits with its members",
		 {"young: A ip > y; masquerade A", "old: A > x; restrict A", "go", "young:", "go"},
		 "restrict A; add A > x; drain A > y; unmasquerade A"},
		{"of two ClusterIPs the older one has it",
		 {"young: A ip > y", "old: A ip > x", "go"},
		 "add A; add A > x"},
		{"winner and loser withdraw in one batch",
		 {"old: A > x; bind A", "young: A > y; bind A", "go", "old:", "young:", "go"},
		 "unbind A; remove A"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ledger_bench bench;

		ledger_bench_run(rows[i].what, rows[i].steps, &bench);
		assert_string_equal(bench.text, rows[i].changes);
		ledger_bench_end(&bench);
	}
}

/* Appends "LOSER < WINNER at SERVER". */
static void write_conflict(void *owner, const struct ledger_conflict *conflict)
{
	char *text = owner, server[2 * ADDRESS_TEXT_SIZE];
	size_t used = strlen(text);

	snprintf(text + used, 200 - used, "%s%s < %s at %s", used ? "; " : "", conflict->loser,
		 conflict->winner, virtual_server_key_text(conflict->server, server));
}

static void test_conflicts_that_last(void **state)
{
	static const struct {
		const char *what, *steps[LEDGER_BENCH_STEPS], *conflicts;
	} rows[] = {
		{"a single claim is no conflict", {"old: A > x", "go"}, ""},
		{"the younger Service is the loser of a conflict",
		 {"young: A > y", "old: A > x", "go"},
		 "young < old at 10.96.0.1:80/TCP"},
		{"changes of the loser, or of the winner, are none of the conflict",
		 {"young: A > y", "old: A > x", "go", "young: A > z", "old: A > y", "go"},
		 "young < old at 10.96.0.1:80/TCP"},
		{"a conflict ends with the winner",
		 {"young: A > y", "old: A > x", "go", "old:", "go"},
		 ""},
		{"a conflict ends with the loser",
		 {"young: A > y", "old: A > x", "go", "young:", "go"},
		 ""},
		{"a conflict ends when both Services go",
		 {"young: A > y", "old: A > x", "go", "young:", "old:", "go"},
		 ""},
		{"a conflict begins again when the winner comes back",
		 {"young: A > y", "old: A > x", "go", "old:", "go", "old: A > x", "go"},
		 "young < old at 10.96.0.1:80/TCP"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ledger_bench bench;
		char text[200] = "";

		ledger_bench_run(rows[i].what, rows[i].steps, &bench);
		ledger_conflicts_each(bench.ledger, SIZE_MAX, write_conflict, text);
		assert_string_equal(text, rows[i].conflicts);
		ledger_bench_end(&bench);
	}
}

/* Nothing has to look at conflicts unless a claim that is contested changed. */
static void test_conflict_version(void **state)
{
	static const char *const steps[LEDGER_BENCH_STEPS] = {"young: A > y", "old: A > x",
							      "B: C > x", "go"};
	struct ledger_bench bench;
	uint64_t version;

	(void)state;
	ledger_bench_run("version", steps, &bench);
	version = ledger_conflicts_version(bench.ledger);
	ledger_bench_step(&bench, "B: C > y");
	ledger_bench_step(&bench, "go");
	assert_int_equal(ledger_conflicts_version(bench.ledger), version);
	ledger_bench_step(&bench, "old:");
	ledger_bench_step(&bench, "go");
	assert_int_not_equal(ledger_conflicts_version(bench.ledger), version);
	ledger_bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_conflicts_that_last),
		cmocka_unit_test(test_conflict_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
