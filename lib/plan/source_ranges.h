/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SOURCE_RANGES_H
#define PLAN_SOURCE_RANGES_H

#include "draft.h"
#include "lib/objects/service.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * source_ranges_restrict() - whether they restrict the addresses of a family at all
 *
 * A range for everybody lifts the limit of its family, and a family that no range is of has none,
 * unless the operator wants the strict reading. Source: kube-proxy since 1.34,
 * pkg/proxy/serviceport.go newBaseServiceInfo().
 */
bool source_ranges_restrict(const struct service *service, bool is_strict, uint16_t family);

/** source_ranges_restrict_address() - whether they restrict that one, as a load balancer IP */
bool source_ranges_restrict_address(const struct service *service, bool is_strict,
				    const struct address *address);

/**
 * source_ranges_add() - what sets say of them, for the virtual server @server of @draft
 * @node_ip:  the node's own, of the family of @address
 * @address:  that of the virtual server
 */
void source_ranges_add(const struct service *service, const struct address *node_ip,
		       const struct address *address, uint32_t server, struct draft *draft);

#endif
