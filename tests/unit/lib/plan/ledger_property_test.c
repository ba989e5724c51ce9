/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A small cluster changes at random; store, desired, ledger and changes bring a kernel in memory
 * up to date, batch by batch. What must hold after each batch, and wherever a batch is cut, is
 * compared with planning everything from scratch. A failure prints the seed, which repeats it.
 */
#include "lib/kernel/kernel.h"
#include "lib/plan/ledger_drain.h"
#include "tests/fake/cluster_model.h"
#include "tests/fake/cut_check.h"
#include "tests/fake/drift_injector.h"
#include "tests/fake/fake_backend.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* PROPERTY_SEEDS in the environment asks for more, for a night. */
#define SEEDS	 6
#define BATCHES	 100
#define SERVICES 9

struct model {
	uint64_t seed;
	unsigned int batch;
	struct cluster_model *world;
	struct ledger *ledger;
	struct fake_kernel *kernel;
	struct changes *changes;
	uint64_t now;
};

/* Ends the test with what is needed to repeat it. */
static void complain(const struct model *model, const char *what)
{
	print_error("seed %llu, batch %u: %s\n", (unsigned long long)model->seed, model->batch,
		    what);
	fail();
}

/* As the agent starts: what the kernel holds is read before anything is planned. */
static struct ledger *new_ledger(const struct fake_kernel *kernel, uint64_t now)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct ledger *ledger = cluster_model_new_ledger();

	for (int facility = 0; facility < FACILITY_COUNT; facility++)
		assert_int_equal(
			fake_kernel_observe(kernel, ledger, (enum facility)facility, now, changes),
			0);
	assert_int_equal(changes->count, 0);
	return ledger;
}

static void model_init(struct model *model, uint64_t seed)
{
	*model = (struct model){
		.seed = seed,
		.world = cluster_model_new(seed, SERVICES),
		.kernel = fake_kernel_new(),
		.changes = changes_new(),
		.now = 1000000,
	};
	drift_injector_add_strangers(model->kernel);
	model->ledger = new_ledger(model->kernel, model->now);
	ledger_sweep(model->ledger, model->now, model->changes);
	assert_int_equal(model->changes->count, 0);
}

static void model_end(struct model *model)
{
	cluster_model_free(model->world);
	ledger_free(model->ledger);
	fake_kernel_free(model->kernel);
	changes_free(model->changes);
}

/* As the agent does it, in steps of any size. */
static void settle_in_steps(struct model *model)
{
	size_t budget;

	do
		budget = 1 + cluster_model_random(model->world, 20);
	while (!ledger_settle_step(model->ledger, &budget, model->now, model->changes));
}

/* Some random changes of the cluster, and what is to be done about them, sorted. */
static void plan_batch(struct model *model)
{
	for (unsigned int i = 1 + cluster_model_random(model->world, 4); i > 0; i--)
		cluster_model_step(model->world);
	cluster_model_plan(model->world, model->world->store, model->ledger);
	settle_in_steps(model);
	changes_sort(model->changes);
}

/* Applies and reports @model->changes, of which nothing may fail or be superfluous. */
static void commit_undisturbed(struct model *model)
{
	size_t redundant = model->kernel->redundant;
	struct changes *changes = model->changes;

	changes_sort(changes);
	if (fake_kernel_apply(model->kernel, changes->items, changes->count))
		complain(model, "a change was refused");
	if (model->kernel->redundant != redundant)
		complain(model, "a change changed nothing");
	ledger_report(model->ledger, changes->items, changes->count, model->now);
	changes_clear(changes);
}

/* The same where others interfere: what the kernel has already, or has lost, may come up. */
static void commit(struct model *model)
{
	struct changes *changes = model->changes;

	ledger_settle(model->ledger, model->now, changes);
	changes_sort(changes);
	fake_backend_apply(model->kernel, changes->items, changes->count);
	ledger_report(model->ledger, changes->items, changes->count, model->now);
	changes_clear(changes);
}

static void end_drains(struct model *model)
{
	fake_kernel_drain(model->kernel, model->ledger, model->now, model->changes);
	commit(model);
	if (ledger_drain_count(model->ledger))
		complain(model, "a destination without connections goes on draining");
}

/* The objects are those of a plan from scratch, and nothing else. */
static void check_ideal(const struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *ideal = cluster_model_ideal(model->world);
	size_t destination_count = 0, server_count = ideal->server_count;
	struct ledger_counts counts;

	for (size_t i = 0; i < server_count; i++)
		destination_count += ideal->servers[i].destination_count;
	drift_injector_add_strangers(ideal);
	if (!fake_kernel_is_equal(model->kernel, ideal))
		complain(model, "the kernel differs from a plan from scratch");
	ledger_count(model->ledger, &counts);
	assert_int_equal(counts.servers, server_count);
	assert_int_equal(counts.destinations, destination_count);
	assert_int_equal(counts.members, model->kernel->member_count);
	assert_int_equal(counts.addresses, model->kernel->address_count);
}

/*
 * Whether @server is one for clients in the cluster that nobody wants any more, but for connections
 * that go on: its address and port are there for everybody, and all its destinations drain.
 */
static bool is_retired(const struct fake_server *server, const struct fake_kernel *ideal)
{
	struct virtual_server_key key = server->server.key;

	if (key.client_scope != CLIENT_SCOPE_IN_CLUSTER || fake_kernel_find_server(ideal, &key))
		return false;
	key.client_scope = CLIENT_SCOPE_ANY;
	for (size_t i = 0; i < server->destination_count; i++)
		if (server->destinations[i].destination.weight)
			return false;
	return server->destination_count && fake_kernel_find_server(ideal, &key);
}

/* Return: how many destinations went with them */
static size_t remove_retired(struct fake_kernel *kernel, const struct fake_kernel *ideal)
{
	auto_free(changes) struct changes *changes = changes_new();
	size_t count = 0;

	for (size_t i = 0; i < kernel->server_count; i++) {
		if (!is_retired(&kernel->servers[i], ideal))
			continue;
		changes_add(changes, CHANGE_KIND_SERVER_REMOVE)->server = kernel->servers[i].server;
		count += kernel->servers[i].destination_count;
	}
	fake_kernel_apply(kernel, changes->items, changes->count);
	return count;
}

/*
 * The same while destinations drain: beside the wanted ones, a virtual server has only such with
 * weight 0, and a UDP one has none.
 */
static void check_ideal_but_draining(const struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *ideal = cluster_model_ideal(model->world);
	auto_free(fake_kernel) struct fake_kernel *drained = fake_kernel_copy(model->kernel);
	size_t draining;

	drift_injector_add_strangers(ideal);
	draining = remove_retired(drained, ideal);
	for (size_t i = 0; i < drained->server_count; i++) {
		struct fake_server *server = &drained->servers[i];
		const struct fake_server *wanted =
			fake_kernel_find_server(ideal, &server->server.key);
		size_t used = 0;

		for (size_t d = 0; wanted && d < server->destination_count; d++) {
			const struct destination_usage *usage = &server->destinations[d];

			if (usage->destination.weight ||
			    fake_server_find_destination(wanted, &usage->destination) ||
			    server->server.key.protocol == IPPROTO_UDP)
				server->destinations[used++] = *usage;
			else
				draining++;
		}
		server->destination_count = used;
	}
	if (!fake_kernel_is_equal(drained, ideal))
		complain(model, "the kernel differs from a plan from scratch");
	if (draining != ledger_drain_count(model->ledger))
		complain(model, "the ledger miscounts what drains");
}

static bool are_opposites(const struct change *a, const struct change *b)
{
	if (a->kind == CHANGE_KIND_MEMBER_ADD && b->kind == CHANGE_KIND_MEMBER_REMOVE)
		return memcmp(&a->member, &b->member, sizeof(a->member)) == 0;
	if (a->kind == CHANGE_KIND_SERVER_ADD && b->kind == CHANGE_KIND_SERVER_REMOVE)
		return memcmp(&a->server.key, &b->server.key, sizeof(a->server.key)) == 0;
	if (a->kind == CHANGE_KIND_ADDRESS_ADD && b->kind == CHANGE_KIND_ADDRESS_REMOVE)
		return address_is_equal(&a->address, &b->address);
	return a->kind == CHANGE_KIND_DESTINATION_ADD &&
	       b->kind == CHANGE_KIND_DESTINATION_REMOVE &&
	       memcmp(&a->destination.server, &b->destination.server,
		      sizeof(a->destination.server)) == 0 &&
	       destination_compare(&a->destination.value, &b->destination.value) == 0;
}

static void check_no_opposites(const struct model *model)
{
	const struct changes *changes = model->changes;

	for (size_t i = 0; i < changes->count; i++)
		for (size_t j = 0; j < changes->count; j++)
			if (are_opposites(&changes->items[i], &changes->items[j]))
				complain(model, "one batch adds and removes the same object");
}

/* Whatever the batch is cut to, the kernel is right or silent; see cut_check(). */
static void check_all_cuts(const struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *cut = fake_kernel_copy(model->kernel);
	auto_free(fake_kernel) struct fake_kernel *after = fake_kernel_copy(model->kernel);
	struct changes *changes = model->changes;

	fake_kernel_apply(after, changes->items, changes->count);
	for (size_t i = 0; i <= changes->count; i++) {
		char *complaint = cut_check(model->kernel, cut, after, &model->world->node);

		if (complaint)
			complain(model, complaint);
		if (i < changes->count)
			fake_kernel_apply(cut, &changes->items[i], 1);
	}
}

/* Draining destinations get a connection, or lose it, at random. */
static void touch_connections(struct model *model)
{
	for (size_t i = 0; i < model->kernel->server_count; i++)
		for (size_t d = 0; d < model->kernel->servers[i].destination_count; d++)
			model->kernel->servers[i].destinations[d].active_connections =
				cluster_model_random(model->world, 2);
}

static void close_connections(struct model *model)
{
	for (size_t i = 0; i < model->kernel->server_count; i++)
		for (size_t d = 0; d < model->kernel->servers[i].destination_count; d++)
			model->kernel->servers[i].destinations[d].active_connections = 0;
}

static void each_seed(void (*run)(struct model *model))
{
	const char *wish = getenv("PROPERTY_SEEDS");
	uint64_t seeds = wish ? strtoull(wish, NULL, 10) : SEEDS;

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct model model;

		model_init(&model, seed);
		for (model.batch = 1; model.batch <= BATCHES; model.batch++)
			run(&model);
		model_end(&model);
	}
}

static void run_increment(struct model *model)
{
	plan_batch(model);
	check_no_opposites(model);
	check_all_cuts(model);
	commit_undisturbed(model);
	check_ideal_but_draining(model);

	touch_connections(model);
	model->now += cluster_model_random(model->world, 4000);
	fake_kernel_drain(model->kernel, model->ledger, model->now, model->changes);
	commit_undisturbed(model);
	check_ideal_but_draining(model);
	if (model->batch % 10 == 0) {
		/* Past every deadline, connections or not. */
		model->now += 12000;
		fake_kernel_drain(model->kernel, model->ledger, model->now, model->changes);
		commit_undisturbed(model);
		check_ideal(model);
	}
}

static void test_increments_give_the_state_of_a_plan_from_scratch(void **state)
{
	(void)state;
	each_seed(run_increment);
}

/* Of virtual servers that somebody wants, before all is swept */
static void check_sources(const struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *ideal = cluster_model_ideal(model->world);

	for (size_t i = 0; i < model->kernel->member_count; i++) {
		const struct set_member *member = &model->kernel->members[i];
		struct virtual_server_key key = service_state_server_of(member);

		if (set_kind_is_allowed_source(member->kind) &&
		    fake_kernel_find_server(ideal, &key) && !fake_kernel_has_member(ideal, member))
			complain(model, "a source that may no longer ask waits for the sweep");
	}
}

/* The agent's start: observe, plan everything, sweep. Return: how many changes that took */
static size_t restart(struct model *model)
{
	auto_free(store) struct store *store = cluster_model_new_store(model->world);
	size_t count;

	ledger_free(model->ledger);
	model->ledger = new_ledger(model->kernel, model->now);
	cluster_model_plan(model->world, store, model->ledger);
	ledger_settle(model->ledger, model->now, model->changes);
	count = model->changes->count;
	commit_undisturbed(model);
	check_sources(model);
	ledger_sweep(model->ledger, model->now, model->changes);
	count += model->changes->count;
	commit_undisturbed(model);
	return count;
}

static void run_kill(struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *before = NULL;
	size_t cut;

	plan_batch(model);
	cut = cluster_model_random(model->world, (unsigned int)model->changes->count + 1);
	fake_kernel_apply(model->kernel, model->changes->items, cut);
	changes_clear(model->changes);

	/* While nobody looked, the cluster may have moved on. */
	if (cluster_model_random(model->world, 2))
		for (unsigned int i = cluster_model_random(model->world, 4); i > 0; i--)
			cluster_model_step(model->world);

	restart(model);
	check_ideal_but_draining(model);
	before = fake_kernel_copy(model->kernel);
	if (restart(model) || !fake_kernel_is_equal(before, model->kernel))
		complain(model, "a second restart writes");
	close_connections(model);
	end_drains(model);
	check_ideal(model);

	/* The store of this life knows what the restarted ledger was told. */
	cluster_model_plan(model->world, model->world->store, model->ledger);
	commit_undisturbed(model);
}

static void test_a_killed_batch_is_completed_by_the_next_start(void **state)
{
	(void)state;
	each_seed(run_kill);
}

/* A kernel that refuses every tenth change. */
static int apply_with_refusals(void *owner, enum facility facility, struct change *changes,
			       size_t count, struct error *err)
{
	struct model *model = owner;

	(void)facility;
	(void)err;
	for (size_t i = 0; i < count; i++) {
		if (cluster_model_random(model->world, 10) == 0)
			fake_kernel_fail(model->kernel, 1, -ENOMEM);
		fake_backend_apply(model->kernel, &changes[i], 1);
	}
	return 0;
}

/* Only what was refused itself, or cannot be without that, is not done. */
static void check_results(const struct model *model)
{
	for (size_t i = 0; i < model->changes->count; i++) {
		const struct change *change = &model->changes->items[i];

		if (change->result == 0 || change->result == -ENOMEM ||
		    change->result == -ECANCELED)
			continue;
		if (change->result == -ESRCH && change_facility(change->kind) == FACILITY_IPVS &&
		    !fake_kernel_find_server(model->kernel, &change->destination.server))
			continue;
		complain(model, "a change failed because of another");
	}
}

/* Where the restriction to source ranges could not be added, no destination was. */
static void check_restrictions(const struct model *model, const struct fake_kernel *before)
{
	auto_free(fake_kernel) struct fake_kernel *ideal = cluster_model_ideal(model->world);

	for (size_t i = 0; i < ideal->member_count; i++) {
		const struct set_member *member = &ideal->members[i];
		const struct fake_server *server, *server_before;
		struct virtual_server_key key;

		if (member->kind != SET_KIND_LOAD_BALANCER_FIREWALL ||
		    fake_kernel_has_member(model->kernel, member))
			continue;
		memset(&key, 0, sizeof(key));
		key.address = member->address;
		key.port = member->port;
		key.protocol = member->protocol;
		server = fake_kernel_find_server(model->kernel, &key);
		server_before = fake_kernel_find_server(before, &key);
		for (size_t d = 0; server && d < server->destination_count; d++)
			if (!server_before ||
			    !fake_server_find_destination(server_before,
							  &server->destinations[d].destination))
				complain(model, "a destination without its restriction");
	}
}

static void commit_with_refusals(struct model *model)
{
	const struct kernel_target target = {.owner = model, .apply = apply_with_refusals};
	auto_free(fake_kernel) struct fake_kernel *before = fake_kernel_copy(model->kernel);

	ledger_settle(model->ledger, model->now, model->changes);
	changes_sort(model->changes);
	kernel_apply(&target, model->changes);
	check_results(model);
	check_restrictions(model, before);
	ledger_report(model->ledger, model->changes->items, model->changes->count, model->now);
	changes_clear(model->changes);
}

static void run_failures(struct model *model)
{
	unsigned int rounds = 0;

	for (unsigned int i = cluster_model_random(model->world, 3) + 1; i > 0; i--) {
		plan_batch(model);
		commit_with_refusals(model);
		model->now += cluster_model_random(model->world, 200);
		ledger_retry(model->ledger, model->now, SIZE_MAX, model->changes);
		commit_with_refusals(model);
	}
	while (ledger_failed_count(model->ledger)) {
		uint64_t next = ledger_next_retry(model->ledger);

		if (next == UINT64_MAX || next > model->now + 1000)
			complain(model, "a failed object waits too long");
		if (next > model->now)
			model->now = next;
		if (!ledger_retry(model->ledger, model->now, SIZE_MAX, model->changes))
			complain(model, "nothing to try at the time that was named");
		if (++rounds > 1000)
			complain(model, "trying again does not end");
		commit_with_refusals(model);
	}
	if (ledger_next_retry(model->ledger) != UINT64_MAX)
		complain(model, "a retry without failures");
	check_ideal_but_draining(model);
	end_drains(model);
	check_ideal(model);
}

static void test_failures_are_tried_again_until_all_is_well(void **state)
{
	(void)state;
	each_seed(run_failures);
}

static size_t observe_all(struct model *model)
{
	static const enum facility order[] = {FACILITY_LINK, FACILITY_IPSET, FACILITY_IPVS};
	size_t drift = 0;

	for (size_t i = 0; i < COUNT(order); i++) {
		drift += fake_kernel_observe(model->kernel, model->ledger, order[i], model->now,
					     model->changes);
		commit(model);
	}
	return drift;
}

static void run_drift(struct model *model)
{
	auto_free(fake_kernel) struct fake_kernel *before = NULL;
	size_t applied;
	bool is_meddled;

	plan_batch(model);
	commit(model);
	before = fake_kernel_copy(model->kernel);
	for (unsigned int i = cluster_model_random(model->world, 4); i > 0; i--)
		drift_injector_step(model->world, model->kernel);
	is_meddled = !fake_kernel_is_equal(before, model->kernel);
	if ((observe_all(model) > 0) != is_meddled)
		complain(model, "drift is not counted");
	check_ideal_but_draining(model);

	applied = model->kernel->applied;
	if (observe_all(model) || model->kernel->applied != applied)
		complain(model, "what was repaired differs again");
	end_drains(model);
	check_ideal(model);
}

static void test_drift_is_counted_and_repaired(void **state)
{
	(void)state;
	each_seed(run_drift);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_increments_give_the_state_of_a_plan_from_scratch),
		cmocka_unit_test(test_a_killed_batch_is_completed_by_the_next_start),
		cmocka_unit_test(test_failures_are_tried_again_until_all_is_well),
		cmocka_unit_test(test_drift_is_counted_and_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
