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
 * address of a node or of an endpoint. Each is told when it begins, to both Services; its end is
 * logged.
 */
struct conflicts;

/** conflicts_new() - @store, for the UIDs of Services, and @events must outlive it */
struct conflicts *conflicts_new(const struct store *store, struct events *events);
void conflicts_free(struct conflicts *conflicts);
AUTO_FREE_DEFINE(conflicts);

/** conflicts_planned() - a Service was planned: look whether it wants the address of a node or of an
 *  endpoint */
void conflicts_planned(struct conflicts *conflicts, const struct service_view *view,
		       const struct node_view *node);

/** conflicts_passed() - every Service is planned: look who goes without; costs nothing if no claim
 *  changed that is contested */
void conflicts_passed(struct conflicts *conflicts, const struct ledger *ledger);

/**
 * enum conflict_side - what a conflict is for a Service
 *   WAITING    another one has a virtual server that it claims
 *   CONTESTED  it has a virtual server that another one claims
 *   UNBOUND    an external or load balancer IP of it is the address of a node or of an endpoint
 *   ENDPOINT   such an IP of another Service is the address of an endpoint of this one
 */
enum conflict_side {
	CONFLICT_SIDE_WAITING,
	CONFLICT_SIDE_CONTESTED,
	CONFLICT_SIDE_UNBOUND,
	CONFLICT_SIDE_ENDPOINT,
};

/** conflict_side_name() - "waiting", "contested", "unbound", "endpoint" */
const char *conflict_side_name(enum conflict_side side);

/**
 * conflicts_each() - every Service with a conflict, for each of its sides; the same may come again,
 *                    with more of them. Of very many some are left out.
 * @visit: @count of virtual servers or addresses
 */
void conflicts_each(const struct conflicts *conflicts,
		    void (*visit)(void *owner, const char *service, enum conflict_side side,
				  size_t count),
		    void *owner);

/** conflicts_at_endpoints() - the endpoints of @service whose addresses other Services claim */
void conflicts_at_endpoints(const struct conflicts *conflicts, const char *service,
			    void (*visit)(void *owner, const struct address *address,
					  const char *claimant),
			    void *owner);

#endif
