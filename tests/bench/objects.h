/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_OBJECTS_H
#define BENCH_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The objects of the benchmark: Service number i has one address and one TCP port, and one
 * EndpointSlice of its own. Addresses are in host byte order.
 */

#define OBJECTS_PORT	    80
#define OBJECTS_TARGET_PORT 8080
#define OBJECTS_NODE_NAME   "bench-node"

/* One endpoint of so many is a pod of this node, and so is a member of KUBE-LOOP-BACK. */
#define OBJECTS_NODE_COUNT 100

/**
 * enum objects_shape - what the Services are, besides their cluster addresses
 *   PLAIN       nothing
 *   NODE_PORTS  of type NodePort
 *   LOCAL       of type LoadBalancer, with an address of 10.112.0.0/12 there, a node port, and
 *               externalTrafficPolicy: Local
 */
enum objects_shape { OBJECTS_PLAIN, OBJECTS_NODE_PORTS, OBJECTS_LOCAL };

/** objects_shape() - as the environment says: OBJECTS_SHAPE is "node-ports", "local" or missing */
enum objects_shape objects_shape(void);

/** objects_node_port() - of Service number @service, which is less than 45,000 */
uint16_t objects_node_port(size_t service);

/** objects_service_address() - of Service number @service, in 10.96.0.0/12 */
uint32_t objects_service_address(size_t service);

/** objects_endpoint_address() - @endpoint counts through all Services; in 10.128.0.0/9 */
uint32_t objects_endpoint_address(size_t endpoint);

/** objects_endpoint_is_local() - whether its pod runs on this node */
bool objects_endpoint_is_local(size_t endpoint);

/** objects_write_service() - as an API server prints it, about 1,100 bytes, without newline */
void objects_write_service(FILE *stream, size_t service);

/**
 * objects_write_slice() - the EndpointSlice of a Service, about 3,500 bytes with 10 endpoints
 * @first:  number of its first endpoint; the others follow, but the last is number @last
 * @ready:  how many of the @count endpoints are ready: the first ones
 */
void objects_write_slice(FILE *stream, size_t service, size_t first, size_t last, size_t count,
			 size_t ready);

#endif
