/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PLANNER_H
#define AGENT_PLANNER_H

#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"

/**
 * struct planner - finds out what one dirty Service after the other wants, in steps
 *
 * Meanwhile the store is pinned, so that it may go on changing: a Service that changes while it is
 * being planned is dirty again.
 */
struct planner;

struct planner *planner_new(struct store *store);
void planner_free(struct planner *planner);

/**
 * planner_begin() - with the next dirty Service; not while another is being planned
 * @node:     borrowed until planner_end() or planner_abandon()
 * @options:  copied; what others have is taken from @ledger
 * Return: false if there is none
 */
bool planner_begin(struct planner *planner, const struct node_view *node,
		   const struct desired_options *options, const struct ledger *ledger);

bool planner_is_busy(const struct planner *planner);

/**
 * planner_step() - go on
 * @budget:  as of desired_step()
 * Return: what the Service wants, which the caller frees; NULL until that is known
 */
struct service_state *planner_step(struct planner *planner, size_t *budget);

/** planner_is_waiting() - as desired_is_waiting() */
bool planner_is_waiting(const struct planner *planner);

/** planner_view() - the Service as it is planned; until planner_end() */
const struct service_view *planner_view(const struct planner *planner);

/** planner_end() - the Service that was planned is of no further interest */
void planner_end(struct planner *planner);

/** planner_abandon() - what a plan depends on is about to change: a Service that is being planned is
 *  dirty again */
void planner_abandon(struct planner *planner);

#endif
