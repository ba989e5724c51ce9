/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_addresses.h"

const struct address *service_addresses_of(const struct service_addresses *addresses,
					   enum address_origin origin, size_t cluster_ip,
					   size_t port, size_t *count)
{
	const struct service *service = addresses->service;
	const struct node_view *node = addresses->node;

	switch (origin) {
	case ADDRESS_ORIGIN_CLUSTER_IP:
		*count = 1;
		return &service->cluster_ips[cluster_ip];
	case ADDRESS_ORIGIN_EXTERNAL_IP:
		*count = addresses->options->omits_external_ips ? 0 : service->external_ip_count;
		return service->external_ips;
	case ADDRESS_ORIGIN_LOAD_BALANCER_IP:
		*count = service->load_balancer_ip_count;
		return service->load_balancer_ips;
	case ADDRESS_ORIGIN_NODE_PORT:
		*count = service->ports[port].node_port ? node->node_port_address_count : 0;
		return node->node_port_addresses;
	}
	*count = 0;
	return NULL;
}

bool service_addresses_wants(const struct service_addresses *addresses, enum address_origin origin,
			     uint16_t family, const struct address *address)
{
	const struct desired_options *options = addresses->options;

	if (address->family != family)
		return false;
	if (origin == ADDRESS_ORIGIN_NODE_PORT)
		return true;
	if (origin == ADDRESS_ORIGIN_EXTERNAL_IP &&
	    !desired_allows(&options->allowed_external_ips, address))
		return false;
	if (origin == ADDRESS_ORIGIN_LOAD_BALANCER_IP &&
	    !desired_allows(&options->allowed_load_balancer_ips, address))
		return false;
	return opt_out_use(addresses->service, &options->opt_out, address) != ADDRESS_USE_NONE;
}

bool service_addresses_has_any(const struct service_addresses *addresses, size_t cluster_ip,
			       size_t port)
{
	uint16_t family = addresses->service->cluster_ips[cluster_ip].family;

	for (enum address_origin origin = ADDRESS_ORIGIN_CLUSTER_IP;
	     origin <= ADDRESS_ORIGIN_NODE_PORT; origin++) {
		size_t count;
		const struct address *items =
			service_addresses_of(addresses, origin, cluster_ip, port, &count);

		for (size_t i = 0; i < count; i++)
			if (service_addresses_wants(addresses, origin, family, &items[i]))
				return true;
	}
	return false;
}
