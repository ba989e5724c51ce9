/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVICE_TRAFFIC_H
#define AGENT_SERVICE_TRAFFIC_H

#include "agent/reconcile/verifier.h"
#include "lib/base/memory.h"
#include "lib/http/metrics.h"
#include "lib/kernel/ipvs.h"
#include "lib/objects/store.h"
#include "lib/plan/ledger.h"

#include <stdbool.h>

/**
 * struct service_traffic - connections, packets and bytes of a limited number of Services
 *
 * The counters are the kernel's, as of the last verification, which reads them along with the
 * virtual servers. Services are followed in the order in which they come; one beyond the limit is
 * followed once another one goes and it is planned again.
 */
struct service_traffic;

/** struct service_traffic_metrics - its families; packets and bytes have the label direction first */
struct service_traffic_metrics {
	struct metric *connections, *packets, *bytes;
};

/**
 * service_traffic_new()
 * @metrics:  copied; the families outlive it
 * @limit:    Services to follow; 0 = none
 */
struct service_traffic *service_traffic_new(const struct service_traffic_metrics *metrics,
					    size_t limit);
void service_traffic_free(struct service_traffic *traffic);
AUTO_FREE_DEFINE(service_traffic);

/**
 * service_traffic_set_limit() - another limit from now on
 *
 * Return: whether there is room for more, so that all Services are to be planned again
 */
bool service_traffic_set_limit(struct service_traffic *traffic, size_t limit);

/** service_traffic_planned() - a Service came, changed or went */
void service_traffic_planned(struct service_traffic *traffic, const struct service_view *view);

/**
 * service_traffic_observer() - takes the kernel's counters from each verification
 *
 * Nothing is wanted while the limit is 0. Until the end of an observation the numbers stay as they
 * are; then what was observed since its beginning counts.
 */
struct traffic_observer service_traffic_observer(struct service_traffic *traffic);

/**
 * service_traffic_collect() - set the numbers of the families
 * @ledger:  knows the virtual servers of each Service. One that another Service has counts there.
 */
void service_traffic_collect(struct service_traffic *traffic, const struct ledger *ledger);

#endif
