/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source_ranges.h"

bool source_ranges_restrict(const struct service *service, bool is_strict, uint16_t family)
{
	bool has_range = false;

	for (size_t i = 0; i < service->source_range_count; i++) {
		if (service->source_ranges[i].address.family != family)
			continue;
		if (!service->source_ranges[i].length)
			return false;
		has_range = true;
	}
	return has_range || (is_strict && service->source_range_count);
}

bool source_ranges_restrict_address(const struct service *service, bool is_strict,
				    const struct address *address)
{
	for (size_t i = 0; i < service->load_balancer_ip_count; i++)
		if (address_is_equal(&service->load_balancer_ips[i], address))
			return source_ranges_restrict(service, is_strict, address->family);
	return false;
}

void source_ranges_add(const struct service *service, const struct address *node_ip,
		       const struct address *address, uint32_t server, struct draft *draft)
{
	bool is_node_allowed = false;

	for (size_t i = 0; i < service->source_range_count; i++) {
		const struct prefix *range = &service->source_ranges[i];

		if (range->address.family != address->family)
			continue;
		draft_add_source(draft, server, SET_KIND_LOAD_BALANCER_SOURCE_CIDR, &range->address,
				 range->length);
		if (node_ip->family && prefix_contains(range, node_ip))
			is_node_allowed = true;
	}
	draft_add_server_member(draft, server, SET_KIND_LOAD_BALANCER_FIREWALL);

	/* What the node itself sends to the VIP carries the VIP as its source address. */
	if (is_node_allowed)
		draft_add_source(draft, server, SET_KIND_LOAD_BALANCER_SOURCE_IP, address, 0);
}
