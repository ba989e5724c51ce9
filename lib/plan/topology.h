/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_TOPOLOGY_H
#define PLAN_TOPOLOGY_H

#include "../objects/store.h"
#include "desired.h"

/**
 * struct candidate - an endpoint of one port of one Service, merged over all slices
 * @is_local:  its nodeName is this node's name
 *
 * Conditions as in struct endpoint.
 */
struct candidate {
	struct destination destination;
	const char *hint_zones;
	bool is_local;
	bool is_ready;
	bool is_serving;
	bool is_terminating;
};

/** struct candidates - a growing array of them, sorted once complete */
struct candidates {
	struct candidate *items;
	size_t count;
	size_t capacity;
};

/**
 * topology_collect() - the endpoints that serve one port of one family of a Service
 *
 * @candidates is emptied first and ends up sorted by destination. An endpoint that occurs several
 * times (in several slices) is kept once: the best of its conditions counts, so that it is usable
 * if any copy says so. Ports match by name and protocol.
 */
void topology_collect(const struct service_view *view, const struct service_port *port,
		      uint16_t family, const char *node_name, struct candidates *candidates);

/**
 * enum traffic - which policy decides
 *   CLUSTER         policy Cluster
 *   INTERNAL_LOCAL  internalTrafficPolicy Local: this node's or none
 *   EXTERNAL_LOCAL  externalTrafficPolicy Local: this node's, or all if there are none
 */
enum traffic { TRAFFIC_CLUSTER, TRAFFIC_INTERNAL_LOCAL, TRAFFIC_EXTERNAL_LOCAL };
#define TRAFFIC_COUNT (TRAFFIC_EXTERNAL_LOCAL + 1)

/**
 * topology_select() - the endpoints that traffic of a kind is balanced over
 * @is_selected:  one flag per candidate, filled
 *
 * Ready ones, restricted by topology hints where they can be used; if there are none, those that
 * are still serving while they terminate. For the policies Local only those of this node. That
 * TRAFFIC_EXTERNAL_LOCAL falls back to all is for pods: kube-proxy's IPVS mode lets them reach
 * these. It does so for internalTrafficPolicy, too, where it is wrong: there is nobody whom the API
 * lets reach others. Source: kube-proxy 1.32 pkg/proxy/topology.go CategorizeEndpoints() and
 * pkg/proxy/ipvs/proxier.go syncEndpoint().
 */
void topology_select(const struct candidates *candidates, const struct node_view *node,
		     enum traffic traffic, bool *is_selected);

#endif
