/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drainer.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "lib/plan/ledger_drain.h"

#include <errno.h>

#define SLICE_MILLISECONDS 4

/* The first look comes soon, since most destinations hold no connection; then every second. */
#define FIRST_LOOK_SECONDS 0.2
#define LOOK_SECONDS	   1.0

struct drainer {
	struct ev_loop *loop;
	struct kernel *kernel;
	struct sync *sync;
	struct ledger *ledger;
	struct changes *changes;
	struct timer look;
	struct virtual_server_key *keys; /* what this look still has to visit */
	size_t key_count, key_capacity;
	struct destination_usage *usages;
	size_t usage_count, usage_capacity;
};

static void collect_key(void *owner, const struct virtual_server_key *server)
{
	struct drainer *drainer = owner;

	drainer->keys = memory_grow(drainer->keys, drainer->key_count, &drainer->key_capacity,
				    sizeof(*drainer->keys));
	drainer->keys[drainer->key_count++] = *server;
}

static int collect_usage(void *owner, const struct virtual_server_key *server,
			 const struct destination_usage *usage)
{
	struct drainer *drainer = owner;

	(void)server;
	drainer->usages = memory_grow(drainer->usages, drainer->usage_count,
				      &drainer->usage_capacity, sizeof(*drainer->usages));
	drainer->usages[drainer->usage_count++] = *usage;
	return 0;
}

static void look_at(struct drainer *drainer, const struct virtual_server_key *key)
{
	static const struct ipvs_visitor visitor = {.destination = collect_usage};
	struct error err = {0};
	int r;

	drainer->usage_count = 0;
	r = ipvs_observe_destinations(drainer->kernel->ipvs, key, &visitor, drainer, &err);
	if (r == -ESRCH)
		return;
	if (r < 0) {
		log_warning("counting connections: %s; retrying in %.0f s", err.text, LOOK_SECONDS);
		return;
	}
	ledger_drain_server(drainer->ledger, key, drainer->usages, drainer->usage_count,
			    clock_milliseconds(), drainer->changes);
}

static void schedule(struct drainer *drainer, double after)
{
	timer_stop(&drainer->look);
	timer_start(&drainer->look, after);
}

static void on_look(void *owner)
{
	struct drainer *drainer = owner;
	uint64_t slice_end = clock_milliseconds() + SLICE_MILLISECONDS;

	if (sync_is_ahead(drainer->sync)) {
		schedule(drainer, 0.);
		return;
	}
	if (!drainer->key_count)
		ledger_drain_each(drainer->ledger, collect_key, drainer);
	while (drainer->key_count && clock_milliseconds() < slice_end)
		look_at(drainer, &drainer->keys[--drainer->key_count]);
	drainer->changes->cause = CHANGE_CAUSE_DRAIN;
	sync_commit(drainer->sync, drainer->changes);

	if (drainer->key_count)
		schedule(drainer, 0.);
	else if (ledger_drain_count(drainer->ledger))
		schedule(drainer, LOOK_SECONDS);
}

void drainer_wake(struct drainer *drainer)
{
	if (!timer_is_running(&drainer->look) && ledger_drain_count(drainer->ledger))
		schedule(drainer, FIRST_LOOK_SECONDS);
}

struct drainer *drainer_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			    struct ledger *ledger)
{
	struct drainer *drainer = memory_allocate(sizeof(*drainer));

	drainer->loop = loop;
	drainer->kernel = kernel;
	drainer->sync = sync;
	drainer->ledger = ledger;
	drainer->changes = changes_new();
	timer_init(&drainer->look, drainer->loop, on_look, drainer);
	return drainer;
}

void drainer_free(struct drainer *drainer)
{
	if (!drainer)
		return;
	timer_stop(&drainer->look);
	changes_free(drainer->changes);
	free(drainer->keys);
	free(drainer->usages);
	free(drainer);
}
