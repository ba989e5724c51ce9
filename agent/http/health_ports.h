/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HEALTH_PORTS_H
#define AGENT_HEALTH_PORTS_H

#include "agent/notify/events.h"
#include "lib/base/address.h"
#include "lib/http/http_clients.h"
#include "proxy_health.h"

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct health_ports - answers load balancers on the healthCheckNodePort of each Service
 *
 * 200 while this node has a ready endpoint of the Service and keeps up, 503 otherwise. Bodies and
 * headers are those of kube-proxy 1.32 (pkg/proxy/healthcheck/service_health.go).
 */
struct health_ports;

/* How long a port that cannot be listened on rests, but for tests. */
#define HEALTH_PORTS_RETRY_SECONDS 5.0

/**
 * health_ports_new()
 * @clients:        whoever asks; must outlive the ports
 * @health:         must outlive the ports
 * @events:         the same; told of each try to listen on a port that fails
 * @node_name:      the same
 * @retry_seconds:  from one try to the next
 */
struct health_ports *health_ports_new(struct ev_loop *loop, struct http_clients *clients,
				      const struct proxy_health *health, struct events *events,
				      const char *node_name, double retry_seconds);
void health_ports_free(struct health_ports *ports);

/**
 * health_ports_listen_on() - the addresses to listen on, from now on
 * @addresses:  those that --nodeport-addresses selects; none = all of both families
 * @ranges:     that select them; of a family with ranges that select nothing, all addresses are
 *              listened on: load balancers have to get an answer from a node without NodePorts
 */
void health_ports_listen_on(struct health_ports *ports, const struct address *addresses,
			    size_t count, const struct prefix *ranges, size_t range_count);

/**
 * health_ports_set() - serve, or stop to serve, one Service
 * @key:    "namespace/name"
 * @port:   0 = stop
 * @count:  ready endpoints on this node
 *
 * A port that cannot be listened on is tried again. It is logged once for each cause, and when it
 * is listened on at last.
 */
void health_ports_set(struct health_ports *ports, const char *key, uint16_t port, uint32_t count);

#endif
