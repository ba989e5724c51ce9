/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verifier.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <errno.h>
#include <string.h>

/* With a step more, and what others do in the same turn of the loop, that is well below 10 ms. */
#define SLICE_MILLISECONDS 2

/* So often a dump is begun again because of changes of ours; then it is read in one go. */
#define DUMPS_IN_SLICES 3

#define RETRY_SECONDS 1.0

/* Virtual servers whose destinations are asked for together. */
#define SERVERS_PER_TURN 64

/* Time for a burst of changes by somebody else to end before we look. */
#define HURRY_SECONDS 0.05

/**
 * enum stage - where an observation is
 *   IDLE          waits for the period or for a hurry
 *   LINK          one dump, in slices
 *   IPSET         one dump per set, a few or a part of one per slice
 *   SERVERS       one dump of the virtual servers, in slices; then
 *   DESTINATIONS  those of a few servers per slice, up to the last; then IDLE
 */
enum stage { STAGE_IDLE, STAGE_LINK, STAGE_IPSET, STAGE_SERVERS, STAGE_DESTINATIONS };

struct verifier {
	struct ev_loop *loop;
	struct kernel *kernel;
	struct sync *sync;
	struct traffic_observer traffic;
	void (*on_observed)(void *owner, bool is_first);
	void *owner;
	struct changes *changes;
	ev_timer step;
	ev_timer periodic;
	ev_timer hurry;
	unsigned int hurried; /* bit per facility */
	enum stage stage;
	bool is_ensuring;   /* in IPSET: of the dump, sets are created first */
	bool is_dumping;    /* in LINK, IPSET, SERVERS: the dump has begun, and not ended */
	unsigned int dumps; /* that were begun again */
	uint64_t version;   /* of what is listed, when the dump began */
	struct ipvs_visitor visitor;
	bool is_partial; /* only the hurried facilities */
	bool has_observed;
	uint64_t started;
	double last_seconds;
	double longest_step;	  /* of the observation that is under way */
	double last_longest_step; /* of the one before */
	struct virtual_server_key *keys;
	bool *is_answered; /* per key: its destinations have been seen */
	size_t key_count, key_capacity, next_key;
	const struct virtual_server_key *current; /* whose destinations are being gathered */
	struct destination_usage *usages;
	size_t usage_count, usage_capacity;
};

static void start_timer(struct verifier *verifier, ev_timer *timer, double after)
{
	ev_timer_stop(verifier->loop, timer);
	ev_timer_set(timer, after, 0.);
	ev_timer_start(verifier->loop, timer);
}

static void finish_facility(struct verifier *verifier, enum facility facility)
{
	size_t drift = ledger_observe_end(sync_ledger(verifier->sync), facility,
					  clock_milliseconds(), verifier->changes);

	if (drift) {
		log_warning("%s: repairing %zu objects that another program changed",
			    facility_name(facility), drift);
		sync_count_repair(verifier->sync, facility, drift);
	}
	sync_commit(verifier->sync, verifier->changes);
}

static void on_bound(void *user, const struct address *address)
{
	struct verifier *verifier = user;

	ledger_observe_address(sync_ledger(verifier->sync), address);
}

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

/**
 * struct dump - what is read in steps
 * @step:           Return: 1 if there is more; 0 at the end; -EINTR: it has to be begun again
 * @is_versioned:   whether it has to be begun again after changes of ours to what it lists, since
 *                  the kernel has prepared the next part of it before them. Sets need not: what
 *                  their dump says of members that we wrote since it began is not told, and
 *                  the ledger counts what it has written during an observation as seen.
 */
struct dump {
	int (*begin)(struct verifier *verifier, struct error *err);
	int (*step)(struct verifier *verifier, struct error *err);
	bool is_versioned;
};

/* Reads on in a dump, or begins one. Return: as observe_destinations() */
static int read_dump(struct verifier *verifier, const struct dump *dump, struct error *err)
{
	uint64_t slice_end = clock_milliseconds() + SLICE_MILLISECONDS;
	int r;

	if (dump->is_versioned && verifier->is_dumping &&
	    verifier->version != sync_version(verifier->sync)) {
		verifier->is_dumping = false;
		verifier->dumps++;
	}
	if (!verifier->is_dumping) {
		verifier->version = sync_version(verifier->sync);
		r = dump->begin(verifier, err);
		if (r < 0)
			return r;
		verifier->is_dumping = true;
	}
	do
		r = dump->step(verifier, err);
	while (r > 0 && (verifier->dumps >= DUMPS_IN_SLICES || clock_milliseconds() < slice_end));
	if (r > 0)
		return 0;
	verifier->is_dumping = false;
	if (r == -EINTR && verifier->dumps < DUMPS_IN_SLICES) {
		verifier->dumps++;
		return 0;
	}
	verifier->dumps = 0;
	return r < 0 ? r : 1;
}

/* What is changed from now on may be seen or not, so that a hurry counts again. */
static void begin_facility(struct verifier *verifier, enum facility facility)
{
	verifier->hurried &= ~(1U << facility);
	ledger_observe_begin(sync_ledger(verifier->sync), facility);
}

static int begin_link(struct verifier *verifier, struct error *err)
{
	begin_facility(verifier, FACILITY_LINK);
	return link_observe_begin(verifier->kernel->link, err);
}

static int step_link(struct verifier *verifier, struct error *err)
{
	return link_observe_step(verifier->kernel->link, on_bound, verifier, err);
}

/* Return: as observe_destinations() */
static int observe_link(struct verifier *verifier, struct error *err)
{
	static const struct dump dump = {begin_link, step_link, true};
	bool is_new;
	int r = verifier->is_dumping ? 0 : link_ensure(verifier->kernel->link, &is_new, err);

	if (r >= 0)
		r = read_dump(verifier, &dump, err);
	if (r <= 0)
		return r;
	deprecate_addresses(verifier);
	finish_facility(verifier, FACILITY_LINK);
	return 1;
}

static void on_member(void *user, const struct set_member *member)
{
	struct verifier *verifier = user;

	ledger_observe_member(sync_ledger(verifier->sync), member);
}

static int begin_ipset(struct verifier *verifier, struct error *err)
{
	verifier->is_ensuring = true;
	return ipsets_ensure_begin(verifier->kernel->ipsets, err);
}

/* Sets that are not there yet are created first. */
static int step_ipset(struct verifier *verifier, struct error *err)
{
	struct ipsets *ipsets = verifier->kernel->ipsets;
	int r;

	if (!verifier->is_ensuring)
		return ipsets_observe_step(ipsets, err);
	r = ipsets_ensure_step(ipsets, err);
	if (r != 0)
		return r;
	verifier->is_ensuring = false;
	begin_facility(verifier, FACILITY_IPSET);
	r = ipsets_observe_begin(ipsets, on_member, verifier, err);
	return r < 0 ? r : 1;
}

/* Return: as observe_destinations() */
static int observe_ipset(struct verifier *verifier, struct error *err)
{
	static const struct dump dump = {begin_ipset, step_ipset, false};
	int r = read_dump(verifier, &dump, err);

	if (r <= 0)
		return r;
	finish_facility(verifier, FACILITY_IPSET);
	return 1;
}

static int on_server(void *user, const struct virtual_server *server)
{
	struct verifier *verifier = user;

	ledger_observe_server(sync_ledger(verifier->sync), server);
	verifier->keys = memory_grow(verifier->keys, verifier->key_count, &verifier->key_capacity,
				     sizeof(*verifier->keys));
	verifier->keys[verifier->key_count++] = server->key;
	return 0;
}

static int on_traffic(void *user, const struct virtual_server_key *server,
		      const struct ipvs_traffic *traffic)
{
	struct verifier *verifier = user;

	verifier->traffic.observe(verifier->traffic.owner, server, traffic);
	return 0;
}

static int begin_servers(struct verifier *verifier, struct error *err)
{
	bool is_traffic_wanted = verifier->traffic.is_wanted(verifier->traffic.owner);

	verifier->visitor = (struct ipvs_visitor){.server = on_server,
						  .traffic = is_traffic_wanted ? on_traffic : NULL};
	verifier->key_count = 0;
	verifier->next_key = 0;
	if (is_traffic_wanted)
		verifier->traffic.begin(verifier->traffic.owner);
	begin_facility(verifier, FACILITY_IPVS);
	return ipvs_observe_begin(verifier->kernel->ipvs, &verifier->visitor, verifier, err);
}

static int step_servers(struct verifier *verifier, struct error *err)
{
	return ipvs_observe_step(verifier->kernel->ipvs, err);
}

/* Return: as observe_destinations() */
static int observe_servers(struct verifier *verifier, struct error *err)
{
	static const struct dump dump = {begin_servers, step_servers, true};
	int r = read_dump(verifier, &dump, err);

	if (r <= 0)
		return r;
	if (verifier->visitor.traffic)
		verifier->traffic.end(verifier->traffic.owner);
	free(verifier->is_answered);
	verifier->is_answered = memory_array(verifier->key_count, sizeof(bool));
	verifier->current = NULL;
	verifier->usage_count = 0;
	return 1;
}

/* Hands the destinations gathered so far to the ledger. */
static void flush_usages(struct verifier *verifier)
{
	if (verifier->current) {
		ledger_observe_destinations(sync_ledger(verifier->sync), verifier->current,
					    verifier->usages, verifier->usage_count);
		verifier->is_answered[verifier->current - verifier->keys] = true;
	}
	verifier->current = NULL;
	verifier->usage_count = 0;
}

static int on_destination(void *user, const struct virtual_server_key *server,
			  const struct destination_usage *usage)
{
	struct verifier *verifier = user;

	if (server != verifier->current) {
		flush_usages(verifier);
		verifier->current = server;
	}
	verifier->usages = memory_grow(verifier->usages, verifier->usage_count,
				       &verifier->usage_capacity, sizeof(*verifier->usages));
	verifier->usages[verifier->usage_count++] = *usage;
	return 0;
}

static int observe_some_destinations(struct verifier *verifier, size_t count, struct error *err)
{
	static const struct ipvs_visitor visitor = {.destination = on_destination};
	const struct virtual_server_key *keys = verifier->keys + verifier->next_key;
	int r = ipvs_observe_destinations_of(verifier->kernel->ipvs, keys, count, &visitor,
					     verifier, err);

	if (r < 0)
		return r;
	flush_usages(verifier);

	/* A server without destinations has no answer to show. */
	for (size_t i = 0; i < count; i++)
		if (!verifier->is_answered[verifier->next_key + i])
			ledger_observe_destinations(sync_ledger(verifier->sync), &keys[i], NULL, 0);
	verifier->next_key += count;
	return 0;
}

/* Return: 1 when all servers were visited, 0 when the slice ended before, or a negative errno */
static int observe_destinations(struct verifier *verifier, struct error *err)
{
	uint64_t slice_end = clock_milliseconds() + SLICE_MILLISECONDS;

	while (verifier->next_key < verifier->key_count) {
		size_t rest = verifier->key_count - verifier->next_key;
		int r;

		if (clock_milliseconds() >= slice_end)
			return 0;
		r = observe_some_destinations(
			verifier, rest < SERVERS_PER_TURN ? rest : SERVERS_PER_TURN, err);
		if (r < 0)
			return r;
	}
	finish_facility(verifier, FACILITY_IPVS);
	return 1;
}

static enum stage first_hurried(unsigned int hurried)
{
	if (hurried & (1U << FACILITY_LINK))
		return STAGE_LINK;
	if (hurried & (1U << FACILITY_IPSET))
		return STAGE_IPSET;
	return hurried ? STAGE_SERVERS : STAGE_IDLE;
}

static void begin(struct verifier *verifier, enum stage stage, bool is_partial)
{
	verifier->stage = stage;
	verifier->is_dumping = false;
	verifier->dumps = 0;
	verifier->is_partial = is_partial;
	verifier->started = clock_milliseconds();
	verifier->longest_step = 0;
	start_timer(verifier, &verifier->step, 0.);
}

/* For 10,000 virtual servers that is half a megabyte, and it is long until the next time. */
static void forget_servers(struct verifier *verifier)
{
	free(take(&verifier->keys));
	free(take(&verifier->is_answered));
	free(take(&verifier->usages));
	verifier->key_count = verifier->key_capacity = verifier->next_key = 0;
	verifier->usage_count = verifier->usage_capacity = 0;
}

static void finish(struct verifier *verifier)
{
	bool is_first = !verifier->has_observed;

	verifier->stage = STAGE_IDLE;
	forget_servers(verifier);
	if (!verifier->is_partial) {
		verifier->has_observed = true;
		verifier->last_seconds = (double)(clock_milliseconds() - verifier->started) / 1000;
		verifier->last_longest_step = verifier->longest_step;
		if (verifier->periodic.repeat > 0)
			ev_timer_again(verifier->loop, &verifier->periodic);
		verifier->on_observed(verifier->owner, is_first);
	}
	if (verifier->hurried)
		start_timer(verifier, &verifier->hurry, HURRY_SECONDS);
}

/* What follows a stage that is done. What is hurried again by now has its time to wait, too. */
static enum stage next_stage(struct verifier *verifier)
{
	unsigned int rest = verifier->hurried & ~(1U << FACILITY_LINK);

	switch (verifier->stage) {
	case STAGE_LINK:
		return verifier->is_partial ? first_hurried(rest) : STAGE_IPSET;
	case STAGE_IPSET:
		rest &= ~(1U << FACILITY_IPSET);
		return verifier->is_partial ? first_hurried(rest) : STAGE_SERVERS;
	case STAGE_SERVERS:
		return STAGE_DESTINATIONS;
	case STAGE_DESTINATIONS:
	case STAGE_IDLE:
		break;
	}
	return STAGE_IDLE;
}

/* Return: 1 when the stage is done, 0 when only the slice is, or a negative errno */
static int run_stage(struct verifier *verifier, struct error *err)
{
	switch (verifier->stage) {
	case STAGE_LINK:
		return observe_link(verifier, err);
	case STAGE_IPSET:
		return observe_ipset(verifier, err);
	case STAGE_SERVERS:
		return observe_servers(verifier, err);
	case STAGE_DESTINATIONS:
		return observe_destinations(verifier, err);
	case STAGE_IDLE:
		break;
	}
	return 1;
}

static int run_stage_timed(struct verifier *verifier, struct error *err)
{
	double begin = clock_now(), seconds;
	int r = run_stage(verifier, err);

	seconds = clock_now() - begin;
	if (seconds > verifier->longest_step)
		verifier->longest_step = seconds;
	return r;
}

static void on_step(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct verifier *verifier = container_of(timer, struct verifier, step);
	struct error err = {0};
	int r;

	(void)loop;
	(void)events;
	if (sync_is_ahead(verifier->sync)) {
		start_timer(verifier, &verifier->step, 0.);
		return;
	}
	r = run_stage_timed(verifier, &err);
	if (r < 0) {
		log_warning("reading the kernel's state: %s; retrying in %.0f s", err.text,
			    RETRY_SECONDS);
		begin(verifier, STAGE_LINK, false);
		start_timer(verifier, &verifier->step, RETRY_SECONDS);
		return;
	}
	if (r == 1)
		verifier->stage = next_stage(verifier);
	if (verifier->stage == STAGE_IDLE)
		finish(verifier);
	else
		start_timer(verifier, &verifier->step, 0.);
}

static void on_periodic(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct verifier *verifier = container_of(timer, struct verifier, periodic);

	(void)loop;
	(void)events;
	if (verifier->stage == STAGE_IDLE)
		begin(verifier, STAGE_LINK, false);
}

static void on_hurry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct verifier *verifier = container_of(timer, struct verifier, hurry);

	(void)loop;
	(void)events;
	if (verifier->stage == STAGE_IDLE && verifier->hurried)
		begin(verifier, first_hurried(verifier->hurried), true);
}

void verifier_hurry(struct verifier *verifier, enum facility facility)
{
	verifier->hurried |= 1U << facility;
	if (verifier->has_observed && verifier->stage == STAGE_IDLE &&
	    !ev_is_active(&verifier->hurry))
		start_timer(verifier, &verifier->hurry, HURRY_SECONDS);
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
			      const struct traffic_observer *traffic, double period,
			      void (*on_observed)(void *owner, bool is_first), void *owner)
{
	struct verifier *verifier = memory_allocate(sizeof(*verifier));

	verifier->loop = loop;
	verifier->kernel = kernel;
	verifier->sync = sync;
	verifier->traffic = *traffic;
	verifier->on_observed = on_observed;
	verifier->owner = owner;
	verifier->changes = changes_new();
	ev_timer_init(&verifier->step, on_step, 0., 0.);
	ev_timer_init(&verifier->periodic, on_periodic, period, period);
	ev_timer_init(&verifier->hurry, on_hurry, 0., 0.);
	begin(verifier, STAGE_LINK, false);
	return verifier;
}

void verifier_free(struct verifier *verifier)
{
	if (!verifier)
		return;
	ev_timer_stop(verifier->loop, &verifier->step);
	ev_timer_stop(verifier->loop, &verifier->periodic);
	ev_timer_stop(verifier->loop, &verifier->hurry);
	changes_free(verifier->changes);
	free(verifier->keys);
	free(verifier->is_answered);
	free(verifier->usages);
	free(verifier);
}
