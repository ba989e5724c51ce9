/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "topology.h"

#include "lib/base/budget.h"

#include <string.h>

/**
 * enum topology_rule - what restricts the ready endpoints for traffic of policy Cluster
 *   NONE       nothing: hints are missing or of no use here
 *   SAME_ZONE  their hints for zones: every one has some, and at least one names this node's zone
 *   SAME_NODE  their hints for nodes: likewise, and at least one names this node
 *
 * Hints for nodes go before those for zones. Annotations and trafficDistribution of the Service
 * decide whether somebody writes hints, not whether they are followed.
 * Source: kube-proxy 1.36 pkg/proxy/topology.go topologyModeFromHints().
 */
enum topology_rule { TOPOLOGY_RULE_NONE, TOPOLOGY_RULE_SAME_ZONE, TOPOLOGY_RULE_SAME_NODE };

/* A copy that is more usable speaks for its endpoint; of equal ones, the one on this node. */
static int usability(const struct candidate *candidate)
{
	int conditions =
		candidate->is_ready ? 2 : candidate->is_serving && candidate->is_terminating;

	return conditions * 2 + candidate->is_local;
}

/* None comes last. */
static int compare_names(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !a - !b;
}

/* Copies of an endpoint come together, the one that speaks for it first, whatever the slices. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = destination_compare(&left->destination, &right->destination);

	if (order == 0)
		order = usability(right) - usability(left);
	if (order == 0)
		order = compare_names(left->hints.zones, right->hints.zones);
	if (order == 0)
		order = compare_names(left->hints.nodes, right->hints.nodes);
	return order;
}

static bool port_matches(const struct endpoint_slice_port *slice_port,
			 const struct service_port *service_port)
{
	return slice_port->port && slice_port->protocol == service_port->protocol &&
	       strcmp(slice_port->name, service_port->name) == 0;
}

static void add(struct candidates *candidates, const struct endpoint_slice *slice,
		const struct endpoint *endpoint, uint16_t port, bool is_local)
{
	struct candidate *candidate;

	candidates->items = memory_grow(candidates->items, candidates->count, &candidates->capacity,
					sizeof(*candidates->items));
	candidate = &candidates->items[candidates->count++];
	*candidate = (struct candidate){
		.destination = {.address = endpoint->address, .port = port, .weight = 1},
		.hints = endpoint_hints(slice, endpoint),
		.is_local = is_local,
		.is_ready = endpoint->is_ready,
		.is_serving = endpoint->is_serving,
		.is_terminating = endpoint->is_terminating,
	};
	candidates->local_count += is_local;
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

/* Those of this node may have come after so many others that together they are too many. */
static void cut(struct candidates *candidates, size_t limit)
{
	size_t others = limit - candidates->local_count, used = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		if (candidates->items[i].is_local || others) {
			others -= !candidates->items[i].is_local;
			candidates->items[used++] = candidates->items[i];
		}
	}
	candidates->left_out += candidates->count - used;
	candidates->count = used;
}

/* Of those of this node, and of the others, as many as there may be of both are kept at first. */
static void add_some(struct candidates *candidates, const struct collection *collection,
		     const struct endpoint_slice *slice, uint16_t port)
{
	for (size_t e = 0; e < slice->endpoint_count; e++) {
		const struct endpoint *endpoint = &slice->endpoints[e];
		bool is_local = endpoint->node_name && collection->node_name &&
				strcmp(endpoint->node_name, collection->node_name) == 0;
		size_t alike = is_local ? candidates->local_count
					: candidates->count - candidates->local_count;

		if (collection->limit && alike == collection->limit) {
			candidates->left_out++;
			continue;
		}
		add(candidates, slice, endpoint, port, is_local);
	}
}

static size_t add_slice(struct candidates *candidates, const struct collection *collection,
			const struct endpoint_slice *slice)
{
	size_t work = 1;

	if (slice->family != collection->family)
		return work;
	work += slice->port_count;
	for (size_t p = 0; p < slice->port_count; p++) {
		if (!port_matches(&slice->ports[p], collection->port))
			continue;
		add_some(candidates, collection, slice, slice->ports[p].port);
		work += slice->endpoint_count;
	}
	return work;
}

/* Merges two runs that are beside each other; in @ret they are one. */
static void merge_runs(struct candidate *ret, const struct candidate *items, size_t first,
		       size_t middle, size_t end)
{
	size_t left = first, right = middle;

	for (size_t i = first; i < end; i++) {
		bool is_left =
			right == end ||
			(left < middle && compare_candidates(&items[left], &items[right]) <= 0);

		ret[i] = is_left ? items[left++] : items[right++];
	}
}

/* So many are sorted at once; a few thousand take longer than a turn of the loop should. */
#define RUN 512

/* Sorts one run more, or makes one of two. Return: how many candidates those are; 0: all is done */
static size_t sort_some(struct candidates *candidates)
{
	struct candidate *items = candidates->items;
	size_t width = candidates->run ? candidates->run : RUN, count = candidates->count;
	size_t first = candidates->sorted, middle = first + width, end = first + 2 * width;

	if (!candidates->run) {
		end = middle < count ? middle : count;
		if (first < end)
			qsort(items + first, end - first, sizeof(*items), compare_candidates);
	} else if (width < count) {
		if (!candidates->spare)
			candidates->spare = memory_array(candidates->capacity, sizeof(*items));
		end = end < count ? end : count;
		merge_runs(candidates->spare, items, first, middle < end ? middle : end, end);
	} else {
		return 0;
	}
	candidates->sorted = end;
	if (end < count)
		return end - first;
	if (candidates->run) {
		candidates->items = candidates->spare;
		candidates->spare = items;
	}
	candidates->run = candidates->run ? 2 * width : RUN;
	candidates->sorted = 0;
	return end - first + 1;
}

static void begin_collecting(struct candidates *candidates)
{
	candidates->count = candidates->local_count = candidates->left_out = 0;
	candidates->run = candidates->sorted = 0;
	free(take(&candidates->spare));
}

bool topology_collect_step(struct collection *collection, size_t *budget,
			   struct candidates *candidates)
{
	const struct service_view *view = collection->view;
	size_t work;

	if (!collection->next_slice)
		begin_collecting(candidates);
	while (collection->next_slice < view->slice_count) {
		if (!*budget)
			return false;
		budget_spend(budget, add_slice(candidates, collection,
					       view->slices[collection->next_slice++]));
	}
	if (!candidates->run && !candidates->sorted && collection->limit &&
	    candidates->count > collection->limit)
		cut(candidates, collection->limit);
	while ((work = sort_some(candidates))) {
		budget_spend(budget, work);
		if (!*budget)
			return false;
	}
	merge_copies(candidates);
	return true;
}

void topology_clear(struct candidates *candidates)
{
	free(take(&candidates->items));
	free(take(&candidates->spare));
	candidates->count = candidates->capacity = 0;
}

void topology_collect(const struct service_view *view, const struct service_port *port,
		      uint16_t family, const char *node_name, size_t limit,
		      struct candidates *candidates)
{
	struct collection collection = {.view = view,
					.port = port,
					.node_name = node_name,
					.limit = limit,
					.family = family};
	size_t budget;

	do
		budget = SIZE_MAX;
	while (!topology_collect_step(&collection, &budget, candidates));
}

/* @names: joined by ',', or NULL; @name: may be NULL or "", which is never among them */
static bool names_include(const char *names, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	for (const char *at = names; length && at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

static bool follows(const struct candidate *candidate, const struct node_view *node,
		    enum topology_rule rule)
{
	switch (rule) {
	case TOPOLOGY_RULE_NONE:
		return true;
	case TOPOLOGY_RULE_SAME_ZONE:
		return names_include(candidate->hints.zones, node->zone);
	case TOPOLOGY_RULE_SAME_NODE:
		return names_include(candidate->hints.nodes, node->name);
	}
	return true;
}

/* @node may lack a zone or a name, which no hint names then. */
static enum topology_rule rule_of(const struct candidates *candidates, const struct node_view *node)
{
	bool has_node_hints = true, has_zone_hints = true;
	bool is_node_named = false, is_zone_named = false;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		if (!candidate->is_ready)
			continue;
		has_node_hints &= candidate->hints.nodes != NULL;
		has_zone_hints &= candidate->hints.zones != NULL;
		is_node_named |= follows(candidate, node, TOPOLOGY_RULE_SAME_NODE);
		is_zone_named |= follows(candidate, node, TOPOLOGY_RULE_SAME_ZONE);
	}
	if (has_node_hints && is_node_named)
		return TOPOLOGY_RULE_SAME_NODE;
	if (has_zone_hints && is_zone_named)
		return TOPOLOGY_RULE_SAME_ZONE;
	return TOPOLOGY_RULE_NONE;
}

static size_t select_ready(const struct candidates *candidates, bool only_local,
			   const struct node_view *node, enum topology_rule rule, bool *is_selected)
{
	size_t selected = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		is_selected[i] = candidate->is_ready && (!only_local || candidate->is_local) &&
				 follows(candidate, node, rule);
		selected += is_selected[i];
	}
	return selected;
}

static size_t select_terminating(const struct candidates *candidates, bool only_local,
				 bool *is_selected)
{
	size_t selected = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		is_selected[i] = candidate->is_serving && candidate->is_terminating &&
				 (!only_local || candidate->is_local);
		selected += is_selected[i];
	}
	return selected;
}

static enum selection_basis select_local(const struct candidates *candidates,
					 const struct node_view *node, bool *is_selected)
{
	if (select_ready(candidates, true, node, TOPOLOGY_RULE_NONE, is_selected))
		return SELECTION_BASIS_LOCAL;
	if (select_terminating(candidates, true, is_selected))
		return SELECTION_BASIS_LOCAL_TERMINATING;
	return SELECTION_BASIS_NONE;
}

static enum selection_basis select_all(const struct candidates *candidates,
				       const struct node_view *node, bool *is_selected)
{
	static const enum selection_basis bases[] = {
		[TOPOLOGY_RULE_NONE] = SELECTION_BASIS_READY,
		[TOPOLOGY_RULE_SAME_ZONE] = SELECTION_BASIS_SAME_ZONE,
		[TOPOLOGY_RULE_SAME_NODE] = SELECTION_BASIS_SAME_NODE,
	};
	enum topology_rule rule = rule_of(candidates, node);

	if (select_ready(candidates, false, node, rule, is_selected))
		return bases[rule];
	if (select_terminating(candidates, false, is_selected))
		return SELECTION_BASIS_TERMINATING;
	return SELECTION_BASIS_NONE;
}

enum selection_basis topology_select(const struct candidates *candidates,
				     const struct node_view *node, enum traffic traffic,
				     bool *is_selected)
{
	enum selection_basis basis = SELECTION_BASIS_NONE;

	if (traffic != TRAFFIC_CLUSTER)
		basis = select_local(candidates, node, is_selected);
	if (basis != SELECTION_BASIS_NONE || traffic == TRAFFIC_LOCAL)
		return basis;
	return select_all(candidates, node, is_selected);
}
