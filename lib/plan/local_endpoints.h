/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LOCAL_ENDPOINTS_H
#define PLAN_LOCAL_ENDPOINTS_H

#include "distinct.h"
#include "lib/objects/store.h"
#include "node_view.h"

/**
 * struct local_endpoints - counts the ready endpoints of a Service on this node, over all ports,
 * once per address
 *
 * Of both families: kube-proxy counts IPv4 only if there is any, so that a load balancer would not
 * send IPv6 traffic to a node which could serve it. Source:
 * pkg/proxy/healthcheck/service_health.go, pkg/proxy/endpoint.go LocalReadyEndpoints().
 */
struct local_endpoints {
	struct address *seen;
	size_t capacity;
	struct distinct distinct;
	size_t next_slice;
};

void local_endpoints_begin(struct local_endpoints *local);
void local_endpoints_clear(struct local_endpoints *local);

/**
 * local_endpoints_step() - go on; by whole slices
 * @budget:  about how many endpoints are looked at; what was used is taken off
 * Return: whether that was the end, and local_endpoints_count() knows
 */
bool local_endpoints_step(struct local_endpoints *local, const struct service_view *view,
			  const struct node_view *node, size_t *budget);

uint32_t local_endpoints_count(const struct local_endpoints *local);

#endif
