/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_SERVICE_H
#define OBJECTS_SERVICE_H

#include "lib/base/address.h"
#include "lib/base/memory.h"
#include "object_uid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum service_type {
	SERVICE_TYPE_CLUSTER_IP,
	SERVICE_TYPE_NODE_PORT,
	SERVICE_TYPE_LOAD_BALANCER,
	SERVICE_TYPE_EXTERNAL_NAME,
};

/**
 * struct service_port - one entry of spec.ports
 * @name:         "" for the only, unnamed port; matches the port name in EndpointSlices
 * @port:         host byte order
 * @node_port:    host byte order; 0 = none
 * @protocol:     IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 */
struct service_port {
	char *name;
	uint16_t port;
	uint16_t node_port;
	uint8_t protocol;
};

/**
 * struct service - the part of a v1 Service that decides about traffic
 * @uid:                        metadata.uid; does not matter for planning
 * @created:                    metadata.creationTimestamp, seconds since 1970; 0 if absent
 * @cluster_ips:                empty for headless Services
 * @external_ips:               spec.externalIPs
 * @load_balancer_ips:          status.loadBalancer.ingress[].ip, without those of ipMode Proxy
 * @proxied_ips:                those: what is sent to them is for the load balancer itself
 * @source_ranges:              spec.loadBalancerSourceRanges, trimmed
 * @proxy_name:                 label service.kubernetes.io/service-proxy-name, NULL if absent
 * @affinity_seconds:           0 = no ClientIP affinity
 * @health_check_node_port:     0 = none
 * @scheduler:                  that an annotation asks for, see scheduler.h; 0 = none
 * @is_opted_out:               annotation ipvsagent/do-not-program: it is not to be programmed
 * @is_unbound:                 annotation ipvsagent/do-not-bind: its addresses are not to be bound
 *
 * @is_packed:                  everything is in one allocation, see service_pack()
 *
 * While it is being put together, one allocation per field that varies; owned by whoever holds it,
 * freed with service_free().
 */
struct service {
	char *namespace_name;
	char *name;
	struct object_uid uid;
	int64_t created;
	struct address *cluster_ips;
	struct address *external_ips;
	struct address *load_balancer_ips;
	struct address *proxied_ips;
	struct prefix *source_ranges;
	struct service_port *ports;
	char *proxy_name;
	uint32_t cluster_ip_count;
	uint32_t external_ip_count;
	uint32_t load_balancer_ip_count;
	uint32_t proxied_ip_count;
	uint32_t source_range_count;
	uint32_t port_count;
	uint32_t affinity_seconds;
	enum service_type type;
	uint16_t health_check_node_port;
	uint8_t scheduler;
	bool is_opted_out;
	bool is_unbound;
	bool is_external_local;
	bool is_internal_local;
	bool is_packed;
};

void service_free(struct service *service);
AUTO_FREE_DEFINE(service);

/** service_pack() - the same Service in one allocation, and nothing of it may be replaced any more;
 *  @service is freed */
struct service *service_pack(struct service *service);

/** service_is_equal() - same content in every field that matters for planning */
bool service_is_equal(const struct service *a, const struct service *b);

/** service_type_name() - "ClusterIP", "NodePort", ... */
const char *service_type_name(enum service_type type);

#endif
