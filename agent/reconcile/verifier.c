/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verifier.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "lib/plan/ledger_observe.h"

#include <errno.h>
#include <string.h>

#define RETRY_SECONDS_MIN 1.0
#define RETRY_SECONDS_MAX 32.0

/* Time for a burst of changes by somebody else to end before we look. */
#define HURRY_SECONDS 0.05

/*
 * A dump that changes of others disturb so often in a row, each time after the reader has begun it
 * again a few times, cannot be read; before, it is only late.
 */
#define INTERRUPTIONS_MAX 5

#define BIT(facility)  (1U << (facility))
#define ALL_FACILITIES (BIT(FACILITY_LINK) | BIT(FACILITY_IPSET) | BIT(FACILITY_IPVS))

/* The order of a run: cheap ones first. */
static const enum facility order[] = {FACILITY_LINK, FACILITY_IPSET, FACILITY_IPVS};

/**
 * enum verifier_state - what the verifier is at
 *   IDLE     waits for the period, a hurry or a retry; then READING
 *   READING  one facility after the other of those that are due; then IDLE
 */
enum verifier_state { VERIFIER_STATE_IDLE, VERIFIER_STATE_READING };

/*
 * Sets of facilities, a bit for each:
 * @due:      to be read in this run, the one that is being read included
 * @run:      what was due when the run began
 * @hurried:  to be read soon, since somebody changed it
 * @seen:     that were read once
 * @failed:   that could not be read the last time
 * @lost:     of these, those that the observer knows of
 * @broken:   to be opened again before they are read
 */
struct verifier {
	struct ev_loop *loop;
	struct kernel *kernel;
	struct sync *sync;
	struct ledger *ledger;
	struct kernel_reader *reader;
	struct verifier_observer observer;
	struct changes *changes;
	struct timer step;
	ev_timer periodic;
	struct timer hurry;
	struct timer retry;
	enum verifier_state state;
	enum facility facility; /* that is being read */
	unsigned int due, run, hurried, seen, failed, lost, broken;
	unsigned int interruptions[FACILITY_COUNT]; /* in a row */
	bool has_observed;			    /* all facilities */
	double retry_seconds;
	uint64_t started;
	double last_seconds;
	double longest_step;	  /* of the run that is under way */
	double last_longest_step; /* of the one before */
};

/* A failure leaves the addresses in service; the next verification tries again. */
static void deprecate_addresses(struct verifier *verifier)
{
	struct error err = {0};
	size_t count;

	if (link_deprecate(verifier->kernel->link, &count, &err) < 0)
		log_warning("%s; this node may select an IPv6 VIP as source address", err.text);
	else if (count)
		log_info("deprecated %zu IPv6 VIPs so that none is selected as source address",
			 count);
}

static void repair(struct verifier *verifier, enum facility facility)
{
	size_t drift = ledger_observe_end(verifier->ledger, facility, clock_milliseconds(),
					  verifier->changes);

	if (facility == FACILITY_IPSET)
		ipsets_plan_repairs(verifier->kernel->ipsets, verifier->changes);
	if (drift) {
		log_warning("%s: repairing %zu objects that another program changed",
			    facility_name(facility), drift);
		sync_count_repair(verifier->sync, facility, drift);
	}
	verifier->changes->cause = CHANGE_CAUSE_DRIFT;
	sync_commit(verifier->sync, verifier->changes);
}

static void note_success(struct verifier *verifier, enum facility facility)
{
	verifier->seen |= BIT(facility);
	verifier->failed &= ~BIT(facility);
	verifier->interruptions[facility] = 0;
	if (facility == FACILITY_LINK)
		deprecate_addresses(verifier);
	repair(verifier, facility);
	if (!(verifier->lost & BIT(facility)))
		return;
	verifier->lost &= ~BIT(facility);
	log_info("%s works again", facility_name(facility));
	verifier->observer.lost(verifier->observer.owner, facility, "");
}

/* Logged once, however often it is tried again. */
static void note_failure(struct verifier *verifier, enum facility facility, const struct error *err)
{
	bool is_late =
		err->code == -EINTR && verifier->interruptions[facility]++ < INTERRUPTIONS_MAX;

	verifier->failed |= BIT(facility);
	if (!is_late)
		verifier->broken |= BIT(facility);
	if (is_late || verifier->lost & BIT(facility)) {
		log_debug("%s: %s", facility_name(facility), err->text);
		return;
	}
	verifier->lost |= BIT(facility);
	log_warning("%s cannot be read: %s; reopening it, then retrying every %.0f to %.0f s",
		    facility_name(facility), err->text, RETRY_SECONDS_MIN, RETRY_SECONDS_MAX);
	verifier->observer.lost(verifier->observer.owner, facility, err->text);
}

/* Begins with the next facility that is due; Return: false if there is none */
static bool begin_next(struct verifier *verifier)
{
	for (size_t i = 0; i < COUNT(order); i++) {
		if (!(verifier->due & BIT(order[i])))
			continue;
		verifier->facility = order[i];
		/* What is changed from now on may be seen or not, so that a hurry counts again. */
		verifier->hurried &= ~BIT(order[i]);
		kernel_reader_begin(verifier->reader, order[i]);
		return true;
	}
	return false;
}

static void begin(struct verifier *verifier, unsigned int due)
{
	verifier->state = VERIFIER_STATE_READING;
	verifier->due = verifier->run = due;
	verifier->started = clock_milliseconds();
	verifier->longest_step = 0;
	begin_next(verifier);
	timer_start(&verifier->step, 0.);
}

/* Once it may begin, all that was due until then is. */
static void begin_if_allowed(struct verifier *verifier, unsigned int due)
{
	const struct verifier_observer *observer = &verifier->observer;

	if (!observer->may_begin || observer->may_begin(observer->owner)) {
		begin(verifier, due | verifier->hurried);
		return;
	}
	verifier->hurried |= due;
	timer_start(&verifier->hurry, HURRY_SECONDS);
}

static void schedule_retry(struct verifier *verifier)
{
	if (!verifier->failed) {
		verifier->retry_seconds = RETRY_SECONDS_MIN;
		timer_stop(&verifier->retry);
		return;
	}
	if (timer_is_running(&verifier->retry))
		return;
	timer_start(&verifier->retry, verifier->retry_seconds);
	verifier->retry_seconds *= 2;
	if (verifier->retry_seconds > RETRY_SECONDS_MAX)
		verifier->retry_seconds = RETRY_SECONDS_MAX;
}

static void tell(struct verifier *verifier, bool is_first)
{
	verifier->has_observed = true;
	verifier->last_seconds = (double)(clock_milliseconds() - verifier->started) / 1000;
	verifier->last_longest_step = verifier->longest_step;
	if (verifier->periodic.repeat > 0)
		ev_timer_again(verifier->loop, &verifier->periodic);
	verifier->observer.observed(verifier->observer.owner, is_first);
}

static void finish(struct verifier *verifier)
{
	bool is_first = !verifier->has_observed;

	verifier->state = VERIFIER_STATE_IDLE;
	if (verifier->seen == ALL_FACILITIES && (is_first || verifier->run == ALL_FACILITIES))
		tell(verifier, is_first);
	if (verifier->hurried)
		timer_start(&verifier->hurry, HURRY_SECONDS);
	schedule_retry(verifier);
}

/* Return: 1 when the facility has been read, 0 when only a slice was, or a negative errno */
static int run_slice(struct verifier *verifier, struct error *err)
{
	enum facility facility = verifier->facility;
	int r;

	if (!(verifier->broken & BIT(facility)))
		return kernel_reader_run(verifier->reader, err);
	r = kernel_reopen(verifier->kernel, facility, err);
	if (r < 0)
		return r;
	verifier->broken &= ~BIT(facility);
	if (r > 0) {
		log_warning("%s was unloaded and loaded again; programming all of it again",
			    facility_name(facility));
		verifier->observer.replaced(verifier->observer.owner, facility);
	}
	return 0;
}

static int run_slice_timed(struct verifier *verifier, struct error *err)
{
	double begin = clock_now(), seconds;
	int r = run_slice(verifier, err);

	seconds = clock_now() - begin;
	if (seconds > verifier->longest_step)
		verifier->longest_step = seconds;
	return r;
}

static void on_step(void *owner)
{
	struct verifier *verifier = owner;
	struct error err = {0};
	int r;

	if (sync_is_ahead(verifier->sync)) {
		timer_start(&verifier->step, 0.);
		return;
	}
	r = run_slice_timed(verifier, &err);
	if (r < 0)
		note_failure(verifier, verifier->facility, &err);
	else if (r > 0)
		note_success(verifier, verifier->facility);
	if (r != 0)
		verifier->due &= ~BIT(verifier->facility);
	if (r == 0 || begin_next(verifier))
		timer_start(&verifier->step, 0.);
	else
		finish(verifier);
}

static void on_periodic(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct verifier *verifier = container_of(timer, struct verifier, periodic);

	(void)loop;
	(void)events;
	if (verifier->state == VERIFIER_STATE_IDLE)
		begin_if_allowed(verifier, ALL_FACILITIES);
}

static void on_hurry(void *owner)
{
	struct verifier *verifier = owner;

	if (verifier->state == VERIFIER_STATE_IDLE && verifier->hurried)
		begin_if_allowed(verifier, verifier->hurried);
}

static void on_retry(void *owner)
{
	struct verifier *verifier = owner;

	if (verifier->state == VERIFIER_STATE_IDLE && verifier->failed)
		begin_if_allowed(verifier, verifier->failed);
}

void verifier_hurry(struct verifier *verifier, enum facility facility)
{
	verifier->hurried |= BIT(facility);
	if (verifier->has_observed && verifier->state == VERIFIER_STATE_IDLE &&
	    !timer_is_running(&verifier->hurry))
		timer_start(&verifier->hurry, HURRY_SECONDS);
}

void verifier_set_period(struct verifier *verifier, double period)
{
	if (!(verifier->periodic.repeat < period) && !(verifier->periodic.repeat > period))
		return;
	verifier->periodic.repeat = period;
	if (ev_is_active(&verifier->periodic))
		ev_timer_again(verifier->loop, &verifier->periodic);
}

void verifier_tell_times(const struct verifier *verifier, struct agent_health *health)
{
	health->last_verification_seconds = verifier->last_seconds;
	health->longest_verification_step_seconds = verifier->last_longest_step;
}

struct verifier *verifier_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			      struct ledger *ledger, const struct traffic_observer *traffic,
			      double period, const struct verifier_observer *observer)
{
	struct verifier *verifier = memory_allocate(sizeof(*verifier));

	verifier->loop = loop;
	verifier->kernel = kernel;
	verifier->sync = sync;
	verifier->ledger = ledger;
	verifier->reader = kernel_reader_new(kernel, sync, ledger, traffic);
	verifier->observer = *observer;
	verifier->changes = changes_new();
	verifier->retry_seconds = RETRY_SECONDS_MIN;
	timer_init(&verifier->step, verifier->loop, on_step, verifier);
	ev_timer_init(&verifier->periodic, on_periodic, period, period);
	timer_init(&verifier->hurry, verifier->loop, on_hurry, verifier);
	timer_init(&verifier->retry, verifier->loop, on_retry, verifier);
	begin(verifier, ALL_FACILITIES);
	return verifier;
}

void verifier_free(struct verifier *verifier)
{
	if (!verifier)
		return;
	timer_stop(&verifier->step);
	ev_timer_stop(verifier->loop, &verifier->periodic);
	timer_stop(&verifier->hurry);
	timer_stop(&verifier->retry);
	kernel_reader_free(verifier->reader);
	changes_free(verifier->changes);
	free(verifier);
}
