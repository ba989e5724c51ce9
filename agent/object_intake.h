/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OBJECT_INTAKE_H
#define AGENT_OBJECT_INTAKE_H

#include "agent/http/proxy_health.h"
#include "agent/http/proxy_metrics.h"
#include "agent/input/node_state.h"
#include "agent/notify/events.h"
#include "agent/notify/history.h"
#include "agent/notify/rejections.h"
#include "agent/reconcile/sync.h"
#include "lib/objects/object_sink.h"
#include "lib/objects/store.h"

#include <ev.h>

/**
 * struct object_intake - takes in what the source says about objects
 *
 * Services and EndpointSlices go to the store, Nodes to the node's state, and complaints to the
 * rejections. Each change is noted for health and metrics, and wakes up the sync.
 */
struct object_intake;

/**
 * struct object_intake_parts - where it all goes; everything must outlive the intake
 * @last_change:     set to the time at which an object came, changed or went, in seconds since 1970
 * @on_own_node:     what is known of this Node changed, or it went
 * @on_other_nodes:  others came, changed or went; once for all of them, before @on_synced
 * @on_synced:       as synced() of struct object_sink
 * @owner:           first argument of these
 */
struct object_intake_parts {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct node_state *node;
	struct rejections *rejections;
	struct events *events;
	struct history *history;
	struct proxy_health *health;
	struct proxy_metrics *metrics;
	struct sync *sync;
	double *last_change;
	void (*on_own_node)(void *owner);
	void (*on_other_nodes)(void *owner);
	void (*on_synced)(void *owner);
	void *owner;
};

/** object_intake_new() - @parts: copied */
struct object_intake *object_intake_new(const struct object_intake_parts *parts);
void object_intake_free(struct object_intake *intake);

/** object_intake_sink() - for the source, which has to be closed before the intake is freed */
struct object_sink object_intake_sink(struct object_intake *intake);

#endif
