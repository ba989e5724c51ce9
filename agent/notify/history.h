/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HISTORY_H
#define AGENT_HISTORY_H

#include "lib/base/memory.h"
#include "lib/plan/changes.h"
#include "lib/plan/service_state.h"

#include <stdint.h>

/* How many are remembered, and of each, how many of its kernel operations in words. */
#define HISTORY_EVENTS	   1000
#define HISTORY_OPERATIONS 8

/**
 * struct history - the last changes that the agent made, for `ipvsagent events`
 *
 * In memory, and bounded: HISTORY_EVENTS events of HISTORY_OPERATIONS lines, below 1 MiB. What is
 * noted costs as much as what changed. All that the first pass does is one event.
 */
struct history;

/**
 * struct history_event - one object, and what was done for it at one time
 * @number:      from 1, one after the other
 * @time:        seconds since 1970
 * @object:      "Service NAMESPACE/NAME", or what else was changed
 * @cause:       why
 * @operations:  the first of them, as texts one after the other, each with its NUL
 * @kept:        how many those are
 * @total, @failed: of the kernel operations
 */
struct history_event {
	uint64_t number;
	double time;
	const char *object;
	const char *cause;
	const char *operations;
	uint32_t kept, total, failed;
};

/** history_new() - @clock: the time of day in seconds, as ev_time() */
struct history *history_new(double (*clock)(void));
void history_free(struct history *history);
AUTO_FREE_DEFINE(history);

/**
 * history_object() - an object came, changed or went, and its Service will be planned
 * @service:  its key
 * @what:     as "EndpointSlice default/web-1 changed"
 */
void history_object(struct history *history, const char *service, const char *what);

/**
 * history_planned() - a Service was planned
 * @before, @after:  what it wanted and wants; NULL = nothing; valid during the call
 */
void history_planned(struct history *history, const char *service,
		     const struct service_state *before, const struct service_state *after);

struct ledger;

/** history_applied() - some of a batch, with their results */
void history_applied(struct history *history, const struct ledger *ledger,
		     const struct changes *changes);

/** history_reported() - the batch is over */
void history_reported(struct history *history);

/** history_passed() - a pass is over; with the first one single Services begin to be told apart */
void history_passed(struct history *history);

/** history_note() - something else; @operation: "" = none */
void history_note(struct history *history, const char *object, const char *cause,
		  const char *operation);

/** history_last() - the number of the last event; 0 = there is none */
uint64_t history_last(const struct history *history);

/** history_find() - NULL if it is forgotten, or is still to come; valid until the next event */
const struct history_event *history_find(const struct history *history, uint64_t number);

#endif
