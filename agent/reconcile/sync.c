/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync.h"

#include "applier.h"
#include "lib/base/budget.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "lib/plan/ledger_shortage.h"
#include "missing_schedulers.h"
#include "planner.h"

#include <string.h>

/*
 * Pass, batch and slice.
 *
 * A pass plans every Service that is dirty, and ends when the kernel has what that says. It is cut
 * into batches: once the changes that are due are worth their system calls, the ledger settles,
 * which is to say that it looks at every object whose claims changed, once; the list that comes of
 * it is sorted into an order that is safe wherever it is cut, and carried out. Only when all of it
 * has its results is the next Service planned. So a batch is never planned on what is not certain,
 * and what one Service leaves and another takes over within it does not go in between.
 *
 * A slice is what one turn of the loop does of it. The loop answers probes, watches and signals,
 * and must not be kept from that for more than 10 ms, whatever anybody writes into a Service. So
 * each step of the way goes on where the last slice left it: finding out what a Service wants,
 * replacing what it wanted before, settling, carrying out, reporting. Time is asked for after each
 * OBJECTS_PER_LOOK objects, since asking costs 15 us on some machines.
 *
 * While a Service is being planned the store is pinned, since its objects may be replaced between
 * two slices; a Service that changed meanwhile is dirty again and has its turn. From the first
 * claim of a batch to its last result the ledger is ahead of the kernel (sync_is_ahead()), and
 * whoever compares the two, or has changes of its own, waits.
 */

/* What a slice begins with before it is over: at most one step more follows. */
#define SLICE_SECONDS 0.004

/* Claims in a batch, about: enough for lists that are worth their system calls. */
#define BATCH_OBJECTS 2000

#define OBJECTS_PER_LOOK 256

/* What beginning with a Service costs, in objects. */
#define OBJECTS_PER_SERVICE 8

#define ALL_GATES (SYNC_GATE_SOURCE | SYNC_GATE_OBSERVED | SYNC_GATE_RULES)

/* Failures logged one by one in a batch; the rest is counted. */
#define FAILURES_LOGGED 5

/**
 * enum batch_stage - where a batch is
 *   PLANNING   Services are planned, one after the other; sync.planner has the current one
 *   SETTLING   the ledger settles into sync.changes
 *   SORTING    these are sorted
 *   APPLYING   the applier carries them out
 *   REPORTING  the ledger and the observer are told what came of them; then PLANNING again
 */
enum batch_stage {
	BATCH_STAGE_PLANNING,
	BATCH_STAGE_SETTLING,
	BATCH_STAGE_SORTING,
	BATCH_STAGE_APPLYING,
	BATCH_STAGE_REPORTING,
};

struct sync {
	struct store *store;
	struct sync_options options;
	struct sync_observer observer;
	struct ledger *ledger;
	struct changes *changes;
	struct applier *applier;
	enum batch_stage stage;
	size_t reported, failed; /* of @changes */
	struct planner *planner;
	bool is_replacing;    /* the ledger replaces what a Service wanted before */
	size_t crowded_count; /* objects of all Services when some got less than they want */
	struct node_view node;
	struct sync_counters counters;
	uint64_t version;
	struct timer work;
	struct timer apply;
	struct timer retry;
	unsigned int gates;
	uint64_t opened;     /* when the last gate opened */
	uint64_t pass_start; /* 0 = no pass is under way */
	uint64_t pass_end;
	double pass_clock; /* when the pass began, finer than milliseconds */
	bool may_sweep;
	bool is_swept;
	bool is_first_pass_over;
};

static double seconds_since(uint64_t then)
{
	return (double)(clock_milliseconds() - then) / 1000;
}

static void schedule_retry(struct sync *sync)
{
	uint64_t at = ledger_next_retry(sync->ledger), now = clock_milliseconds();

	timer_stop(&sync->retry);
	if (at != UINT64_MAX)
		timer_ensure(&sync->retry, at > now ? (double)(at - now) / 1000 : 0.);
}

static void log_failure(const struct change *change)
{
	char text[6 * ADDRESS_TEXT_SIZE];

	log_warning("%s: %s; retrying", change_text(change, text), strerror(-change->result));
}

static bool is_listed(enum change_kind kind)
{
	return kind == CHANGE_KIND_SERVER_ADD || kind == CHANGE_KIND_SERVER_EDIT ||
	       kind == CHANGE_KIND_SERVER_REMOVE || kind == CHANGE_KIND_ADDRESS_ADD ||
	       kind == CHANGE_KIND_ADDRESS_REMOVE;
}

static void note_results(struct sync *sync, const struct changes *part)
{
	char text[6 * ADDRESS_TEXT_SIZE];
	bool is_debugging = log_is_enabled(LOG_LEVEL_DEBUG);

	for (size_t i = 0; i < part->count; i++) {
		const struct change *change = &part->items[i];
		enum facility facility = change_facility(change->kind);

		sync->version += is_listed(change->kind);
		if (change->result >= 0) {
			sync->counters.applied[facility]++;
		} else {
			sync->counters.failed[facility]++;
			if (sync->failed++ < FAILURES_LOGGED)
				log_failure(change);
		}
		if (is_debugging)
			log_debug("%s%s%s", change_text(change, text),
				  change->result < 0 ? ": " : "",
				  change->result < 0 ? strerror(-change->result) : "");
	}
}

/* Who asked for one of them gets what there is instead. */
static void note_missing_schedulers(struct sync *sync, const struct changes *part)
{
	uint32_t *known = &sync->options.desired.missing_schedulers;
	uint32_t missing = missing_schedulers(part);

	if (!(missing & ~*known))
		return;
	planner_abandon(sync->planner);
	*known |= missing;
	store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

/* @part: of the changes, all with their results */
static void report_part(struct sync *sync, const struct changes *part)
{
	note_results(sync, part);
	note_missing_schedulers(sync, part);
	ledger_report_part(sync->ledger, part->items, part->count, clock_milliseconds());
	if (sync->observer.applied)
		sync->observer.applied(sync->observer.owner, part);
}

/* Return: whether all is reported */
static bool report_some(struct sync *sync, double slice_begin)
{
	do {
		size_t rest = sync->changes->count - sync->reported;
		size_t budget = OBJECTS_PER_LOOK;
		const struct changes part = {.items = sync->changes->items + sync->reported,
					     .count = rest < budget ? rest : budget,
					     .cause = sync->changes->cause};

		if (part.count)
			report_part(sync, &part);
		sync->reported += part.count;
		if (sync->reported == sync->changes->count &&
		    ledger_report_end(sync->ledger, &budget))
			return true;
	} while (clock_now() < slice_begin + SLICE_SECONDS);
	return false;
}

static void end_report(struct sync *sync)
{
	if (sync->failed > FAILURES_LOGGED)
		log_warning("%zu more kernel operations failed; retrying them",
			    sync->failed - FAILURES_LOGGED);
	sync->reported = sync->failed = 0;
	changes_clear(sync->changes);
	if (sync->observer.reported)
		sync->observer.reported(sync->observer.owner);
	schedule_retry(sync);
}

static bool is_planning(const struct sync *sync)
{
	return sync->is_replacing || planner_is_busy(sync->planner);
}

static bool begin_planning(struct sync *sync, size_t *budget)
{
	if (!planner_begin(sync->planner, &sync->node, &sync->options.desired, sync->ledger))
		return false;
	budget_spend(budget, OBJECTS_PER_SERVICE);
	return true;
}

static void end_planning(struct sync *sync, struct service_state *state)
{
	const struct service_view *view = planner_view(sync->planner);

	if (sync->observer.planned)
		sync->observer.planned(sync->observer.owner, view, state);
	ledger_replace_begin(sync->ledger, view->key, view->service ? view->service->created : 0,
			     state);
	planner_end(sync->planner);
	sync->is_replacing = true;
}

/* Goes on with a Service as far as @budget goes. */
static void plan(struct sync *sync, size_t *budget)
{
	if (!sync->is_replacing) {
		struct service_state *state = planner_step(sync->planner, budget);

		if (!state)
			return;
		end_planning(sync, state);
	}
	sync->is_replacing = !ledger_replace_step(sync->ledger, budget);
}

static void log_first_pass(struct sync *sync)
{
	struct ledger_counts counts;

	ledger_count(sync->ledger, &counts);
	log_info(
		"programmed %zu Services in %.3f s: %zu virtual servers, %zu destinations, %zu addresses, %zu set members; %zu kernel operations failed",
		store_service_count(sync->store), sync->counters.first_pass_seconds, counts.servers,
		counts.destinations, counts.addresses, counts.members,
		ledger_failed_count(sync->ledger));
}

static void end_pass(struct sync *sync)
{
	if (!sync->is_first_pass_over) {
		sync->is_first_pass_over = true;
		sync->counters.first_pass_seconds = seconds_since(sync->opened);
		log_first_pass(sync);
	}
	sync->counters.last_pass_seconds = seconds_since(sync->pass_start);
	sync->counters.passes++;
	sync->pass_start = 0;
	sync->pass_end = clock_milliseconds();
	if (sync->observer.passed)
		sync->observer.passed(sync->observer.owner, clock_now() - sync->pass_clock);
}

/* What was planned, and what is in @changes, is carried out from the next slice on at the latest. */
static void begin_batch(struct sync *sync)
{
	sync->stage = BATCH_STAGE_SETTLING;
	timer_ensure(&sync->apply, 0.);
}

static void mark_dirty(void *owner, const char *key)
{
	store_mark_dirty(owner, key);
}

/* Others have left, so there may be room for what some Services had to do without. */
static void plan_short_ones(struct sync *sync)
{
	size_t count;

	if (!ledger_has_shortage(sync->ledger))
		return;
	count = ledger_object_count(sync->ledger, NULL);
	if (count < sync->crowded_count)
		ledger_shortage_each(sync->ledger, mark_dirty, sync->store);
	sync->crowded_count = count;
}

/* All changes are reported, and the pass goes on if there is one. */
static void end_batch(struct sync *sync)
{
	sync->stage = BATCH_STAGE_PLANNING;
	end_report(sync);
	if (!sync->pass_start)
		return;
	if (!store_dirty_count(sync->store))
		plan_short_ones(sync);
	if (store_dirty_count(sync->store)) {
		timer_ensure(&sync->work, 0.);
	} else if (!sync->is_swept && sync->may_sweep) {
		sync->is_swept = true;
		sync->changes->cause = CHANGE_CAUSE_SWEEP;
		ledger_sweep(sync->ledger, clock_milliseconds(), sync->changes);
		begin_batch(sync);
	} else {
		end_pass(sync);
	}
}

/* Return: whether all is settled */
static bool settle_some(struct sync *sync, double slice_begin)
{
	bool is_settled;

	do {
		size_t budget = OBJECTS_PER_LOOK;

		is_settled = ledger_settle_step(sync->ledger, &budget, clock_milliseconds(),
						sync->changes);
	} while (!is_settled && clock_now() < slice_begin + SLICE_SECONDS);
	return is_settled;
}

/* Return: whether all is sorted */
static bool sort_some(struct sync *sync, double slice_begin)
{
	bool is_sorted;

	do {
		size_t budget = OBJECTS_PER_LOOK;

		is_sorted = changes_sort_step(sync->changes, &budget);
	} while (!is_sorted && clock_now() < slice_begin + SLICE_SECONDS);
	return is_sorted;
}

/* Goes on with the batch as far as this slice goes. */
static void run_batch(struct sync *sync, double slice_begin)
{
	timer_stop(&sync->apply);
	if (sync->stage == BATCH_STAGE_SETTLING && settle_some(sync, slice_begin))
		sync->stage = BATCH_STAGE_SORTING;
	if (sync->stage == BATCH_STAGE_SORTING && sort_some(sync, slice_begin)) {
		sync->stage = BATCH_STAGE_APPLYING;
		applier_begin(sync->applier, sync->changes);
		/* The first piece of a long list takes a few milliseconds. */
		if (clock_now() >= slice_begin + SLICE_SECONDS / 2) {
			timer_ensure(&sync->apply, 0.);
			return;
		}
	}
	if (sync->stage == BATCH_STAGE_APPLYING &&
	    applier_run(sync->applier, slice_begin + SLICE_SECONDS))
		sync->stage = BATCH_STAGE_REPORTING;
	if (sync->stage == BATCH_STAGE_REPORTING && report_some(sync, slice_begin))
		end_batch(sync);
	else
		timer_ensure(&sync->apply, 0.);
}

/* Counts the time from @begin on as planning, except what the applier took. */
static void count_turn(struct sync *sync, double begin)
{
	double applying = applier_seconds(sync->applier) - sync->counters.applying_seconds;

	sync->counters.applying_seconds += applying;
	sync->counters.planning_seconds += clock_now() - begin - applying;
}

bool sync_is_ahead(const struct sync *sync)
{
	return is_planning(sync) || ledger_unsettled_count(sync->ledger) ||
	       sync->stage != BATCH_STAGE_PLANNING;
}

void sync_commit(struct sync *sync, struct changes *changes)
{
	double begin = clock_now();
	struct changes mine = *sync->changes;

	*sync->changes = *changes;
	*changes = mine;
	begin_batch(sync);
	run_batch(sync, begin);
	count_turn(sync, begin);
}

/* Plans dirty Services; Return: whether that is enough for a batch, and not only for this slice */
static bool plan_some(struct sync *sync, double slice_begin)
{
	size_t budget = OBJECTS_PER_LOOK;

	for (;;) {
		if (!is_planning(sync) && (ledger_unsettled_count(sync->ledger) >= BATCH_OBJECTS ||
					   !begin_planning(sync, &budget)))
			return true;
		plan(sync, &budget);
		if (budget)
			continue;
		if (planner_is_waiting(sync->planner) || clock_now() >= slice_begin + SLICE_SECONDS)
			return !is_planning(sync) && !store_dirty_count(sync->store);
		budget = OBJECTS_PER_LOOK;
	}
}

static void on_work(void *owner)
{
	struct sync *sync = owner;
	double begin;

	if (sync->stage != BATCH_STAGE_PLANNING) {
		timer_ensure(&sync->work, 0.);
		return;
	}
	begin = clock_now();
	if (!sync->pass_start) {
		sync->pass_start = clock_milliseconds();
		sync->pass_clock = begin;
	}
	if (!plan_some(sync, begin)) {
		timer_ensure(&sync->work, 0.);
	} else {
		begin_batch(sync);
		if (clock_now() < begin + SLICE_SECONDS / 2)
			run_batch(sync, begin);
	}
	count_turn(sync, begin);
}

static void on_apply(void *owner)
{
	struct sync *sync = owner;
	double begin = clock_now();

	run_batch(sync, begin);
	count_turn(sync, begin);
}

static void on_retry(void *owner)
{
	struct sync *sync = owner;
	double begin = clock_now();

	/* The report of what is planned or carried out now schedules it again. What is planned may
	 * take back what would be tried, and both in one list come in no such order. */
	if (sync_is_ahead(sync))
		return;
	sync->changes->cause = CHANGE_CAUSE_RETRY;
	ledger_retry(sync->ledger, clock_milliseconds(), BATCH_OBJECTS / 4, sync->changes);
	begin_batch(sync);
	run_batch(sync, begin);
	count_turn(sync, begin);
}

void sync_wake(struct sync *sync)
{
	double passed;

	if (sync->gates != ALL_GATES || sync->pass_start)
		return;
	if (!store_dirty_count(sync->store) && sync->is_first_pass_over &&
	    (sync->is_swept || !sync->may_sweep))
		return;
	passed = seconds_since(sync->pass_end);
	timer_ensure(&sync->work,
		     passed < sync->options.min_period ? sync->options.min_period - passed : 0.);
}

void sync_allow(struct sync *sync, enum sync_gate gate)
{
	bool was_open = sync->gates == ALL_GATES;

	sync->gates |= gate;
	if (was_open || sync->gates != ALL_GATES)
		return;
	sync->opened = clock_milliseconds();
	sync_wake(sync);
}

void sync_allow_sweep(struct sync *sync)
{
	sync->may_sweep = true;
	sync_wake(sync);
}

bool sync_is_settled(const struct sync *sync)
{
	return sync->is_first_pass_over && !store_dirty_count(sync->store) && !sync_is_ahead(sync);
}

void sync_plan_all(struct sync *sync)
{
	store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

void sync_set_options(struct sync *sync, const struct sync_options *options)
{
	struct sync_options now = *options;
	bool is_changed;

	/* These depend on the kernel, not on what is set. */
	now.desired.has_in_cluster = sync->options.desired.has_in_cluster;
	now.desired.missing_schedulers = sync->options.desired.missing_schedulers;
	is_changed = !desired_options_are_equal(&now.desired, &sync->options.desired);
	planner_abandon(sync->planner); /* even then, the ranges are others' */
	sync->options = now;

	/* A pass that is due may come earlier with a shorter period. */
	if (!sync->pass_start)
		timer_stop(&sync->work);
	if (is_changed)
		store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

void sync_set_node(struct sync *sync, const struct node_view *node)
{
	if (node_view_is_equal(&sync->node, node))
		return;
	planner_abandon(sync->planner);
	node_view_clear(&sync->node);
	sync->node = node_view_copy(node);
	sync_plan_all(sync);
}

void sync_set_in_cluster(struct sync *sync, bool has_in_cluster)
{
	if (sync->options.desired.has_in_cluster == has_in_cluster)
		return;
	planner_abandon(sync->planner);
	sync->options.desired.has_in_cluster = has_in_cluster;
	store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

const struct desired_options *sync_desired_options(const struct sync *sync)
{
	return &sync->options.desired;
}

const struct node_view *sync_node(const struct sync *sync)
{
	return &sync->node;
}

uint64_t sync_version(const struct sync *sync)
{
	return sync->version;
}

void sync_count_repair(struct sync *sync, enum facility facility, size_t count)
{
	sync->counters.repaired[facility] += count;
}

const struct sync_counters *sync_counters(const struct sync *sync)
{
	return &sync->counters;
}

struct sync *sync_new(struct ev_loop *loop, const struct kernel_target *target, struct store *store,
		      struct ledger *ledger, const struct sync_options *options,
		      const struct sync_observer *observer)
{
	struct sync *sync = memory_allocate(sizeof(*sync));

	sync->store = store;
	sync->options = *options;
	sync->observer = *observer;
	sync->ledger = ledger;
	sync->changes = changes_new();
	sync->applier = applier_new(target);
	sync->planner = planner_new(store);
	timer_init(&sync->work, loop, on_work, sync);
	timer_init(&sync->apply, loop, on_apply, sync);
	timer_init(&sync->retry, loop, on_retry, sync);
	return sync;
}

void sync_free(struct sync *sync)
{
	if (!sync)
		return;
	timer_stop(&sync->work);
	timer_stop(&sync->apply);
	timer_stop(&sync->retry);
	applier_free(sync->applier);
	planner_free(sync->planner);
	node_view_clear(&sync->node);
	changes_free(sync->changes);
	free(sync);
}
