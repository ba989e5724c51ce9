/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CAPACITY_H
#define AGENT_CAPACITY_H

#include "events.h"
#include "lib/objects/store.h"
#include "lib/plan/changes.h"
#include "lib/plan/desired.h"

/**
 * struct capacity - tells, in the log and as events, where the kernel has no room for more
 *
 * Sets that are full and could not be grown, memory that is used up, and schedulers whose table
 * has fewer places than a Service has endpoints.
 */
struct capacity;

/** capacity_new() - @events must outlive it */
struct capacity *capacity_new(struct events *events);
void capacity_free(struct capacity *capacity);
AUTO_FREE_DEFINE(capacity);

/** capacity_planned() - a Service was planned: look whether its scheduler and the limits have room
 *  for it */
void capacity_planned(struct capacity *capacity, const struct service_view *view,
		      const struct service_state *state);

/** capacity_applied() - look at what the kernel refused; each is tried again anyway */
void capacity_applied(struct capacity *capacity, const struct changes *changes);

/** capacity_reported() - tell of that: each set once, however many members it refused */
void capacity_reported(struct capacity *capacity);

#endif
