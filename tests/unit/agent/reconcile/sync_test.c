/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reconcile/sync.h"

#include "lib/base/clock.h"
#include "tests/fake/fake_backend.h"
#include "tests/fake/object_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SERVICES 600

/* So long takes a Service to plan, and a piece of changes to carry out: many turns of the loop. */
#define PLAN_NANOSECONDS  300000
#define PIECE_NANOSECONDS 3000000

struct fixture {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct fake_kernel *kernel;
	struct ledger *ledger;
	struct sync *sync;
	struct changes *found;
	const char *missing_scheduler;
	size_t ahead, level; /* turns after which the ledger was ahead of the kernel, or not */
};

static void pause_for(long nanoseconds)
{
	const struct timespec time = {.tv_nsec = nanoseconds};

	nanosleep(&time, NULL);
}

/* As a kernel without one of the schedulers does. */
static void apply_one_by_one(struct fixture *fixture, struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool has_scheduler = changes[i].kind == CHANGE_KIND_SERVER_ADD ||
				     changes[i].kind == CHANGE_KIND_SERVER_EDIT;

		if (has_scheduler &&
		    strcmp(changes[i].server.scheduler, fixture->missing_scheduler) == 0)
			changes[i].result = -ENOENT;
		else
			fake_backend_apply(fixture->kernel, &changes[i], 1);
	}
}

static int apply_slowly(void *owner, enum facility facility, struct change *changes, size_t count,
			struct error *err)
{
	struct fixture *fixture = owner;

	(void)facility;
	(void)err;
	pause_for(PIECE_NANOSECONDS);
	if (fixture->missing_scheduler)
		apply_one_by_one(fixture, changes, count);
	else
		fake_backend_apply(fixture->kernel, changes, count);
	return 0;
}

static void plan_slowly(void *owner, const struct service_view *view,
			const struct service_state *state)
{
	(void)owner;
	(void)view;
	(void)state;
	pause_for(PLAN_NANOSECONDS);
}

/* Return: how many objects are not what the ledger takes them for; @found is what it would do */
static size_t compare(struct fixture *fixture)
{
	size_t drift = 0;

	for (int facility = 0; facility < FACILITY_COUNT; facility++)
		drift += fake_kernel_observe(fixture->kernel, fixture->ledger,
					     (enum facility)facility, clock_milliseconds(),
					     fixture->found);
	return drift;
}

/* Turns the loop until everything is done; whoever compares when he may sees no drift. */
static void run(struct fixture *fixture)
{
	fixture->ahead = fixture->level = 0;
	do {
		ev_run(fixture->loop, EVRUN_NOWAIT);
		if (sync_is_ahead(fixture->sync)) {
			fixture->ahead++;
			continue;
		}
		fixture->level++;
		assert_int_equal(compare(fixture), 0);
		assert_int_equal(fixture->found->count, 0);
	} while (!sync_is_settled(fixture->sync) || ledger_failed_count(fixture->ledger));
}

static void set_up_with(struct fixture *fixture, int services)
{
	const struct kernel_target target = {.owner = fixture, .apply = apply_slowly};
	const struct sync_observer observer = {.owner = fixture, .planned = plan_slowly};
	const struct sync_options options = {
		.desired = {.scheduler = "rr", .affinity_scheduler = "sh"}};
	const struct ledger_options ledger_options = {.retry_first_milliseconds = 20,
						      .retry_max_milliseconds = 20};

	*fixture = (struct fixture){
		.loop = ev_loop_new(0),
		.strings = string_pool_new(),
		.store = store_new(),
		.kernel = fake_kernel_new(),
		.found = changes_new(),
		.ledger = ledger_new(&ledger_options),
	};
	fixture->sync = sync_new(fixture->loop, &target, fixture->store, fixture->ledger, &options,
				 &observer);
	for (int i = 0; i < services; i++) {
		auto_memory char *service = string_printf("default/s%d ip=10.96.%d.%d port=:80/TCP",
							  i, i / 250, i % 250 + 1);
		auto_memory char *slice = string_printf(
			"default/s%d-x service=s%d port=:80/TCP 10.1.%d.%d 10.2.%d.%d", i, i,
			i / 250, i % 250 + 1, i / 250, i % 250 + 1);

		store_set_service(fixture->store, object_text_service(service));
		store_set_endpoint_slice(fixture->store,
					 object_text_slice(fixture->strings, slice));
	}
	assert_int_equal(compare(fixture), 0);
	sync_allow(fixture->sync, SYNC_GATE_OBSERVED);
	sync_allow(fixture->sync, SYNC_GATE_RULES);
	sync_allow(fixture->sync, SYNC_GATE_SOURCE);
	sync_allow_sweep(fixture->sync);
}

static void set_up(struct fixture *fixture)
{
	set_up_with(fixture, SERVICES);
}

static void tear_down(struct fixture *fixture)
{
	sync_free(fixture->sync);
	ledger_free(fixture->ledger);
	changes_free(fixture->found);
	fake_kernel_free(fixture->kernel);
	store_free(fixture->store);
	string_pool_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
}

static void assert_programmed(const struct fixture *fixture)
{
	assert_int_equal(fixture->kernel->server_count, SERVICES);
	assert_int_equal(fixture->kernel->address_count, SERVICES);
	assert_int_equal(fixture->kernel->member_count, 2 * SERVICES);
}

static void test_level_or_ahead(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	run(&fixture);
	assert_programmed(&fixture);
	assert_in_range(fixture.ahead, 10, SIZE_MAX);
	/* Others are let in meanwhile, between two windows. */
	assert_in_range(fixture.level, 2, SIZE_MAX);

	for (int i = 0; i < SERVICES; i++) {
		auto_memory char *name = string_printf("s%d", i);

		store_remove_service(fixture.store, "default", name);
	}
	sync_wake(fixture.sync);
	run(&fixture);
	assert_in_range(fixture.ahead, 10, SIZE_MAX);
	assert_int_equal(fixture.kernel->server_count, 0);
	assert_int_equal(fixture.kernel->member_count, 0);
	assert_int_equal(fixture.kernel->address_count, 0);
	tear_down(&fixture);
}

/* What somebody took away comes again, all of it, over as many turns as that takes. */
static void test_large_repair(void **state)
{
	struct fixture fixture;
	struct fake_kernel *before;

	(void)state;
	set_up(&fixture);
	run(&fixture);
	before = fixture.kernel;
	fixture.kernel = fake_kernel_new();
	assert_int_equal(compare(&fixture), 4 * SERVICES);
	sync_commit(fixture.sync, fixture.found);
	assert_int_equal(fixture.found->count, 0);
	assert_true(sync_is_ahead(fixture.sync));
	run(&fixture);
	assert_in_range(fixture.ahead, 2, SIZE_MAX);
	assert_true(fake_kernel_is_equal(fixture.kernel, before));
	fake_kernel_free(before);
	tear_down(&fixture);
}

/* What the kernel refuses is tried again after the others were carried out, and alone. */
static void test_one_failure(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fake_kernel_fail(fixture.kernel, SERVICES, -ENOMEM);
	run(&fixture);
	assert_programmed(&fixture);
	for (size_t i = 0, failed = 0; i < FACILITY_COUNT; i++) {
		failed += sync_counters(fixture.sync)->failed[i];
		if (i + 1 == FACILITY_COUNT)
			assert_int_equal(failed, 1);
	}
	tear_down(&fixture);
}

static size_t count_servers(const struct fixture *fixture, const char *scheduler)
{
	size_t count = 0;

	for (size_t i = 0; i < fixture->kernel->server_count; i++)
		count += strcmp(fixture->kernel->servers[i].server.scheduler, scheduler) == 0;
	return count;
}

static void ask_for_scheduler(struct fixture *fixture, const char *scheduler)
{
	auto_memory char *service =
		string_printf("default/s1 ip=10.96.0.2 port=:80/TCP scheduler=%s", scheduler);

	store_set_service(fixture->store, object_text_service(service));
	sync_wake(fixture->sync);
	do {
		ev_run(fixture->loop, EVRUN_NOWAIT);
	} while (!sync_is_settled(fixture->sync) || ledger_failed_count(fixture->ledger));
}

/* A scheduler that the kernel does not have costs its Service nothing, whether new or not. */
static void test_missing_scheduler(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up_with(&fixture, 3);
	fixture.missing_scheduler = "mh";
	ask_for_scheduler(&fixture, "mh");
	assert_int_equal(count_servers(&fixture, "rr"), 3);

	ask_for_scheduler(&fixture, "lc");
	assert_int_equal(count_servers(&fixture, "lc"), 1);
	fixture.missing_scheduler = "nq";
	ask_for_scheduler(&fixture, "nq");
	assert_int_equal(count_servers(&fixture, "rr"), 3);
	for (size_t i = 0; i < fixture.kernel->server_count; i++)
		assert_int_equal(fixture.kernel->servers[i].destination_count, 2);
	assert_int_equal(compare(&fixture), 0);
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level_or_ahead),
		cmocka_unit_test(test_large_repair),
		cmocka_unit_test(test_one_failure),
		cmocka_unit_test(test_missing_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
