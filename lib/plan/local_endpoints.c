/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "local_endpoints.h"

#include "lib/base/budget.h"
#include "lib/base/memory.h"

#include <string.h>

void local_endpoints_begin(struct local_endpoints *local)
{
	*local = (struct local_endpoints){
		.distinct = {.item_size = sizeof(*local->seen), .key_size = sizeof(*local->seen)},
	};
}

void local_endpoints_clear(struct local_endpoints *local)
{
	free(take(&local->seen));
	distinct_clear(&local->distinct);
}

/* Whether kube-proxy makes endpoints of a slice: without a port number it does not. */
static bool has_port(const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->port_count; i++)
		if (slice->ports[i].port)
			return true;
	return false;
}

static bool is_served(const struct service *service, const struct node_view *node, uint16_t family)
{
	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (service->cluster_ips[i].family == family)
			return !node_view_lacks(node, family);
	return false;
}

static void count_slice(struct local_endpoints *local, const struct endpoint_slice *slice,
			const char *node_name)
{
	uint32_t position;

	for (size_t e = 0; e < slice->endpoint_count; e++) {
		const struct endpoint *endpoint = &slice->endpoints[e];

		if (!endpoint->is_ready || !endpoint->node_name ||
		    strcmp(endpoint->node_name, node_name) != 0 ||
		    !distinct_add(&local->distinct, local->seen, &endpoint->address, &position))
			continue;
		local->seen =
			memory_grow(local->seen, position, &local->capacity, sizeof(*local->seen));
		local->seen[position] = endpoint->address;
	}
}

bool local_endpoints_step(struct local_endpoints *local, const struct service_view *view,
			  const struct node_view *node, size_t *budget)
{
	while (*budget && node->name && local->next_slice < view->slice_count) {
		const struct endpoint_slice *slice = view->slices[local->next_slice++];
		size_t work = 1 + slice->port_count + slice->endpoint_count;

		if (is_served(view->service, node, slice->family) && has_port(slice))
			count_slice(local, slice, node->name);
		budget_spend(budget, work);
	}
	return !node->name || local->next_slice == view->slice_count;
}

uint32_t local_endpoints_count(const struct local_endpoints *local)
{
	return local->distinct.count;
}
