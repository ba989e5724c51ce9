/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No Service keeps the loop for long. Time passes whenever it is asked for, and only then, so that
 * the turns of the loop are the same ones however busy the machine is.
 */
#include "agent/reconcile/sync.h"

#include "lib/base/clock.h"
#include "tests/fake/large_objects.h"
#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LOOK_SECONDS 0.001

/* sync.c's SLICE_SECONDS, and what ends one thing and begins another. */
#define LOOKS_PER_TURN_MAX 12
#define PART_MAX	   256

static double now;
static size_t looks;

double clock_now(void)
{
	looks++;
	now += LOOK_SECONDS;
	return now;
}

uint64_t clock_milliseconds(void)
{
	return (uint64_t)(now * 1000);
}

struct fixture {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct ledger *ledger;
	struct sync *sync;
	size_t applied;
};

static int accept(void *owner, enum facility facility, struct change *changes, size_t count,
		  struct error *err)
{
	(void)owner;
	(void)facility;
	(void)err;
	for (size_t i = 0; i < count; i++)
		changes[i].result = 0;
	return 0;
}

static void on_applied(void *owner, const struct changes *part)
{
	struct fixture *fixture = owner;

	assert_in_range(part->count, 1, PART_MAX);
	fixture->applied += part->count;
}

static void set_up(struct fixture *fixture, const struct desired_options *limits)
{
	static const struct ledger_options ledger_options = {.retry_first_milliseconds = 1000,
							     .retry_max_milliseconds = 1000};
	const struct kernel_target target = {.apply = accept};
	const struct sync_observer observer = {.owner = fixture, .applied = on_applied};
	struct sync_options options = {.desired = *limits};

	strcpy(options.desired.scheduler, "rr");
	strcpy(options.desired.affinity_scheduler, "sh");
	*fixture = (struct fixture){
		.loop = ev_loop_new(0),
		.strings = string_pool_new(),
		.store = store_new(),
		.ledger = ledger_new(&ledger_options),
	};
	fixture->sync = sync_new(fixture->loop, &target, fixture->store, fixture->ledger, &options,
				 &observer);
	sync_allow(fixture->sync, SYNC_GATE_OBSERVED);
	sync_allow(fixture->sync, SYNC_GATE_RULES);
	sync_allow(fixture->sync, SYNC_GATE_SOURCE);
}

static void tear_down(struct fixture *fixture)
{
	sync_free(fixture->sync);
	ledger_free(fixture->ledger);
	store_free(fixture->store);
	string_pool_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
}

static void add(struct fixture *fixture, const char *text)
{
	store_set_service(fixture->store, object_text_service(text));
	sync_wake(fixture->sync);
}

static void turn(struct fixture *fixture)
{
	looks = 0;
	ev_run(fixture->loop, EVRUN_ONCE);
	assert_in_range(looks, 0, LOOKS_PER_TURN_MAX);
}

/* Return: after how many turns all was done */
static size_t settle(struct fixture *fixture)
{
	size_t turns = 0;

	sync_wake(fixture->sync);
	do {
		turn(fixture);
		turns++;
	} while (!sync_is_settled(fixture->sync));
	return turns;
}

static const struct desired_options usual = {
	.objects_max = 250000, .endpoints_max = 10000, .node_objects_max = 2000000};

/* Each kind is planned, programmed, reported and removed in many turns. */
static void test_turns(void **state)
{
	static const struct {
		struct large_object object;
		size_t turns, removal_turns;
	} cases[] = {
		{{.name = "ports-and-ips", .ports = 100, .external_ips = 1000, .endpoints = 1},
		 240,
		 80},
		{{.name = "endpoints", .ports = 3, .endpoints = 9000}, 65, 2},
		{{.name = "too-many-endpoints", .ports = 1, .endpoints = 50000}, 34, 2},
		{{.name = "source-ranges",
		  .ports = 1,
		  .load_balancer_ips = 1,
		  .endpoints = 1,
		  .source_ranges = 20000},
		 60,
		 60},
		{{.name = "local",
		  .ports = 1000,
		  .load_balancer_ips = 2,
		  .endpoints = 2,
		  .is_local = true},
		 280,
		 38},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture fixture;
		size_t turns;

		set_up(&fixture, &usual);
		settle(&fixture);
		large_object_add(&cases[i].object, fixture.store, fixture.strings);
		turns = settle(&fixture);
		print_message("%s: %zu turns for %zu changes\n", cases[i].object.name, turns,
			      fixture.applied);
		assert_in_range(turns, cases[i].turns, SIZE_MAX);
		large_object_remove(&cases[i].object, fixture.store);
		turns = settle(&fixture);
		print_message("%s: %zu turns to remove it\n", cases[i].object.name, turns);
		assert_in_range(turns, cases[i].removal_turns, SIZE_MAX);
		tear_down(&fixture);
	}
}

/* While it is planned anything may happen to it, and to others. */
static void test_meanwhile(void **state)
{
	static const struct large_object object = {
		.name = "x", .ports = 100, .external_ips = 1000, .endpoints = 2000};
	static const char small[] = "large/x ip=10.96.0.1 port=:80/TCP";
	struct fixture fixture;

	(void)state;
	for (size_t turns = 1; turns < 60; turns += 7) {
		const struct service_state *planned;

		set_up(&fixture, &usual);
		large_object_add(&object, fixture.store, fixture.strings);
		for (size_t i = 0; i < turns; i++)
			turn(&fixture);
		assert_true(sync_is_ahead(fixture.sync));
		large_object_remove(&object, fixture.store);
		add(&fixture, "a/gone ip=10.96.0.8 port=:80/TCP");
		turn(&fixture);
		store_remove_service(fixture.store, "a", "gone");
		add(&fixture, small);
		add(&fixture, "a/other ip=10.96.0.9 port=:80/TCP");
		settle(&fixture);
		planned = ledger_state(fixture.ledger, "large/x");
		assert_non_null(planned);
		assert_int_equal(planned->server_count, 1);
		assert_non_null(ledger_state(fixture.ledger, "a/other"));
		assert_null(ledger_state(fixture.ledger, "a/gone"));
		tear_down(&fixture);
	}
}

static uint32_t left_out(const struct fixture *fixture, const char *key)
{
	const struct service_state *planned = ledger_state(fixture->ledger, key);

	assert_non_null(planned);
	assert_int_equal(planned->is_node_full, planned->left_out != 0);
	return planned->left_out;
}

/* Who comes last gets less, though not of ClusterIPs, until others have left. */
static void test_node_limit(void **state)
{
	const struct desired_options limits = {.node_objects_max = 1000};
	const struct large_object first = {.name = "first", .ports = 1, .external_ips = 150};
	const struct large_object second = {.name = "second", .ports = 1, .external_ips = 100};
	struct fixture fixture;

	(void)state;
	set_up(&fixture, &limits);
	large_object_add(&first, fixture.store, fixture.strings);
	settle(&fixture);
	assert_int_equal(left_out(&fixture, "large/first"), 0);
	large_object_add(&second, fixture.store, fixture.strings);
	settle(&fixture);
	assert_int_equal(left_out(&fixture, "large/second"), 65);
	add(&fixture, "a/web ip=10.96.0.9 port=:80/TCP");
	settle(&fixture);
	assert_int_equal(left_out(&fixture, "a/web"), 0);

	large_object_remove(&first, fixture.store);
	settle(&fixture);
	assert_int_equal(left_out(&fixture, "large/second"), 0);
	tear_down(&fixture);
}

/* What was planned so far is of the settings before, also if they say the same. */
static void test_new_settings(void **state)
{
	static const struct large_object object = {
		.name = "x", .ports = 100, .external_ips = 100, .endpoints = 1};
	static const struct {
		int objects_max;
		uint32_t servers;
	} cases[] = {{50000, 100 * 100}, {5000, 1000}, {0, 100 * 101}};

	(void)state;
	for (size_t i = 0; i < 20 * COUNT(cases); i++) {
		const size_t k = i % COUNT(cases);
		struct fixture fixture;
		struct sync_options options;

		set_up(&fixture, &usual);
		large_object_add(&object, fixture.store, fixture.strings);
		for (size_t turns = i / COUNT(cases); turns; turns--)
			turn(&fixture);
		options = (struct sync_options){.desired = *sync_desired_options(fixture.sync)};
		options.desired.objects_max = cases[k].objects_max;
		sync_set_options(fixture.sync, &options);
		settle(&fixture);
		assert_int_equal(ledger_state(fixture.ledger, "large/x")->server_count,
				 cases[k].servers);
		tear_down(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_node_limit),
		cmocka_unit_test(test_new_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
