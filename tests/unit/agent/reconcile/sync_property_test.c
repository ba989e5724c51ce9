/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * An agent's sync, verifier and drainer at work on a kernel in memory, while the cluster, the
 * settings and the kernel change at random between any two turns of the loop, and while turns end
 * at random. Once everything is quiet the kernel holds what a plan from scratch gives. A failure
 * prints the seed, which repeats it.
 */
#include "agent/http/service_traffic.h"
#include "agent/reconcile/drainer.h"
#include "agent/reconcile/sync.h"
#include "agent/reconcile/verifier.h"
#include "lib/base/clock.h"
#include "lib/plan/ledger_drain.h"

#include "tests/fake/cluster_model.h"
#include "tests/fake/drift_injector.h"
#include "tests/fake/fake_facilities.h"
#include "tests/fake/virtual_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* PROPERTY_SEEDS in the environment asks for more, for a night. */
#define SEEDS	      10
#define ROUNDS	      12
#define FEW_SERVICES  7	 /* which share much, and conflict */
#define MANY_SERVICES 50 /* which may take several turns to be planned */

/* So many turns are enough for everything, retries and verifications included. */
#define TURNS_MAX 20000

#define VERIFICATION_SECONDS 30

static const struct sync_options usual_options = {
	.desired = {.scheduler = "rr", .affinity_scheduler = "sh"},
};
static const struct ledger_options usual_ledger_options = {
	.drain_milliseconds = 3000,
	.retry_first_milliseconds = 100,
	.retry_max_milliseconds = 1000,
};

/**
 * struct model
 * @is_disturbed:   others change the kernel, and connections to it break; in this round only if
 *                  @is_meddling
 * @is_restarting:  in this round the agent does
 * @is_changed:     the cluster did, before the first pass of this agent was over
 * @verifications:  complete ones since the agent started
 * @is_told_lost:   by facility, what the verifier said last
 * @losses:         of what a facility held; @replacements: those that the verifier noticed
 * @repaired:       objects that had drifted, in earlier lives of the agent
 */
struct model {
	uint64_t seed;
	unsigned int round;
	bool is_disturbed, is_restarting, is_meddling, is_changed;
	struct cluster_model *world;
	struct ev_loop *loop;
	struct fake_facilities *facilities;
	struct service_traffic *traffic;
	struct ledger *ledger;
	struct sync *sync;
	struct verifier *verifier;
	struct drainer *drainer;
	unsigned int verifications, losses, replacements;
	bool is_told_lost[FACILITY_COUNT];
	uint64_t repaired;
};

static unsigned int random_below(void *owner, unsigned int limit)
{
	struct model *model = owner;

	return cluster_model_random(model->world, limit);
}

static bool happens(struct model *model, unsigned int percent)
{
	return cluster_model_random(model->world, 100) < percent;
}

/* Ends the test with what is needed to repeat it. */
static void complain(const struct model *model, const char *what)
{
	print_error("seed %llu, round %u: %s\n", (unsigned long long)model->seed, model->round,
		    what);
	fail();
}

static void on_planned(void *owner, const struct service_view *view,
		       const struct service_state *state)
{
	struct model *model = owner;

	(void)view;
	(void)state;
	virtual_loop_spend(model->loop, cluster_model_random(model->world, 400) / 1e6);
}

static void on_reported(void *owner)
{
	struct model *model = owner;

	drainer_wake(model->drainer);
}

static void on_observed(void *owner, bool is_first)
{
	struct model *model = owner;

	model->verifications++;
	if (!is_first)
		return;
	sync_allow(model->sync, SYNC_GATE_OBSERVED);
	drainer_wake(model->drainer);
}

static void on_lost(void *owner, enum facility facility, const char *reason)
{
	struct model *model = owner;

	model->is_told_lost[facility] = *reason;
}

static void on_replaced(void *owner, enum facility facility)
{
	struct model *model = owner;

	(void)facility;
	model->replacements++;
}

static void start(struct model *model)
{
	const struct sync_observer observer = {
		.owner = model, .planned = on_planned, .reported = on_reported};
	const struct traffic_observer traffic = service_traffic_observer(model->traffic);
	const struct verifier_observer verifier_observer = {
		.owner = model, .observed = on_observed, .lost = on_lost, .replaced = on_replaced};
	struct kernel_target target;

	fake_facilities_connect(model->facilities);
	target = kernel_target(&model->facilities->kernel);
	model->ledger = ledger_new(&usual_ledger_options);
	model->sync = sync_new(model->loop, &target, model->world->store, model->ledger,
			       &usual_options, &observer);
	sync_set_node(model->sync, &model->world->node);
	sync_set_in_cluster(model->sync, true);
	model->drainer =
		drainer_new(model->loop, &model->facilities->kernel, model->sync, model->ledger);
	model->verifications = 0;
	model->is_changed = false;
	memset(model->is_told_lost, 0, sizeof(model->is_told_lost));
	model->verifier =
		verifier_new(model->loop, &model->facilities->kernel, model->sync, model->ledger,
			     &traffic, VERIFICATION_SECONDS, &verifier_observer);
	sync_allow(model->sync, SYNC_GATE_RULES);
	sync_allow(model->sync, SYNC_GATE_SOURCE);
	sync_allow_sweep(model->sync);
}

static void stop(struct model *model)
{
	for (size_t i = 0; i < FACILITY_COUNT; i++)
		model->repaired += sync_counters(model->sync)->repaired[i];
	verifier_free(model->verifier);
	drainer_free(model->drainer);
	sync_free(model->sync);
	ledger_free(model->ledger);
	fake_facilities_disconnect(model->facilities);
}

/* A new agent on the same kernel, whatever the former one was doing. */
static void restart(struct model *model)
{
	struct store *store = cluster_model_new_store(model->world);

	stop(model);
	store_free(model->world->store);
	model->world->store = store;
	start(model);
}

static void model_init(struct model *model, uint64_t seed, bool is_disturbed)
{
	*model = (struct model){.seed = seed, .is_disturbed = is_disturbed};
	model->world = cluster_model_new(seed, seed % 2 ? FEW_SERVICES : MANY_SERVICES);
	model->loop = virtual_loop_new(random_below, model);
	model->facilities = fake_facilities_new(model->loop, random_below, model);
	model->traffic = service_traffic_new(&(struct service_traffic_metrics){0}, 0);
	drift_injector_add_strangers(model->facilities->held);
	start(model);
}

static void model_end(struct model *model)
{
	stop(model);
	service_traffic_free(model->traffic);
	fake_facilities_free(model->facilities);
	virtual_loop_free(model->loop);
	cluster_model_free(model->world);
}

static void change_settings(struct model *model)
{
	struct sync_options options = usual_options;
	struct ledger_options ledger_options = usual_ledger_options;

	if (happens(model, 50))
		strcpy(options.desired.scheduler, "lc");
	if (happens(model, 30))
		options.min_period = 0.5;
	if (happens(model, 30))
		ledger_options.drain_milliseconds = 0;
	ledger_set_options(model->ledger, &ledger_options);
	sync_set_options(model->sync, &options);
}

/*
 * Virtual servers that somebody added on VIPs. On one that is given up before anybody looks there
 * is nothing to tell that it was ours; and one by a mark of his own is nothing that we know.
 */
static void remove_additions(struct fake_kernel *held, bool is_by_mark)
{
	for (size_t i = held->server_count; i > 0; i--) {
		struct change removal = {.kind = CHANGE_KIND_SERVER_REMOVE,
					 .server = held->servers[i - 1].server};

		if (removal.server.key.port == 999 &&
		    (!is_by_mark || removal.server.key.client_scope == CLIENT_SCOPE_IN_CLUSTER))
			fake_kernel_apply(held, &removal, 1);
	}
}

static void meddle(struct model *model)
{
	drift_injector_step(model->world, model->facilities->held);
	remove_additions(model->facilities->held, true);
}

/*
 * A module is unloaded and loaded again, or only the connection to it fails from now on. Sets that
 * go are what tells whose a virtual server is of which the addition had an unknown outcome: so not
 * while outcomes get lost.
 */
static void lose(struct model *model)
{
	struct fake_facilities *facilities = model->facilities;
	enum facility facility = (enum facility)cluster_model_random(model->world, FACILITY_COUNT);
	bool contents = !facilities->break_percent && happens(model, 50);

	model->losses += contents && !facilities->is_replaced[facility];
	fake_facilities_lose(facilities, facility, contents);
	drift_injector_add_strangers(facilities->held);
}

static void set_connections(struct model *model, unsigned int limit)
{
	struct fake_kernel *held = model->facilities->held;

	for (size_t i = 0; i < held->server_count; i++)
		for (size_t d = 0; d < held->servers[i].destination_count; d++)
			held->servers[i].destinations[d].active_connections =
				limit ? cluster_model_random(model->world, limit) : 0;
}

static void change_cluster(struct model *model)
{
	/* Seldom so many that their planning takes several turns. */
	unsigned int count = 1 + cluster_model_random(model->world, happens(model, 10) ? 80 : 6);

	for (; count > 0; count--)
		cluster_model_step(model->world);
	sync_set_node(model->sync, &model->world->node);
	sync_wake(model->sync);
	model->is_changed = model->is_changed || !sync_counters(model->sync)->passes;
}

/*
 * What told of a leftover may be gone before it is, while the cluster changes during the first
 * pass: then it is for this agent to remove it.
 */
static bool may_restart(const struct model *model)
{
	return !model->is_changed || sync_counters(model->sync)->passes;
}

static void disturb(struct model *model)
{
	if (happens(model, 20))
		change_cluster(model);
	if (happens(model, 2))
		change_settings(model);
	if (happens(model, 1))
		sync_set_in_cluster(model->sync, happens(model, 50));
	if (happens(model, 3))
		sync_plan_all(model->sync);
	if (happens(model, 5))
		set_connections(model, 2);
	if (happens(model, 10))
		verifier_hurry(model->verifier,
			       (enum facility)cluster_model_random(model->world, FACILITY_COUNT));
	if (model->is_restarting && happens(model, 3) && may_restart(model))
		restart(model);
	if (model->is_meddling && happens(model, 3))
		meddle(model);
	if (model->is_meddling && happens(model, 1))
		lose(model);
	/* Time passes without anything to do. */
	if (happens(model, 5))
		virtual_loop_spend(model->loop, cluster_model_random(model->world, 1000) / 1e3);
}

static uint64_t count_repaired(const struct model *model)
{
	uint64_t repaired = model->repaired;

	for (size_t i = 0; i < FACILITY_COUNT; i++)
		repaired += sync_counters(model->sync)->repaired[i];
	return repaired;
}

static void check_turn(const struct model *model)
{
	const struct fake_kernel *held = model->facilities->held;
	struct ledger_counts counts;

	if (model->facilities->complaint)
		complain(model, model->facilities->complaint);
	if (model->is_disturbed)
		return;
	if (count_repaired(model))
		complain(model, "the agent takes what it did for a change by somebody else");
	if (!model->verifications || sync_is_ahead(model->sync))
		return;
	ledger_count(model->ledger, &counts);
	if (counts.members != held->member_count || counts.addresses != held->address_count)
		complain(model, "the ledger takes the kernel for what it is not");
}

static void turn(struct model *model)
{
	virtual_loop_turn(model->loop);
	check_turn(model);
}

static bool is_quiet(const struct model *model, unsigned int verifications)
{
	const struct ledger *ledger = model->ledger;

	return sync_is_settled(model->sync) && !ledger_failed_count(ledger) &&
	       !ledger_drain_count(ledger) && model->verifications >= verifications;
}

/* Nothing changes any more, and everything comes to its end. */
static void quiet_down(struct model *model)
{
	struct fake_facilities *facilities = model->facilities;

	facilities->refuse_percent = facilities->break_percent = 0;
	facilities->disturb_percent = facilities->interrupt_percent = 0;
	sync_set_options(model->sync, &usual_options);
	sync_set_in_cluster(model->sync, true);
	remove_additions(facilities->held, false);
}

/* ... and @verifications have come to their end since the agent started */
static void wait_for_quiet(struct model *model, unsigned int verifications)
{
	for (unsigned int turns = 0; !is_quiet(model, verifications); turns++) {
		turn(model);
		if (turns > TURNS_MAX)
			complain(model, "there is no end");
	}
}

static void print_change(const char *what, const struct change *change)
{
	char text[6 * ADDRESS_TEXT_SIZE];

	print_error("%s%s\n", what, change_text(change, text));
}

static void print_server_difference(const struct fake_server *server,
				    const struct fake_server *other, bool is_missing)
{
	struct change change = {.kind = CHANGE_KIND_SERVER_ADD, .server = server->server};
	const struct destination_usage *counterpart;

	if (!other)
		print_change(is_missing ? "missing: " : "too much: ", &change);
	else if (!virtual_server_is_equal(&server->server, &other->server))
		print_change("differs: ", &change);
	change.kind = CHANGE_KIND_DESTINATION_ADD;
	change.destination.server = server->server.key;
	for (size_t i = 0; other && i < server->destination_count; i++) {
		change.destination.value = server->destinations[i].destination;
		counterpart = fake_server_find_destination(other, &change.destination.value);
		if (!counterpart)
			print_change(is_missing ? "missing: " : "too much: ", &change);
		else if (counterpart->destination.weight != change.destination.value.weight)
			print_change("weight differs: ", &change);
	}
}

/* What @a has and @b has not. */
static void print_difference(const struct fake_kernel *a, const struct fake_kernel *b,
			     bool is_missing)
{
	const char *what = is_missing ? "missing: " : "too much: ";

	for (size_t i = 0; i < a->server_count; i++)
		print_server_difference(&a->servers[i],
					fake_kernel_find_server(b, &a->servers[i].server.key),
					is_missing);
	for (size_t i = 0; i < a->member_count; i++)
		if (!fake_kernel_has_member(b, &a->members[i]))
			print_change(what, &(struct change){.kind = CHANGE_KIND_MEMBER_ADD,
							    .member = a->members[i]});
	for (size_t i = 0; i < a->address_count; i++)
		if (!fake_kernel_has_address(b, &a->addresses[i]))
			print_change(what, &(struct change){.kind = CHANGE_KIND_ADDRESS_ADD,
							    .address = a->addresses[i]});
}

/* @ideal: without strangers */
static void check_counts(const struct model *model, const struct fake_kernel *ideal)
{
	size_t destinations = 0;
	struct ledger_counts counts;

	for (size_t i = 0; i < ideal->server_count; i++)
		destinations += ideal->servers[i].destination_count;
	ledger_count(model->ledger, &counts);
	if (counts.servers != ideal->server_count || counts.destinations != destinations ||
	    counts.members != ideal->member_count || counts.addresses != ideal->address_count)
		complain(model, "the ledger miscounts");
}

static void check_ideal(const struct model *model, bool is_verified)
{
	auto_free(fake_kernel) struct fake_kernel *ideal = cluster_model_ideal(model->world);
	const char *wrong = fake_facilities_check_marks(model->facilities, is_verified);

	if (wrong)
		complain(model, wrong);
	for (size_t i = 0; is_verified && i < FACILITY_COUNT; i++)
		if (model->facilities->is_lost[i] || model->is_told_lost[i])
			complain(model, "what was lost has not come back");
	if (is_verified && model->losses != model->replacements)
		complain(model, "nobody was told that another module took the place of one");
	check_counts(model, ideal);
	drift_injector_add_strangers(ideal);
	if (fake_kernel_is_equal(model->facilities->held, ideal))
		return;
	print_difference(ideal, model->facilities->held, true);
	print_difference(model->facilities->held, ideal, false);
	complain(model, "the kernel differs from a plan from scratch");
}

/*
 * What was refused while the agent ends, or changed while it is away, may leave virtual servers of
 * which nothing tells that they are ours: so restarts have rounds of their own.
 */
static void choose_troubles(struct model *model)
{
	struct fake_facilities *facilities = model->facilities;

	facilities->disturb_percent = happens(model, 50) ? 50 : 0;
	facilities->interrupt_percent = 1;
	model->is_restarting = happens(model, 30);
	model->is_meddling = model->is_disturbed && !model->is_restarting;
	if (!model->is_restarting && happens(model, 70))
		facilities->refuse_percent = 1 + cluster_model_random(model->world, 10);
	if (model->is_meddling && happens(model, 70))
		facilities->break_percent = 1 + cluster_model_random(model->world, 5);
}

static void run_round(struct model *model)
{
	choose_troubles(model);
	for (unsigned int turns = 100 + cluster_model_random(model->world, 300); turns > 0;
	     turns--) {
		disturb(model);
		turn(model);
	}
	quiet_down(model);
	/* Now that nothing else wakes it. */
	for (unsigned int turns = cluster_model_random(model->world, 60); turns > 0; turns--) {
		if (happens(model, 20))
			change_cluster(model);
		turn(model);
	}
	set_connections(model, 0);
	if (!model->is_disturbed) {
		wait_for_quiet(model, 1);
		check_ideal(model, false);
	}
	/* One may be under way, and names of marks go in the one after their members. */
	wait_for_quiet(model, model->verifications + 3);
	check_ideal(model, true);
}

static void each_seed(bool is_disturbed)
{
	const char *wish = getenv("PROPERTY_SEEDS");
	uint64_t seeds = wish ? strtoull(wish, NULL, 10) : SEEDS;

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct model model;

		model_init(&model, seed, is_disturbed);
		for (model.round = 1; model.round <= ROUNDS; model.round++)
			run_round(&model);
		model_end(&model);
	}
}

/* Then nothing is ever to be repaired either, and the ledger knows what the kernel holds. */
static void test_alone_with_a_kernel_that_refuses(void **state)
{
	(void)state;
	each_seed(false);
}

static void test_with_others_who_change_the_kernel(void **state)
{
	(void)state;
	each_seed(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone_with_a_kernel_that_refuses),
		cmocka_unit_test(test_with_others_who_change_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
