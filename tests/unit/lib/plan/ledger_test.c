/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ledger.h"

#include "lib/plan/ledger_drain.h"

#include "tests/fake/ledger_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The notation of the rows: see fake/ledger_bench.h. */

/* One row per behaviour: what the last step changes. */
struct row {
	const char *what, *steps[LEDGER_BENCH_STEPS], *changes;
};

static void run_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ledger_bench bench;

		ledger_bench_run(rows[i].what, rows[i].steps, &bench);
		assert_string_equal(bench.text, rows[i].changes);
		ledger_bench_end(&bench);
	}
}

static void test_claims(void **state)
{
	static const struct row rows[] = {
		{"a VIP is made from the inside out",
		 {"web: A > x y; bind A; masquerade A", "go"},
		 "masquerade A; add A; add A > x; add A > y; bind A"},
		{"a VIP is removed from the outside in",
		 {"web: A > x y; bind A; masquerade A", "go", "web:", "go"},
		 "unbind A; remove A; unmasquerade A"},
		{"agreement changes nothing",
		 {"web: A > x; bind A", "go", "web: A > x; bind A", "go"},
		 ""},
		{"an endpoint more", {"web: A > x", "go", "web: A > x y", "go"}, "add A > y"},
		{"an endpoint less drains",
		 {"web: A > x y", "go", "web: A > x", "go"},
		 "drain A > y"},
		{"a new endpoint precedes an old one's end",
		 {"web: A > x", "go", "web: A > y", "go"},
		 "add A > y; drain A > x"},
		{"attributes are edited in place",
		 {"web: A > x", "go", "web: A lc > x", "go"},
		 "edit A"},
		{"another port of the VIP keeps the address",
		 {"web: A > x; bind A", "go", "web: C > x; bind A", "go"},
		 "add C; add C > x; remove A"},
		{"an address stays while anybody wants it",
		 {"web: A; bind A", "api: C; bind A", "go", "web:", "go"},
		 "remove A"},
		{"an address goes with the last Service that wants it",
		 {"web: A; bind A", "api: C; bind A", "go", "web:", "go", "api:", "go"},
		 "unbind A; remove C"},
		{"source ranges that begin refuse nobody who may ask",
		 {"web: A > x", "go", "web: A > x; restrict A; allow 1 A", "go"},
		 "allow 1 A; restrict A"},
		{"source ranges that end refuse nobody who might ask",
		 {"web: A > x; restrict A; allow 1 A", "go", "web: A > x", "go"},
		 "unrestrict A; unallow 1 A"},
		{"sources that may ask from now on come before former ones go",
		 {"web: A > x; restrict A; allow 1 A", "go", "web: A > x; restrict A; allow 2 A",
		  "go"},
		 "allow 2 A; unallow 1 A"},
		{"the next Service's sources replace those of the one before",
		 {"web: A > x; restrict A; allow 1 A", "go",
		  "web:", "api: A > y; restrict A; allow 2 A", "go"},
		 "allow 2 A; unallow 1 A; add A > y; drain A > x"},
		{"what nobody knows may be withdrawn", {"web:", "go"}, ""},
		{"changed twice in a batch, done once",
		 {"web: A > x", "web: A > y", "web: A > z", "go"},
		 "add A; add A > z"},
		{"come and gone in a batch is nothing", {"web: A > x; bind A", "web:", "go"}, ""},
		{"gone and back in a batch is nothing",
		 {"web: A > x; bind A; masquerade A", "go",
		  "web:", "web: A > x; bind A; masquerade A", "go"},
		 ""},
		{"renamed in a batch: what stays is not touched",
		 {"web: A > x y; bind A; masquerade A", "go",
		  "web:", "site: A > y z; bind A; masquerade A", "go"},
		 "add A > z; drain A > x"},
		{"renamed in a batch, the new name first: what stays is not touched",
		 {"web: A > x y; bind A; masquerade A", "go", "site: A > y z; bind A; masquerade A",
		  "web:", "go"},
		 "add A > z; drain A > x"},
		{"renamed, with UDP",
		 {"web: U > x", "go", "web:", "site: U > x y", "go"},
		 "add U > y"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_draining(void **state)
{
#define DRAINING "web: A > x y", "go", "connections A > y 1", "web: A > x", "go"
	static const struct row rows[] = {
		{"a UDP destination goes at once",
		 {"web: U > x y", "go", "web: U > x", "go"},
		 "remove U > y"},
		{"an SCTP destination drains",
		 {"web: S > x y", "go", "web: S > x", "go"},
		 "drain S > y"},
		{"a draining destination stays while it has connections", {DRAINING, "drain"}, ""},
		{"a draining destination goes with its last connection",
		 {DRAINING, "connections A > y 0", "drain"},
		 "remove A > y"},
		{"a draining destination goes at its deadline",
		 {DRAINING, "wait 62", "drain"},
		 "remove A > y"},
		{"a draining destination stays until its deadline",
		 {DRAINING, "wait 55", "drain"},
		 ""},
		{"a draining destination stays until the very millisecond of its deadline",
		 {"pass 900 milliseconds", DRAINING, "pass 59900 milliseconds", "drain"},
		 ""},
		{"a draining destination whose endpoint returns serves again",
		 {DRAINING, "web: A > x y", "go"},
		 "serve A > y"},
		{"a second drain gets the whole time again",
		 {DRAINING, "wait 50", "web: A > x y", "go", "web: A > x", "go", "wait 50",
		  "drain"},
		 ""},
		{"other changes do not prolong a drain",
		 {DRAINING, "wait 50", "web: A > x z", "go", "wait 12", "drain"},
		 "remove A > y"},
		{"an observation does not prolong a drain",
		 {DRAINING, "wait 50", "others remove A > x", "observe", "wait 12", "drain"},
		 "remove A > y"},
		{"an endpoint that returns in the batch of its removal serves again",
		 {"web: A > x y", "go", "web: A > x", "go", "web: A > x y", "drain"},
		 "serve A > y"},
		{"removing the virtual server ends the drain",
		 {DRAINING, "web:", "go"},
		 "remove A"},
		{"a failed removal after a drain is retried",
		 {DRAINING, "connections A > y 0", "refuse 1", "drain", "wait 1", "retry", "drain"},
		 "remove A > y"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

/* More than 136 years, as seconds, do not fit where deadlines are kept. */
static void test_draining_without_end(void **state)
{
	static const char *const steps[] = {"web: A > x y",	   "go",	"web: A > x", "go",
					    "connections A > y 1", "wait 3600", "drain"};
	const struct ledger_options options = {.drain_milliseconds = 1000ULL << 32};
	struct ledger_bench bench;

	(void)state;
	ledger_bench_init(&bench);
	ledger_set_options(bench.ledger, &options);
	for (size_t i = 0; i < COUNT(steps); i++)
		ledger_bench_step(&bench, steps[i]);
	assert_string_equal(bench.text, "");
	assert_int_equal(ledger_drain_count(bench.ledger), 1);
	ledger_bench_end(&bench);
}

static void test_observation(void **state)
{
#define WEB    "web: A > x y; bind A; masquerade A"
#define RANGES "web: A > x; restrict A; allow 1 A; allow 2 A"
	static const struct row rows[] = {
		{"a restart writes nothing", {WEB, "go", "restart", WEB, "go"}, ""},
		{"the sweep after a restart writes nothing",
		 {WEB, "go", "restart", WEB, "go", "sweep"},
		 ""},
		{"a restart writes only the difference",
		 {WEB, "go", "restart", "web: A > x z; bind A; masquerade A", "go"},
		 "add A > z; drain A > y"},
		{"a Service that went meanwhile is swept",
		 {WEB, "go", "restart", "sweep"},
		 "unbind A; remove A; unmasquerade A"},
		{"nothing is swept before all is planned", {WEB, "go", "restart", "go"}, ""},
		{"an exemption that is over after a restart ends before destinations come",
		 {"web: A > x; exempt A", "go", "restart", "web: A > x y", "go"},
		 "unexempt A; add A > y"},
		{"a NodePort's exemption that is over after a restart does, too",
		 {"web: N > x; open N; spare N", "go", "restart", "web: N > x y; open N", "go"},
		 "unspare N; add N > y"},
		{"a restriction that is over after a restart ends without the sweep",
		 {"web: A > x; restrict A", "go", "restart", "web: A > x", "go"},
		 "unrestrict A"},
		{"a source that may no longer ask goes without the sweep, after a restart",
		 {RANGES, "go", "restart", "web: A > x; restrict A; allow 1 A", "go"},
		 "unallow 2 A"},
		{"a source that may no longer ask goes before destinations come",
		 {RANGES, "go", "restart", "web: A > x y; restrict A; allow 1 A", "go"},
		 "unallow 2 A; add A > y"},
		{"sources that may ask from now on come before former ones go, after a restart",
		 {RANGES, "go", "restart", "web: A > x; restrict A; allow 3 A", "go"},
		 "allow 3 A; unallow 2 A; unallow 1 A"},
		{"restriction and sources that are over go without the sweep, after a restart",
		 {RANGES, "go", "restart", "web: A > x", "go"},
		 "unrestrict A; unallow 2 A; unallow 1 A"},
		{"the sources of whom nobody claims yet wait for the sweep",
		 {RANGES, "api: C > x; restrict C; allow 2 C", "dns: U > x; restrict U; allow 3 U",
		  "go", "restart", "api: C > x; restrict C", "go"},
		 "unallow 2 C"},
		{"the sources of whom nobody claims go with the sweep",
		 {RANGES, "go", "restart", "api: B > x", "go", "sweep"},
		 "unrestrict A; unallow 1 A; unallow 2 A"},
		{"a source that somebody else added before the sweep goes with the next change",
		 {RANGES, "go", "restart", RANGES, "go", "others add allow 3 A", "observe", RANGES,
		  "go"},
		 "unallow 3 A"},
		{"sources that may still ask after a restart are not touched",
		 {RANGES, "go", "restart", RANGES, "go"},
		 ""},
		{"what is still wanted after a restart is not touched",
		 {"web: A > x; exempt A; restrict A", "web2: N > x; open N; spare N", "go",
		  "restart", "web: A > x; exempt A; restrict A", "web2: N > x; open N; spare N",
		  "go"},
		 ""},
		{"a server whose VIP is not bound yet is swept",
		 {"others add A > x; masquerade A", "restart", "sweep"},
		 "remove A; unmasquerade A"},
		{"a node port is swept",
		 {"web: N > x; open N", "go", "restart", "sweep"},
		 "remove N; unopen N"},
		{"a node port of a Service that went during the first pass is swept",
		 {"web: N > x; open N", "go", "restart", "api: B; open N", "go", "api:", "go",
		  "sweep"},
		 "remove N"},
		{"draining goes on after a restart",
		 {DRAINING, "restart", "web: A > x", "go", "wait 62", "drain"},
		 "remove A > y"},
		{"a stranger's server stays", {"others add Z > x", "restart", "sweep"}, ""},
		{"a stranger's server that comes after the sweep stays",
		 {"restart", "sweep", "others add Z > x", "observe"},
		 ""},
		{"a stranger's draining destination stays",
		 {"others add Z > x", "weigh Z > x 0", "restart", "sweep", "drain"},
		 ""},
		{"a server on the node's address that no set names is a stranger's",
		 {"others add N > x", "restart", "sweep"},
		 ""},
		{"a server in an excluded network stays, though its address is bound",
		 {"others add X > x; bind X", "restart", "sweep"},
		 "unbind X"},
		{"a server in an excluded network that a Service had goes with it",
		 {"web: X > x", "go", "web:", "go"},
		 "remove X"},
		{"a server on our VIP that nobody wants goes",
		 {WEB, "go", "observe", "sweep", "others add C > x", "observe"},
		 "1 differ; remove C"},
		{"a lost server comes back whole",
		 {WEB, "go", "observe", "others remove A", "observe"},
		 "1 differ; add A; add A > x; add A > y"},
		{"a lost destination comes back",
		 {WEB, "go", "observe", "others remove A > x", "observe"},
		 "1 differ; add A > x"},
		{"a changed weight is repaired",
		 {WEB, "go", "observe", "weigh A > x 5", "observe"},
		 "1 differ; serve A > x"},
		{"a destination of somebody else drains",
		 {WEB, "go", "observe", "others add A > z", "observe"},
		 "1 differ; drain A > z"},
		{"a lost address comes back",
		 {WEB, "go", "observe", "others remove bind A", "observe"},
		 "1 differ; bind A"},
		{"a lost member comes back",
		 {WEB, "go", "observe", "others remove masquerade A", "observe"},
		 "1 differ; masquerade A"},
		{"a foreign member of our set goes",
		 {WEB, "go", "observe", "sweep", "others add masquerade B", "observe"},
		 "1 differ; unmasquerade B"},
		{"a foreign address on our interface goes",
		 {WEB, "go", "observe", "sweep", "others add bind B", "observe"},
		 "1 differ; unbind B"},
		{"no drift, no changes", {WEB, "go", "observe", "sweep", "observe"}, ""},
		{"what was repaired differs no more",
		 {WEB, "go", "observe", "others remove A", "observe", "observe"},
		 ""},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_failures(void **state)
{
#define LIMITED "web: A > x; bind A; restrict A"
	static const struct row rows[] = {
		{"a failed server is tried again with its destinations",
		 {"web: A > x", "refuse 1", "go", "wait 1", "retry"},
		 "add A; add A > x"},
		{"a failed server is not retried before its time",
		 {"web: A > x", "refuse 1", "go", "retry"},
		 ""},
		{"a failed server does not delay others",
		 {"web: A > x", "api: B > y", "refuse 1", "go"},
		 "add A!; add B; add A > x!; add B > y"},
		{"a failed destination is tried again",
		 {"web: A > x y", "refuse 2", "go", "wait 1", "retry"},
		 "add A > x"},
		{"a failed address is tried again",
		 {WEB, "refuse 5", "go", "wait 1", "retry"},
		 "bind A"},
		{"a failed member is tried again",
		 {WEB, "refuse 1", "go", "wait 1", "retry"},
		 "masquerade A"},
		{"the wait doubles: not retried after the first interval",
		 {WEB, "refuse 1", "go", "wait 1", "refuse 1", "retry", "wait 1", "retry"},
		 ""},
		{"the wait doubles: retried after twice the first interval",
		 {WEB, "refuse 1", "go", "wait 1", "refuse 1", "retry", "wait 2", "retry"},
		 "masquerade A"},
		{"success ends the retries",
		 {WEB, "refuse 1", "go", "wait 1", "retry", "wait 60", "retry"},
		 ""},
		{"a failed edit is tried again",
		 {"web: A > x", "go", "web: A lc > x", "refuse 1", "go", "wait 1", "retry"},
		 "edit A"},
		{"a failed weight is tried again",
		 {"web: A > x y", "go", "web: A > x", "refuse 1", "go", "wait 1", "retry"},
		 "drain A > y"},
		{"a failed removal is tried again",
		 {"web: A > x", "go", "web:", "refuse 1", "go", "wait 1", "retry"},
		 "remove A"},
		{"a failed unbinding is tried again",
		 {WEB, "go", "web:", "refuse 1", "go", "wait 1", "retry"},
		 "unbind A"},
		{"the wait for a removal doubles",
		 {WEB, "go", "web:", "refuse 1", "go", "wait 1", "refuse 1", "retry", "wait 1",
		  "retry"},
		 ""},
		{"a removal is taken back while it waits",
		 {WEB, "go", "web:", "refuse 1", "go", WEB, "go"},
		 "masquerade A; add A; add A > x; add A > y"},
		{"a Service that comes back finds what could not be removed",
		 {"web: A > x", "go", "web:", "refuse 1", "go", "web: A > x", "go"},
		 ""},
		{"a Service that goes takes its failure along",
		 {"web: A > x", "refuse 1", "go", "web:", "wait 9", "go", "retry"},
		 ""},
		{"a refused server that may exist is removed with its Service",
		 {"web: A > x", "refuse 1", "go", "web:", "go"},
		 "remove A"},
		{"a refused server that may exist is made anew when its Service returns",
		 {"web: A > x", "refuse 1", "go", "web:", "refuse 1", "go", "web: A > x", "go",
		  "wait 1", "retry"},
		 "add A; add A > x"},
		{"a vanished server is made anew",
		 {"web: A > x", "go", "others remove A", "web: A > x y", "go", "wait 1", "retry"},
		 "add A; add A > x; add A > y"},
		{"no destination while the restriction waits",
		 {LIMITED, "refuse 1", "go", "web: A > x y; bind A; restrict A", "go"},
		 "restrict A; add A > y"},
		{"a change that waits for its retry is no drift",
		 {WEB, "go", "observe", "web: A > x y; bind A; masquerade A; open N", "refuse 1",
		  "go", "observe"},
		 ""},
		{"a server that vanished before its change was refused is no drift",
		 {WEB, "go", "observe", "others remove A", "web: A lc > x y; bind A; masquerade A",
		  "refuse 1", "go", "observe"},
		 "add A; add A > x; add A > y"},
		{"a removal that was refused is no drift",
		 {"web: A > x", "api: C; bind A", "go", "observe", "sweep", "web:", "refuse 1",
		  "go", "weigh A > x 5", "observe"},
		 "remove A"},
	};

	(void)state;
	run_rows(rows, COUNT(rows));
}

static void test_reports(void **cmocka_state)
{
	static const struct {
		const char *what, *steps[LEDGER_BENCH_STEPS], *service;
		enum claim_state state;
		const char *winner;
		int code, element_code;
		uint32_t draining;
		size_t failed;
	} rows[] = {
		{"programmed", {WEB, "go"}, "web", CLAIM_STATE_PROGRAMMED, NULL, 0, 0, 0, 0},
		{"draining is counted",
		 {DRAINING},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 1,
		 0},
		{"a conflict names the winner",
		 {"old: A > x", "young: A > y", "go"},
		 "young",
		 CLAIM_STATE_CONFLICT,
		 "old",
		 0,
		 0,
		 0,
		 0},
		{"the winner sees none",
		 {"old: A > x", "young: A > y", "go"},
		 "old",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 0,
		 0},
		{"a failed server says why, not what followed from it",
		 {"web: A > x", "refuse 1 12", "go"},
		 "web",
		 CLAIM_STATE_FAILED,
		 NULL,
		 -ENOMEM,
		 0,
		 0,
		 1},
		{"a failed destination says why",
		 {"web: A > x y", "refuse 3 28", "go"},
		 "web",
		 CLAIM_STATE_FAILED,
		 NULL,
		 -ENOSPC,
		 0,
		 0,
		 1},
		{"a failed member is the Service's",
		 {WEB, "refuse 1 28", "go"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 -ENOSPC,
		 0,
		 1},
		{"a failed address is the Service's",
		 {WEB, "refuse 5 28", "go"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 -ENOSPC,
		 0,
		 1},
		{"what fails at one address is none of another's",
		 {"web: A > x; B > x; masquerade B", "refuse 1 28", "go"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 0,
		 1},
		{"after a good retry all is well",
		 {WEB, "refuse 1", "go", "wait 1", "retry"},
		 "web",
		 CLAIM_STATE_PROGRAMMED,
		 NULL,
		 0,
		 0,
		 0,
		 0},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct claim_report report;
		struct ledger_bench bench;

		ledger_bench_run(rows[i].what, rows[i].steps, &bench);
		ledger_claim(bench.ledger, rows[i].service, 0, &report);
		assert_int_equal(report.state, rows[i].state);
		assert_true(string_equal(report.winner, rows[i].winner));
		assert_int_equal(report.code, rows[i].code);
		assert_int_equal(report.draining, rows[i].draining);
		assert_int_equal(report.element_code, rows[i].element_code);
		assert_int_equal(ledger_failed_count(bench.ledger), rows[i].failed);
		assert_int_equal(ledger_drain_count(bench.ledger), rows[i].draining);
		assert_int_equal(ledger_next_retry(bench.ledger) == UINT64_MAX,
				 rows[i].failed == 0);
		ledger_bench_end(&bench);
	}
}

static void test_counts(void **state)
{
	static const char *const steps[LEDGER_BENCH_STEPS] = {
		"others add Z > x", "restart", WEB,    "api: B > x; bind B",
		"young: A > z",	    "go",      "sweep"};
	struct ledger_counts counts;
	struct ledger_bench bench;

	(void)state;
	ledger_bench_run("what is programmed is counted once, strangers' objects are not", steps,
			 &bench);
	ledger_count(bench.ledger, &counts);
	assert_int_equal(counts.servers, 2);
	assert_int_equal(counts.destinations, 3);
	assert_int_equal(counts.members, 1);
	assert_int_equal(counts.addresses, 2);
	assert_int_equal(ledger_state(bench.ledger, "web")->server_count, 1);
	assert_null(ledger_state(bench.ledger, "nobody"));

	assert_int_equal(ledger_unsettled_count(bench.ledger), 0);
	ledger_bench_step(&bench, "web: A > x");
	assert_true(ledger_unsettled_count(bench.ledger) > 0);
	ledger_bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_draining),
		cmocka_unit_test(test_draining_without_end),
		cmocka_unit_test(test_observation),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
