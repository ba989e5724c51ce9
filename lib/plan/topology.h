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

/**
 * struct candidates - a growing array of them, sorted once complete
 * @is_external:  their port is reachable from outside, through a NodePort or an external or load
 *                balancer IP of their family
 */
struct candidates {
	struct candidate *items;
	size_t count;
	size_t capacity;
	bool is_external;
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

/** enum traffic - which policy decides */
enum traffic {
	TRAFFIC_CLUSTER, /* policy Cluster */
	TRAFFIC_LOCAL,	 /* policy Local */
};

/**
 * topology_select() - the endpoints that traffic of a kind is balanced over
 * @is_selected:  one flag per candidate, filled
 *
 * Ready ones, restricted by topology hints where they can be used; if there are none, those that
 * are still serving while they terminate. For TRAFFIC_LOCAL only those of this node; if there are
 * none, all (kube-proxy's IPVS mode lets pods reach them), unless internalTrafficPolicy is Local
 * and nobody outside can reach the port. Source: kube-proxy 1.32 pkg/proxy/topology.go
 * CategorizeEndpoints() and pkg/proxy/ipvs/proxier.go syncEndpoint().
 */
void topology_select(const struct candidates *candidates, const struct service *service,
		     const struct node_view *node, enum traffic traffic, bool *is_selected);

#endif
