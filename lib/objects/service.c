/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <string.h>

void service_free(struct service *service)
{
	if (!service)
		return;
	if (service->is_packed) {
		free(service);
		return;
	}
	for (size_t i = 0; i < service->port_count; i++)
		free(service->ports[i].name);
	free(service->namespace_name);
	free(service->name);
	free(service->cluster_ips);
	free(service->external_ips);
	free(service->load_balancer_ips);
	free(service->proxied_ips);
	free(service->source_ranges);
	free(service->ports);
	free(service->proxy_name);
	free(service);
}

struct service *service_pack(struct service *service)
{
	size_t size = sizeof(*service);
	size_t ports = memory_part_of(&size, service->ports, service->port_count);
	size_t cluster_ips = memory_part_of(&size, service->cluster_ips, service->cluster_ip_count);
	size_t external_ips =
		memory_part_of(&size, service->external_ips, service->external_ip_count);
	size_t load_balancer_ips =
		memory_part_of(&size, service->load_balancer_ips, service->load_balancer_ip_count);
	size_t proxied_ips = memory_part_of(&size, service->proxied_ips, service->proxied_ip_count);
	size_t source_ranges =
		memory_part_of(&size, service->source_ranges, service->source_range_count);
	size_t namespace_name = memory_part_text(&size, service->namespace_name);
	size_t name = memory_part_text(&size, service->name);
	size_t proxy_name = memory_part_text(&size, service->proxy_name);
	size_t port_names = size;
	struct service *packed;

	for (uint32_t i = 0; i < service->port_count; i++)
		memory_part_text(&size, service->ports[i].name);
	packed = memory_allocate(size);
	*packed = *service;
	packed->is_packed = true;
	packed->ports = memory_put_array(packed, ports, service->ports, service->port_count);
	packed->cluster_ips = memory_put_array(packed, cluster_ips, service->cluster_ips,
					       service->cluster_ip_count);
	packed->external_ips = memory_put_array(packed, external_ips, service->external_ips,
						service->external_ip_count);
	packed->load_balancer_ips =
		memory_put_array(packed, load_balancer_ips, service->load_balancer_ips,
				 service->load_balancer_ip_count);
	packed->proxied_ips = memory_put_array(packed, proxied_ips, service->proxied_ips,
					       service->proxied_ip_count);
	packed->source_ranges = memory_put_array(packed, source_ranges, service->source_ranges,
						 service->source_range_count);
	packed->namespace_name = memory_put_text(packed, namespace_name, service->namespace_name);
	packed->name = memory_put_text(packed, name, service->name);
	packed->proxy_name = memory_put_text(packed, proxy_name, service->proxy_name);
	for (uint32_t i = 0; i < service->port_count; i++) {
		packed->ports[i].name = memory_put_text(packed, port_names, service->ports[i].name);
		port_names += strlen(packed->ports[i].name) + 1;
	}
	service_free(service);
	return packed;
}

static bool bytes_are_equal(const void *a, size_t a_count, const void *b, size_t b_count,
			    size_t size)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

static bool ports_are_equal(const struct service *a, const struct service *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		const struct service_port *left = &a->ports[i], *right = &b->ports[i];

		if (left->port != right->port || left->node_port != right->node_port ||
		    left->protocol != right->protocol || strcmp(left->name, right->name) != 0)
			return false;
	}
	return true;
}

bool service_is_equal(const struct service *a, const struct service *b)
{
	return strcmp(a->namespace_name, b->namespace_name) == 0 && strcmp(a->name, b->name) == 0 &&
	       a->created == b->created && a->type == b->type &&
	       bytes_are_equal(a->cluster_ips, a->cluster_ip_count, b->cluster_ips,
			       b->cluster_ip_count, sizeof(*a->cluster_ips)) &&
	       bytes_are_equal(a->external_ips, a->external_ip_count, b->external_ips,
			       b->external_ip_count, sizeof(*a->external_ips)) &&
	       bytes_are_equal(a->load_balancer_ips, a->load_balancer_ip_count,
			       b->load_balancer_ips, b->load_balancer_ip_count,
			       sizeof(*a->load_balancer_ips)) &&
	       bytes_are_equal(a->proxied_ips, a->proxied_ip_count, b->proxied_ips,
			       b->proxied_ip_count, sizeof(*a->proxied_ips)) &&
	       bytes_are_equal(a->source_ranges, a->source_range_count, b->source_ranges,
			       b->source_range_count, sizeof(*a->source_ranges)) &&
	       ports_are_equal(a, b) && string_equal(a->proxy_name, b->proxy_name) &&
	       a->affinity_seconds == b->affinity_seconds &&
	       a->health_check_node_port == b->health_check_node_port &&
	       a->scheduler == b->scheduler && a->is_opted_out == b->is_opted_out &&
	       a->is_unbound == b->is_unbound && a->is_external_local == b->is_external_local &&
	       a->is_internal_local == b->is_internal_local;
}

const char *service_type_name(enum service_type type)
{
	switch (type) {
	case SERVICE_TYPE_CLUSTER_IP:
		return "ClusterIP";
	case SERVICE_TYPE_NODE_PORT:
		return "NodePort";
	case SERVICE_TYPE_LOAD_BALANCER:
		return "LoadBalancer";
	case SERVICE_TYPE_EXTERNAL_NAME:
		return "ExternalName";
	}
	return "?";
}
