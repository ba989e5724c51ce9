/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_LOCAL_GAPS_H
#define AGENT_LOCAL_GAPS_H

#include "lib/base/memory.h"
#include "lib/objects/store.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct local_gaps - Services whose traffic policy Local asks for endpoints of this node, which are
 * all on other nodes
 *
 * Counted as Services come, change and go. Source: kube-proxy 1.36 pkg/proxy/ipvs/proxier.go,
 * SyncProxyRulesNoLocalEndpointsTotal
 */
struct local_gaps;

struct local_gaps *local_gaps_new(void);
void local_gaps_free(struct local_gaps *gaps);
AUTO_FREE_DEFINE(local_gaps);

/** local_gaps_planned() - this is how a Service is now; without one, it is gone */
void local_gaps_planned(struct local_gaps *gaps, const struct service_view *view,
			const char *node_name);

/**
 * local_gaps_count() - how many Services have a gap in any of @families (bits)
 * @is_internal:  because of internalTrafficPolicy; otherwise of externalTrafficPolicy
 */
size_t local_gaps_count(const struct local_gaps *gaps, unsigned int families, bool is_internal);

#endif
