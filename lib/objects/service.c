/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <string.h>

void service_free(struct service *service)
{
	if (!service)
		return;
	for (size_t i = 0; i < service->port_count; i++)
		free(service->ports[i].name);
	free(service->namespace_name);
	free(service->name);
	free(service->cluster_ips);
	free(service->external_ips);
	free(service->load_balancer_ips);
	free(service->source_ranges);
	free(service->ports);
	free(service->proxy_name);
	free(service);
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
	       bytes_are_equal(a->source_ranges, a->source_range_count, b->source_ranges,
			       b->source_range_count, sizeof(*a->source_ranges)) &&
	       ports_are_equal(a, b) && memory_text_is_equal(a->proxy_name, b->proxy_name) &&
	       a->affinity_seconds == b->affinity_seconds &&
	       a->health_check_node_port == b->health_check_node_port &&
	       a->is_external_local == b->is_external_local &&
	       a->is_internal_local == b->is_internal_local &&
	       a->is_headless_label == b->is_headless_label;
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
