/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_TOPOLOGY_H
#define PLAN_TOPOLOGY_H

#include "lib/objects/store.h"
#include "node_view.h"
#include "proxy_state.h"

/**
 * struct candidate - an endpoint of one port of one Service, merged over all slices
 * @is_local:  its nodeName is this node's name
 *
 * Conditions as in struct endpoint.
 */
struct candidate {
	struct destination destination;
	struct endpoint_hints hints;
	bool is_local;
	bool is_ready;
	bool is_serving;
	bool is_terminating;
};

/**
 * struct candidates - a growing array of them, sorted once complete
 * @local_count:  of these, on this node
 * @left_out:     that were too many
 * @spare, @run, @sorted:
 *                for sorting: what is merged; how long the runs are that are sorted; how many
 *                candidates are in longer ones
 */
struct candidates {
	struct candidate *items;
	size_t count;
	size_t capacity;
	size_t local_count;
	size_t left_out;
	struct candidate *spare;
	size_t run, sorted;
};

/**
 * struct collection - what topology_collect_step() goes on with
 * @port, @family:  what they are to serve
 * @node_name:      may be NULL
 * @limit:          0 = any number; else of more, in the order of the slices' names, the last ones
 *                  are left out, those of this node last of all
 * @next_slice:     of @view; 0 at first
 */
struct collection {
	const struct service_view *view;
	const struct service_port *port;
	const char *node_name;
	size_t limit;
	size_t next_slice;
	uint16_t family;
};

/**
 * topology_collect_step() - the endpoints that serve one port of one family of a Service
 * @budget:  about how many endpoints and ports are looked at, by whole slices; what was used is
 *           taken off
 * Return: whether that was the end
 *
 * @candidates is emptied first and ends up sorted by destination. An endpoint that occurs several
 * times (in several slices) is kept once: the best of its conditions counts, so that it is usable
 * if any copy says so. Ports match by name and protocol.
 */
bool topology_collect_step(struct collection *collection, size_t *budget,
			   struct candidates *candidates);

/** topology_clear() - frees what is in it */
void topology_clear(struct candidates *candidates);

/** topology_collect() - all of it in one go; @limit as in struct collection */
void topology_collect(const struct service_view *view, const struct service_port *port,
		      uint16_t family, const char *node_name, size_t limit,
		      struct candidates *candidates);

/**
 * enum traffic - which endpoints are for it
 *   CLUSTER       all: policy Cluster, and clients in the cluster where the external policy is Local
 *   LOCAL         this node's or none: policy Local
 *   LOCAL_OR_ALL  this node's, or all if there are none: kube-proxy's way with externalTrafficPolicy
 *                 Local, for kernels in which clients in the cluster cannot be told from others
 */
enum traffic { TRAFFIC_CLUSTER, TRAFFIC_LOCAL, TRAFFIC_LOCAL_OR_ALL };
#define TRAFFIC_COUNT (TRAFFIC_LOCAL_OR_ALL + 1)

/**
 * enum selection_basis - by what endpoints are selected
 *   NONE               no endpoint is
 *   READY              all that are ready
 *   SAME_ZONE          ready ones whose hints name this node's zone
 *   SAME_NODE          ready ones whose hints name this node
 *   LOCAL              ready ones of this node
 *   TERMINATING        those that still serve while they terminate, since none is ready
 *   LOCAL_TERMINATING  the same among those of this node
 */
enum selection_basis {
	SELECTION_BASIS_NONE,
	SELECTION_BASIS_READY,
	SELECTION_BASIS_SAME_ZONE,
	SELECTION_BASIS_SAME_NODE,
	SELECTION_BASIS_LOCAL,
	SELECTION_BASIS_TERMINATING,
	SELECTION_BASIS_LOCAL_TERMINATING,
};

/**
 * topology_select() - the endpoints that traffic of a kind is balanced over
 * @is_selected:  one flag per candidate, filled
 *
 * Ready ones, restricted by the topology rule; if there are none, those that are still serving
 * while they terminate. For local traffic only those of this node, whatever their hints. That
 * TRAFFIC_LOCAL_OR_ALL falls back to all is for pods: kube-proxy's IPVS mode lets them reach
 * these. It does so for internalTrafficPolicy, too, where it is wrong: there is nobody whom the API
 * lets reach others. Source: kube-proxy 1.36 pkg/proxy/topology.go CategorizeEndpoints() and
 * pkg/proxy/ipvs/proxier.go syncEndpoint().
 */
enum selection_basis topology_select(const struct candidates *candidates,
				     const struct node_view *node, enum traffic traffic,
				     bool *is_selected);

#endif
