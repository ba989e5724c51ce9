/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "topology.h"

#include <string.h>

/* A copy that is more usable speaks for its endpoint; of equal ones, the one on this node. */
static int usability(const struct candidate *candidate)
{
	int conditions =
		candidate->is_ready ? 2 : candidate->is_serving && candidate->is_terminating;

	return conditions * 2 + candidate->is_local;
}

/* Copies of an endpoint come together, the one that speaks for it first, whatever the slices. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = destination_compare(&left->destination, &right->destination);

	if (order == 0)
		order = usability(right) - usability(left);
	if (order == 0 && left->hint_zones && right->hint_zones)
		order = strcmp(left->hint_zones, right->hint_zones);
	if (order == 0)
		order = !left->hint_zones - !right->hint_zones;
	return order;
}

static bool port_matches(const struct endpoint_slice_port *slice_port,
			 const struct service_port *service_port)
{
	return slice_port->port && slice_port->protocol == service_port->protocol &&
	       strcmp(slice_port->name, service_port->name) == 0;
}

static void add(struct candidates *candidates, const struct endpoint_slice *slice,
		const struct endpoint *endpoint, uint16_t port, const char *node_name)
{
	struct candidate *candidate;

	candidates->items = memory_grow(candidates->items, candidates->count, &candidates->capacity,
					sizeof(*candidates->items));
	candidate = &candidates->items[candidates->count++];
	*candidate = (struct candidate){
		.destination = {.address = endpoint->address, .port = port, .weight = 1},
		.hint_zones = endpoint_hint_zones(slice, endpoint),
		.is_local = endpoint->node_name && node_name &&
			    strcmp(endpoint->node_name, node_name) == 0,
		.is_ready = endpoint->is_ready,
		.is_serving = endpoint->is_serving,
		.is_terminating = endpoint->is_terminating,
	};
}

static void merge_copies(struct candidates *candidates)
{
	size_t used = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		struct candidate *candidate = &candidates->items[i];
		struct candidate *last = used ? &candidates->items[used - 1] : NULL;

		if (!last || destination_compare(&last->destination, &candidate->destination) != 0)
			candidates->items[used++] = *candidate;
	}
	candidates->count = used;
}

void topology_collect(const struct service_view *view, const struct service_port *port,
		      uint16_t family, const char *node_name, struct candidates *candidates)
{
	candidates->count = 0;
	for (size_t i = 0; i < view->slice_count; i++) {
		const struct endpoint_slice *slice = view->slices[i];

		if (slice->family != family)
			continue;
		for (size_t p = 0; p < slice->port_count; p++) {
			if (!port_matches(&slice->ports[p], port))
				continue;
			for (size_t e = 0; e < slice->endpoint_count; e++)
				add(candidates, slice, &slice->endpoints[e], slice->ports[p].port,
				    node_name);
		}
	}
	if (candidates->count)
		qsort(candidates->items, candidates->count, sizeof(*candidates->items),
		      compare_candidates);
	merge_copies(candidates);
}

static bool zones_include(const char *zones, const char *zone)
{
	size_t length = strlen(zone);

	for (const char *at = zones; at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (strncmp(at, zone, length) == 0 && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

/*
 * Hints count only if every ready endpoint has them and one of them is for our zone. Annotations
 * and trafficDistribution of the Service decide whether somebody writes hints, not whether they
 * are followed (kube-proxy 1.32 with ServiceTrafficDistribution, which is on by default).
 */
static bool hints_are_usable(const struct candidates *candidates, const struct node_view *node)
{
	bool has_endpoint_for_zone = false;

	if (!node->zone || !*node->zone)
		return false;
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		if (!candidate->is_ready)
			continue;
		if (!candidate->hint_zones)
			return false;
		if (zones_include(candidate->hint_zones, node->zone))
			has_endpoint_for_zone = true;
	}
	return has_endpoint_for_zone;
}

/* Ready candidates that pass the filters; if there are none, serving ones that terminate. */
static size_t select_usable(const struct candidates *candidates, bool only_local, const char *zone,
			    bool *is_selected)
{
	size_t selected = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		is_selected[i] = candidate->is_ready && (!only_local || candidate->is_local) &&
				 (!zone || zones_include(candidate->hint_zones, zone));
		selected += is_selected[i];
	}
	if (selected)
		return selected;
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		is_selected[i] = candidate->is_serving && candidate->is_terminating &&
				 (!only_local || candidate->is_local);
		selected += is_selected[i];
	}
	return selected;
}

void topology_select(const struct candidates *candidates, const struct node_view *node,
		     enum traffic traffic, bool *is_selected)
{
	const char *zone;

	if (traffic != TRAFFIC_CLUSTER &&
	    (select_usable(candidates, true, NULL, is_selected) || traffic == TRAFFIC_LOCAL))
		return;
	zone = hints_are_usable(candidates, node) ? node->zone : NULL;
	select_usable(candidates, false, zone, is_selected);
}
