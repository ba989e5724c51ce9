/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CONFLICTS_H
#define AGENT_CONFLICTS_H

#include "events.h"
#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"

/**
 * struct conflicts - tells, in the log and as events, what Services cannot all have
 *
 * Two Services that claim one virtual server, and external or load balancer IPs that are the
 * address of a node. Each is told when it begins; its end is logged.
 */
struct conflicts;

/** conflicts_new() - @store, for the UIDs of Services, and @events must outlive it */
struct conflicts *conflicts_new(const struct store *store, struct events *events);
void conflicts_free(struct conflicts *conflicts);
AUTO_FREE_DEFINE(conflicts);

/** conflicts_planned() - a Service was planned: look whether it wants the address of a node */
void conflicts_planned(struct conflicts *conflicts, const struct service_view *view,
		       const struct node_view *node);

/** conflicts_passed() - every Service is planned: look who goes without; costs nothing if no claim
 *  changed that is contested */
void conflicts_passed(struct conflicts *conflicts, const struct ledger *ledger);

#endif
