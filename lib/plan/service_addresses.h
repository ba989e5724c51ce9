/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SERVICE_ADDRESSES_H
#define PLAN_SERVICE_ADDRESSES_H

#include "desired_options.h"
#include "lib/objects/service.h"
#include "node_view.h"
#include "service_state.h"

/** struct service_addresses - what decides on which addresses a Service has virtual servers */
struct service_addresses {
	const struct service *service;
	const struct node_view *node;
	const struct desired_options *options;
};

/**
 * service_addresses_of() - those of one sort, whether they are wanted or not
 * @cluster_ip, @port:  which ClusterIP and port of the Service they are looked at for
 */
const struct address *service_addresses_of(const struct service_addresses *addresses,
					   enum address_origin origin, size_t cluster_ip,
					   size_t port, size_t *count);

/** service_addresses_wants() - @address has virtual servers beside those of a ClusterIP of @family */
bool service_addresses_wants(const struct service_addresses *addresses, enum address_origin origin,
			     uint16_t family, const struct address *address);

/** service_addresses_has_any() - that are wanted; nearly always it is the ClusterIP */
bool service_addresses_has_any(const struct service_addresses *addresses, size_t cluster_ip,
			       size_t port);

#endif
