/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pass, window, slice and batch
 *
 * A Service is dirty when it, its EndpointSlices or what all Services depend on (the node, the
 * settings) has changed. A pass takes every dirty Service from the store and ends when all changes
 * that follow are applied. What becomes dirty meanwhile belongs to the pass. Between two passes
 * lies the least period that the options ask for, so that a burst of events costs one pass.
 *
 * At a first start a pass is 10,000 Services and 150,000 kernel operations. The loop must turn
 * while it lasts, since probes, events and signals are answered in between. So it is cut twice:
 *
 *  - by memory and order, into windows. A window is planned completely before any of it is applied,
 *    because the order in which changes are safe (changes_sort()) is that of a list: restrictions
 *    before servers, servers before destinations, addresses last. A Service is never cut by a
 *    window, and each window leaves the node as safe as the one before. It is about 2,000 changes:
 *    enough for full batches, and little enough that the first Services work long before the last
 *    are planned.
 *  - by time, into slices. Planning and applying look at the clock every few Services or changes,
 *    and return to the loop when their few milliseconds are over. The timer @work goes on with
 *    planning, @apply with applying; both start in the next turn, behind whatever else is due.
 *
 * Batches are the kernel layer's: changes of one kind that lie together in the sorted list are sent
 * with one system call. That is why windows are not smaller.
 *
 * While a window is being applied nothing else may be emitted, for the ledger already counts it as
 * done: planning waits, retries wait, and so does the verifier (sync_is_ahead()). When it is over
 * the ledger is told what failed. A failure never ends a pass; the object is tried again by the
 * ledger's own schedule.
 *
 * When the first pass is over, what no Service claims is a leftover of a predecessor. It is removed
 * then and not before, and only when the source has been complete: sync_allow_sweep().
 */
#include "sync.h"

#include "applier.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "missing_schedulers.h"

#include <string.h>

/*
 * What a turn of the loop begins with before it is over: at most one piece of work more, of the
 * planner or of the applier, follows.
 */
#define TURN_SECONDS 0.004

/* Planned before they are carried out: enough for batches that are worth their system calls. */
#define WINDOW_CHANGES 2000

/*
 * Planned before the next look at the clock, which takes long on some machines: so many changes
 * more, or so many Services that change nothing.
 */
#define CHANGES_PER_TURN  256
#define SERVICES_PER_TURN 32

#define ALL_GATES (SYNC_GATE_SOURCE | SYNC_GATE_OBSERVED | SYNC_GATE_RULES)

/* Failures logged one by one in a batch; the rest is counted. */
#define FAILURES_LOGGED 5

struct sync {
	struct ev_loop *loop;
	struct store *store;
	struct sync_options options;
	struct sync_observer observer;
	struct ledger *ledger;
	struct changes *changes;
	struct applier *applier;
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

static void log_failures(const struct changes *changes, size_t failed)
{
	char text[6 * ADDRESS_TEXT_SIZE];
	size_t logged = 0;

	for (size_t i = 0; i < changes->count && logged < FAILURES_LOGGED; i++) {
		if (changes->items[i].result >= 0)
			continue;
		log_warning("%s: %s; retrying", change_text(&changes->items[i], text),
			    strerror(-changes->items[i].result));
		logged++;
	}
	if (failed > logged)
		log_warning("%zu more kernel operations failed; retrying them", failed - logged);
}

static bool is_listed(enum change_kind kind)
{
	return kind == CHANGE_KIND_SERVER_ADD || kind == CHANGE_KIND_SERVER_EDIT ||
	       kind == CHANGE_KIND_SERVER_REMOVE || kind == CHANGE_KIND_ADDRESS_ADD ||
	       kind == CHANGE_KIND_ADDRESS_REMOVE;
}

static void note_results(struct sync *sync)
{
	char text[6 * ADDRESS_TEXT_SIZE];
	bool is_debugging = log_is_enabled(LOG_LEVEL_DEBUG);
	size_t failed = 0;

	for (size_t i = 0; i < sync->changes->count; i++) {
		const struct change *change = &sync->changes->items[i];
		enum facility facility = change_facility(change->kind);

		sync->version += is_listed(change->kind);
		if (change->result < 0) {
			sync->counters.failed[facility]++;
			failed++;
		} else {
			sync->counters.applied[facility]++;
		}
		if (is_debugging)
			log_debug("%s%s%s", change_text(change, text),
				  change->result < 0 ? ": " : "",
				  change->result < 0 ? strerror(-change->result) : "");
	}
	if (failed)
		log_failures(sync->changes, failed);
}

/* Who asked for one of them gets what there is instead. */
static void note_missing_schedulers(struct sync *sync)
{
	uint32_t *known = &sync->options.desired.missing_schedulers;
	uint32_t missing = missing_schedulers(sync->changes);

	if (!(missing & ~*known))
		return;
	*known |= missing;
	store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

/* All changes have their results. */
static void report(struct sync *sync)
{
	note_results(sync);
	note_missing_schedulers(sync);
	ledger_report(sync->ledger, sync->changes->items, sync->changes->count,
		      clock_milliseconds());
	if (sync->observer.applied)
		sync->observer.applied(sync->observer.owner, sync->changes);
	changes_clear(sync->changes);
	schedule_retry(sync);
}

static void plan(struct sync *sync, const struct service_view *view)
{
	struct service_state *state = desired_service(view, &sync->node, &sync->options.desired);

	if (sync->observer.planned)
		sync->observer.planned(sync->observer.owner, view, state);
	ledger_replace(sync->ledger, view->key, view->service ? view->service->created : 0, state);
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

/* What the ledger has for the kernel is in @changes; carried out as far as this turn goes. */
static void begin_window(struct sync *sync)
{
	ledger_settle(sync->ledger, clock_milliseconds(), sync->changes);
	applier_begin(sync->applier, sync->changes);
}

/* The window that was begun is done with, and the pass goes on if there is one. */
static void end_window(struct sync *sync)
{
	report(sync);
	if (!sync->pass_start)
		return;
	if (store_dirty_count(sync->store)) {
		timer_ensure(&sync->work, 0.);
	} else if (!sync->is_swept && sync->may_sweep) {
		sync->is_swept = true;
		ledger_sweep(sync->ledger, clock_milliseconds(), sync->changes);
		begin_window(sync);
		timer_ensure(&sync->apply, 0.);
	} else {
		end_pass(sync);
	}
}

static void run_window(struct sync *sync, double turn_begin)
{
	if (applier_run(sync->applier, turn_begin + TURN_SECONDS))
		end_window(sync);
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
	return ledger_unsettled_count(sync->ledger) || applier_is_busy(sync->applier);
}

void sync_commit(struct sync *sync, struct changes *changes)
{
	double begin = clock_now();
	struct changes mine = *sync->changes;

	*sync->changes = *changes;
	*changes = mine;
	begin_window(sync);
	run_window(sync, begin);
	count_turn(sync, begin);
}

/* Plans dirty Services; Return: whether that is enough for a window, and not only for this turn */
static bool plan_some(struct sync *sync, double turn_begin)
{
	struct service_view view;
	size_t planned = 0, looked_at = ledger_unsettled_count(sync->ledger);

	while (ledger_unsettled_count(sync->ledger) < WINDOW_CHANGES) {
		if (!store_take_dirty(sync->store, &view))
			return true;
		plan(sync, &view);
		planned++;
		if (planned < SERVICES_PER_TURN &&
		    ledger_unsettled_count(sync->ledger) - looked_at < CHANGES_PER_TURN)
			continue;
		if (clock_now() >= turn_begin + TURN_SECONDS)
			return !store_dirty_count(sync->store);
		looked_at = ledger_unsettled_count(sync->ledger);
		planned = 0;
	}
	return true;
}

static void on_work(void *owner)
{
	struct sync *sync = owner;
	double begin;

	if (applier_is_busy(sync->applier)) {
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
		begin_window(sync);
		if (clock_now() < begin + TURN_SECONDS / 2)
			run_window(sync, begin);
		else
			timer_ensure(&sync->apply, 0.);
	}
	count_turn(sync, begin);
}

static void on_apply(void *owner)
{
	struct sync *sync = owner;
	double begin = clock_now();

	run_window(sync, begin);
	count_turn(sync, begin);
}

static void on_retry(void *owner)
{
	struct sync *sync = owner;
	double begin;

	/*
	 * The report of what is planned or carried out now schedules it again. What is planned may
	 * take back what would be tried, and both in one list come in no such order.
	 */
	if (sync_is_ahead(sync))
		return;
	begin = clock_now();
	ledger_retry(sync->ledger, clock_milliseconds(), sync->changes);
	begin_window(sync);
	run_window(sync, begin);
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
	if (sync->gates == ALL_GATES)
		return;
	sync->gates |= gate;
	if (sync->gates != ALL_GATES)
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
	const struct desired_options before = sync->options.desired;
	const struct desired_options *desired = &options->desired;

	sync->options = *options;
	/* These depend on the kernel, not on what is set. */
	sync->options.desired.has_in_cluster = before.has_in_cluster;
	sync->options.desired.missing_schedulers = before.missing_schedulers;

	/* A pass that is due may come earlier with a shorter period. */
	if (!sync->pass_start)
		timer_stop(&sync->work);
	if (strcmp(before.scheduler, desired->scheduler) != 0 ||
	    strcmp(before.affinity_scheduler, desired->affinity_scheduler) != 0 ||
	    before.omits_external_ips != desired->omits_external_ips ||
	    !prefix_list_is_equal(&before.allowed_external_ips, &desired->allowed_external_ips) ||
	    !prefix_list_is_equal(&before.allowed_load_balancer_ips,
				  &desired->allowed_load_balancer_ips) ||
	    before.has_strict_ranges != desired->has_strict_ranges ||
	    !opt_out_is_equal(&before.opt_out, &desired->opt_out))
		store_mark_all_dirty(sync->store);
	sync_wake(sync);
}

static struct address *copy_addresses(const struct address *addresses, size_t count)
{
	struct address *copy = memory_array(count, sizeof(*copy));

	if (count)
		memcpy(copy, addresses, count * sizeof(*copy));
	return copy;
}

static bool addresses_are_equal(const struct address *a, size_t a_count, const struct address *b,
				size_t b_count)
{
	return a_count == b_count && (!a_count || !memcmp(a, b, a_count * sizeof(*a)));
}

static bool others_are_equal(const struct node_view *a, const struct node_view *b)
{
	if (!addresses_are_equal(a->other_addresses, a->other_address_count, b->other_addresses,
				 b->other_address_count) ||
	    !a->other_names != !b->other_names)
		return false;
	for (size_t i = 0; a->other_names && i < a->other_address_count; i++)
		if (strcmp(a->other_names[i], b->other_names[i]) != 0)
			return false;
	return true;
}

static bool nodes_are_equal(const struct node_view *a, const struct node_view *b)
{
	return string_equal(a->name, b->name) && string_equal(a->zone, b->zone) &&
	       addresses_are_equal(a->node_port_addresses, a->node_port_address_count,
				   b->node_port_addresses, b->node_port_address_count) &&
	       addresses_are_equal(a->local_addresses, a->local_address_count, b->local_addresses,
				   b->local_address_count) &&
	       others_are_equal(a, b) &&
	       addresses_are_equal(a->unchecked_addresses, a->unchecked_address_count,
				   b->unchecked_addresses, b->unchecked_address_count) &&
	       memcmp(a->node_ips, b->node_ips, sizeof(a->node_ips)) == 0 &&
	       a->lacks_ipv6 == b->lacks_ipv6;
}

static const char *const *copy_names(const char *const *names, size_t count)
{
	char **copy;

	if (!names)
		return NULL;
	copy = memory_array(count, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = string_dup(names[i]);
	return (const char *const *)copy;
}

static void node_free_copy(struct node_view *node)
{
	for (size_t i = 0; node->other_names && i < node->other_address_count; i++)
		free((char *)node->other_names[i]);
	free((char **)node->other_names);
	free((struct address *)node->unchecked_addresses);
	free((char *)node->name);
	free((char *)node->zone);
	free((struct address *)node->node_port_addresses);
	free((struct address *)node->local_addresses);
	free((struct address *)node->other_addresses);
}

void sync_set_node(struct sync *sync, const struct node_view *node)
{
	if (nodes_are_equal(&sync->node, node))
		return;
	node_free_copy(&sync->node);
	sync->node = *node;
	sync->node.name = string_dup(node->name);
	sync->node.zone = string_dup(node->zone);
	sync->node.node_port_addresses =
		copy_addresses(node->node_port_addresses, node->node_port_address_count);
	sync->node.local_addresses =
		copy_addresses(node->local_addresses, node->local_address_count);
	sync->node.other_addresses =
		copy_addresses(node->other_addresses, node->other_address_count);
	sync->node.other_names = copy_names(node->other_names, node->other_address_count);
	sync->node.unchecked_addresses =
		copy_addresses(node->unchecked_addresses, node->unchecked_address_count);
	sync_plan_all(sync);
}

void sync_set_in_cluster(struct sync *sync, bool has_in_cluster)
{
	if (sync->options.desired.has_in_cluster == has_in_cluster)
		return;
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

	sync->loop = loop;
	sync->store = store;
	sync->options = *options;
	sync->observer = *observer;
	sync->ledger = ledger;
	sync->changes = changes_new();
	sync->applier = applier_new(target);
	timer_init(&sync->work, sync->loop, on_work, sync);
	timer_init(&sync->apply, sync->loop, on_apply, sync);
	timer_init(&sync->retry, sync->loop, on_retry, sync);
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
	node_free_copy(&sync->node);
	changes_free(sync->changes);
	free(sync);
}
