/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ledger_drain.h"

#include "lib/plan/ledger.h"
#include "tests/fake/ledger_bench.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS 8

/* "y 12": y began to drain 12 seconds ago; "y ?": it is not known when. */
struct listing {
	const struct ledger_bench *bench;
	char text[100];
};

/* The bench's destination a is 10.244.0.1 and so on. */
static void write_draining(void *owner, const struct destination *destination, uint64_t since)
{
	struct listing *listing = owner;
	size_t used = strlen(listing->text);
	char name = (char)('a' + destination->address.bytes[3] - 1);

	if (since)
		snprintf(listing->text + used, sizeof(listing->text) - used, "%s%c %u",
			 used ? ", " : "", name,
			 (unsigned int)(listing->bench->now - since) / 1000);
	else
		snprintf(listing->text + used, sizeof(listing->text) - used, "%s%c ?",
			 used ? ", " : "", name);
}

/* The virtual server A of the bench. */
static struct virtual_server_key key_of_a(const struct ledger_bench *bench)
{
	return ledger_state(bench->ledger, "web")->servers[0].server.key;
}

static void test_since(void **state)
{
	static const struct {
		const char *what;
		uint64_t drain_seconds;
		const char *steps[STEPS], *listing;
	} cases[] = {
		{"nothing drains", 60, {"web: A > x y", "go", "wait 5"}, ""},
		{"a destination drains since its endpoint went",
		 60,
		 {"web: A > x y", "go", "wait 5", "web: A > x", "go", "connections A > y 1",
		  "wait 12"},
		 "y 12"},
		{"each since its own time",
		 60,
		 {"web: A > x y", "go", "web: A > x", "go", "wait 12", "web: A > z", "go"},
		 "x 0, y 12"},
		{"an observation keeps it",
		 60,
		 {"web: A > x y", "go", "web: A > x", "go", "wait 12", "others remove A > x",
		  "observe", "go"},
		 "y 12"},
		{"one that returns drains no more",
		 60,
		 {"web: A > x y", "go", "web: A > x", "go", "wait 12", "web: A > x y", "go"},
		 ""},
		{"after a restart it is since that",
		 60,
		 {"web: A > x y", "go", "web: A > x", "go", "restart", "web: A > x", "go",
		  "wait 3"},
		 "y 3"},
		{"the longest time to drain that is told apart",
		 UINT16_MAX - 1,
		 {"web: A > x y", "go", "web: A > x", "go", "wait 12"},
		 "y 12"},
		{"of longer ones it is not known",
		 UINT16_MAX,
		 {"web: A > x y", "go", "web: A > x", "go", "wait 12"},
		 "y ?"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ledger_options options = {.drain_milliseconds =
							       cases[i].drain_seconds * 1000};
		struct virtual_server_key key;
		struct ledger_bench bench;
		struct listing listing = {.bench = &bench};

		print_message("%s\n", cases[i].what);
		ledger_bench_init(&bench);
		ledger_set_options(bench.ledger, &options);
		for (size_t k = 0; k < STEPS && cases[i].steps[k]; k++)
			ledger_bench_step(&bench, cases[i].steps[k]);
		key = key_of_a(&bench);
		ledger_drain_each_destination(bench.ledger, &key, write_draining, &listing);
		assert_string_equal(listing.text, cases[i].listing);
		ledger_bench_end(&bench);
	}
}

/* What the kernel does not have cannot drain. */
static void test_unknown_server(void **state)
{
	const struct virtual_server_key key = {.port = 1, .protocol = IPPROTO_TCP};
	struct ledger_bench bench;
	struct listing listing = {.bench = &bench};

	(void)state;
	ledger_bench_init(&bench);
	ledger_drain_each_destination(bench.ledger, &key, write_draining, &listing);
	assert_string_equal(listing.text, "");
	ledger_bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_unknown_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
