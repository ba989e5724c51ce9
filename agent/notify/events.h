/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EVENTS_H
#define AGENT_EVENTS_H

#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "lib/source/kube/kube_event.h"

/**
 * struct events - tells users of the API, through Kubernetes Events, what concerns an object
 *
 * Which events there are, and how they look; writing them is left to the source of the objects, see
 * lib/source/kube/kube_events.h. So it costs nothing to tell the same again: it is counted. Without
 * an API server they go nowhere, which is why whoever tells an event also logs it.
 */
struct events;

/**
 * enum event_kind - what is told; those that kube-proxy 1.32 writes too look as there
 *   STARTING          Node: the agent started (cmd/kube-proxy/app/server.go birthCry())
 *   HEALTH_CHECK      Service: its healthCheckNodePort cannot be listened on
 *                     (pkg/proxy/healthcheck/service_health.go)
 *   HEALTHZ           Node: --healthz-bind-address cannot be listened on
 *   METRICS           Node: --metrics-bind-address cannot be listened on
 *   SETTINGS          Node: the files of settings cannot be used as they are
 *   RULES             Node: iptables cannot show a table with rules of ours
 *   REJECTED          Service, EndpointSlice, Node: a field makes the object unusable
 *   SERVICE_CONFLICT  Service: another one has a virtual server that it wants, too, or wants
 *                     one that it has
 *   NODE_ADDRESS_CONFLICT
 *                     Service: it wants an address that is a node's or endpoint's, or another one
 *                     wants that of an endpoint of it
 *   CAPACITY          Service, Node: the kernel has no room for more
 *   EXTERNAL_IPS      Service: its external IPs are not programmed, as the operator wants it
 *   ADDRESS_OUTSIDE   Service: external or load balancer IPs are outside of the allowed ranges
 *   UNPROGRAMMED      Service: the operator keeps an address of it for something else
 *   SCHEDULER_MISSING Service: it asks for a scheduler that this node's kernel does not have
 *   SOURCE_RANGES     Service: its source ranges leave one IP family open
 */
enum event_kind {
	EVENT_KIND_STARTING,
	EVENT_KIND_HEALTH_CHECK,
	EVENT_KIND_HEALTHZ,
	EVENT_KIND_METRICS,
	EVENT_KIND_SETTINGS,
	EVENT_KIND_RULES,
	EVENT_KIND_REJECTED,
	EVENT_KIND_SERVICE_CONFLICT,
	EVENT_KIND_NODE_ADDRESS_CONFLICT,
	EVENT_KIND_CAPACITY,
	EVENT_KIND_EXTERNAL_IPS,
	EVENT_KIND_ADDRESS_OUTSIDE,
	EVENT_KIND_UNPROGRAMMED,
	EVENT_KIND_SCHEDULER_MISSING,
	EVENT_KIND_SOURCE_RANGES,
};

/** events_new() - @node_name must outlive them */
struct events *events_new(const char *node_name);
void events_free(struct events *events);
AUTO_FREE_DEFINE(events);

/** events_set_writer() - whom they are given to; NULL, or before: nobody */
void events_set_writer(struct events *events,
		       void (*write)(void *owner, const struct kube_event *event), void *owner);

/** events_emit() - tell something about this Node; the text may be "" */
__attribute__((format(printf, 3, 4))) void events_emit(struct events *events, enum event_kind kind,
						       const char *format, ...);

/**
 * events_emit_about() - tell something about another object
 * @related:  may be NULL
 */
__attribute__((format(printf, 5, 6))) void
events_emit_about(struct events *events, enum event_kind kind,
		  const struct kube_event_object *regarding,
		  const struct kube_event_object *related, const char *format, ...);

/** events_emit_rejection() - about an object; not if the complaint is settled, or about a file */
void events_emit_rejection(struct events *events, const struct rejection *rejection);

#endif
