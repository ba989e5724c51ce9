/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SYNC_H
#define AGENT_SYNC_H

#include "lib/kernel/kernel.h"
#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct sync - turns dirty Services into kernel changes, batch by batch on the loop
 *
 * Programs nothing until sync_allow() was called for every gate. After the first complete pass it
 * removes leftovers; from then on each event costs what it changes.
 */
struct sync;

/**
 * struct sync_options
 * @min_period:  seconds between two passes; events in between are gathered
 */
struct sync_options {
	struct desired_options desired;
	double min_period;
};

/**
 * enum sync_gate - what must have happened before anything is programmed
 *   SOURCE    Services, EndpointSlices and Node are fully known
 *   OBSERVED  the kernel's state has been read
 *   RULES     the fixed iptables rules are in place
 */
enum sync_gate { SYNC_GATE_SOURCE = 1, SYNC_GATE_OBSERVED = 2, SYNC_GATE_RULES = 4 };

/** struct sync_counters - since the start; for status and metrics */
struct sync_counters {
	uint64_t applied[FACILITY_COUNT];
	uint64_t failed[FACILITY_COUNT];
	uint64_t repaired[FACILITY_COUNT];
	uint64_t passes;
	double last_pass_seconds;  /* duration of the last pass that changed something */
	double first_pass_seconds; /* from all gates open to everything programmed; 0 = not yet */
	double planning_seconds;   /* spent on what should be and on what that changes */
	double applying_seconds;   /* spent on kernel operations */
};

/**
 * struct sync_observer - told of what happened, for parts that hang on it
 * @planned:  after each planned Service; @state may be empty; both are valid during the call
 * @applied:  the changes of a batch with their results, part by part
 * @reported: after each batch; an empty one too, since one that confirms what a predecessor left may
 *            be the first to know a draining destination
 * @passed:   after each pass: every Service that was dirty is planned and applied; how many seconds
 *            that took
 */
struct sync_observer {
	void *owner;
	void (*planned)(void *owner, const struct service_view *view,
			const struct service_state *state);
	void (*applied)(void *owner, const struct changes *changes);
	void (*reported)(void *owner);
	void (*passed)(void *owner, double seconds);
};

/** sync_new() - @target, @store, @ledger and @options stay the caller's; @options is copied */
struct sync *sync_new(struct ev_loop *loop, const struct kernel_target *target, struct store *store,
		      struct ledger *ledger, const struct sync_options *options,
		      const struct sync_observer *observer);
void sync_free(struct sync *sync);

/**
 * sync_set_options() - others from now on; plans everything again if @options->desired differs
 *
 * The ranges in @options stay the caller's, as those of the options before until this returns.
 */
void sync_set_options(struct sync *sync, const struct sync_options *options);

/** sync_plan_all() - every Service again, for whoever hears of it through the observer */
void sync_plan_all(struct sync *sync);

/** sync_set_node() - the node as it is now; copied; plans everything again if it differs */
void sync_set_node(struct sync *sync, const struct node_view *node);
/** sync_desired_options() - those that Services are planned with */
const struct desired_options *sync_desired_options(const struct sync *sync);

const struct node_view *sync_node(const struct sync *sync);

/** sync_set_in_cluster() - whether clients in the cluster can be told from others; plans everything
 *  again if that differs from before */
void sync_set_in_cluster(struct sync *sync, bool has_in_cluster);

void sync_allow(struct sync *sync, enum sync_gate gate);

/**
 * sync_allow_sweep() - the source has shown everything, so what nobody claims is a leftover
 *
 * May come later than the gate SOURCE: a manifest that cannot be read yet must not cost its
 * Services what an earlier agent programmed for them.
 */
void sync_allow_sweep(struct sync *sync);

/** sync_wake() - the store has dirty Services */
void sync_wake(struct sync *sync);

/** sync_is_settled() - the first pass is over and nothing waits to be planned */
bool sync_is_settled(const struct sync *sync);

/**
 * sync_is_ahead() - the ledger is ahead of the kernel: changes are being planned, or are on their
 * way
 *
 * It may take several turns of the loop until all of them are there. Meanwhile nobody may compare
 * the kernel with the ledger, nor commit other changes.
 */
bool sync_is_ahead(const struct sync *sync);

/**
 * sync_commit() - settle, sort, apply and report @changes, which are emptied; also for repairs
 *
 * Not while sync_is_ahead(), which it may be afterwards.
 */
void sync_commit(struct sync *sync, struct changes *changes);

/**
 * sync_version() - goes up with each virtual server and each address that is added, edited or
 * removed
 *
 * What is left of a dump of them when it goes up may be wrong.
 */
uint64_t sync_version(const struct sync *sync);

/** sync_count_repair() - @count objects of @facility had drifted */
void sync_count_repair(struct sync *sync, enum facility facility, size_t count);

const struct sync_counters *sync_counters(const struct sync *sync);

#endif
