/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_ENDPOINT_SLICE_H
#define OBJECTS_ENDPOINT_SLICE_H

#include "lib/base/address.h"
#include "lib/base/memory.h"
#include "lib/base/string_pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct endpoint - one address of one entry of an EndpointSlice
 * @address:         the entry's first address (EndpointSlice API: consumers use only that one)
 * @node_name:       shared string or NULL
 * @hint:            its hints, see endpoint_hints()
 * @is_ready:        conditions.ready, nil counts as true
 * @is_serving:      conditions.serving, nil counts as true
 * @is_terminating:  conditions.terminating, nil counts as false
 */
struct endpoint {
	const char *node_name;
	struct address address;
	bool is_ready;
	bool is_serving;
	bool is_terminating;
	uint16_t hint;
};

/**
 * struct endpoint_hints - the topology hints of an endpoint
 * @zones:  shared string: hints.forZones[].name joined by ','; NULL = none
 * @nodes:  shared string: hints.forNodes[].name likewise
 */
struct endpoint_hints {
	const char *zones;
	const char *nodes;
};

/**
 * struct endpoint_slice_port - one entry of ports
 * @name:      shared string, "" if nil or empty
 * @port:      host byte order; 0 = nil, which matches no Service port
 * @protocol:  IPPROTO_TCP (also when nil), IPPROTO_UDP or IPPROTO_SCTP
 */
struct endpoint_slice_port {
	const char *name;
	uint16_t port;
	uint8_t protocol;
};

/**
 * struct endpoint_slice - the part of a discovery.k8s.io/v1 EndpointSlice that decides about
 * traffic
 * @service_name:  label kubernetes.io/service-name; NULL if absent: belongs to no Service
 * @family:        addressType: AF_INET, AF_INET6, or 0 for FQDN, which proxies ignore
 * @endpoints:     one per entry; an entry of the wrong family is an error of the decoder
 * @trigger_time:  annotation endpoints.kubernetes.io/last-change-trigger-time in milliseconds
 *                 since 1970, 0 if absent
 * @hints:         for endpoint_hints()
 * @strings:       the pool of the shared strings; must outlive the slice
 * @is_packed:     everything is in one allocation, see endpoint_slice_pack()
 */
struct endpoint_slice {
	char *namespace_name;
	char *name;
	char *service_name;
	struct string_pool *strings;
	struct endpoint *endpoints;
	struct endpoint_slice_port *ports;
	struct endpoint_hints *hints;
	int64_t trigger_time;
	uint32_t endpoint_count;
	uint32_t port_count;
	uint16_t hint_count;
	uint16_t family;
	bool is_packed;
};

void endpoint_slice_free(struct endpoint_slice *slice);
AUTO_FREE_DEFINE(endpoint_slice);

/** endpoint_slice_pack() - the same slice in one allocation, and nothing of it may be replaced any
 *  more; @slice is freed */
struct endpoint_slice *endpoint_slice_pack(struct endpoint_slice *slice);

/** endpoint_hints() - both members are NULL where there are none */
struct endpoint_hints endpoint_hints(const struct endpoint_slice *slice,
				     const struct endpoint *endpoint);

/**
 * endpoint_set_hints() - the hints of an @endpoint that is, or will be, one of @slice
 * @hints:  the texts are copied
 * Return: false if the slice has no room for one more
 */
bool endpoint_set_hints(struct endpoint_slice *slice, struct endpoint *endpoint,
			const struct endpoint_hints *hints);

/** endpoint_slice_is_equal() - same content in every field that matters for planning */
bool endpoint_slice_is_equal(const struct endpoint_slice *a, const struct endpoint_slice *b);

#endif
