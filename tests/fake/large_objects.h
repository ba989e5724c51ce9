/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_LARGE_OBJECTS_H
#define FAKE_LARGE_OBJECTS_H

#include "lib/objects/endpoint_slice.h"
#include "lib/objects/service.h"
#include "lib/objects/store.h"

/**
 * struct large_object - a Service, and how many of everything it has
 * @endpoints:   at each port, in slices of 1,000
 * @is_local:    its endpoints are on the node "here", and its policies are Local
 * @has_node_ports:
 *               one for each port
 */
struct large_object {
	const char *name;
	uint16_t ports;
	uint32_t external_ips, load_balancer_ips, source_ranges, endpoints;
	bool is_local, has_node_ports;
};

/** large_object_add() - into @store, in the namespace "large", with slices whose names are in
 *  @strings; IPv4 addresses of 198.16.0.0/12, another one for each */
void large_object_add(const struct large_object *object, struct store *store,
		      struct string_pool *strings);

/** large_object_remove() - the Service and its slices */
void large_object_remove(const struct large_object *object, struct store *store);

#endif
