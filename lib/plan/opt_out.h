/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_OPT_OUT_H
#define PLAN_OPT_OUT_H

#include "lib/base/address.h"
#include "lib/objects/service.h"

/**
 * struct opt_out_ranges - addresses of Services that the operator keeps for something else
 * @unprogrammed:  have no virtual servers and no set members, and are not bound
 * @unbound:       have them, and are not bound to the dummy interface
 */
struct opt_out_ranges {
	struct prefix_list unprogrammed;
	struct prefix_list unbound;
};

/** enum address_use - what is done with an address of a Service */
enum address_use { ADDRESS_USE_FULL, ADDRESS_USE_UNBOUND, ADDRESS_USE_NONE };

/**
 * opt_out_use() - of a ClusterIP, external or load balancer IP of @service
 *
 * NodePorts are no matter of single addresses of a Service.
 */
enum address_use opt_out_use(const struct service *service, const struct opt_out_ranges *ranges,
			     const struct address *address);

bool opt_out_is_equal(const struct opt_out_ranges *a, const struct opt_out_ranges *b);

#endif
