/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVICE_TRAFFIC_H
#define AGENT_SERVICE_TRAFFIC_H

#include "../lib/base/memory.h"
#include "../lib/kernel/ipvs.h"
#include "../lib/objects/store.h"
#include "../lib/plan/ledger.h"
#include "metrics.h"

#include <stdbool.h>

/**
 * struct service_traffic - connections, packets and bytes of a limited number of Services
 *
 * The counters are the kernel's, as of the last verification, which reads them along with the
 * virtual servers. Services are followed in the order in which they come; one beyond the limit is
 * followed once another one goes and it is planned again.
 */
struct service_traffic;

/**
 * service_traffic_new() - adds its families to @metrics
 * @limit:  Services to follow; 0 = none
 */
struct service_traffic *service_traffic_new(struct metrics *metrics, size_t limit);
void service_traffic_free(struct service_traffic *traffic);
AUTO_FREE_DEFINE(service_traffic);

/**
 * service_traffic_set_limit() - another limit from now on
 *
 * Return: whether there is room for more, so that all Services are to be planned again
 */
bool service_traffic_set_limit(struct service_traffic *traffic, size_t limit);

/** service_traffic_is_wanted() - whether any Service is to be followed */
bool service_traffic_is_wanted(const struct service_traffic *traffic);

/** service_traffic_planned() - a Service came, changed or went */
void service_traffic_planned(struct service_traffic *traffic, const struct service_view *view);

/**
 * service_traffic_begin() - all virtual servers are about to be read again
 *
 * Until service_traffic_end() the numbers stay as they are. It may begin again before that.
 */
void service_traffic_begin(struct service_traffic *traffic);
void service_traffic_observe(struct service_traffic *traffic,
			     const struct virtual_server_key *server,
			     const struct ipvs_traffic *counts);

/** service_traffic_end() - what was observed since the beginning counts from now on */
void service_traffic_end(struct service_traffic *traffic);

/**
 * service_traffic_collect() - set the numbers of the families
 * @ledger:  knows the virtual servers of each Service. One that an older Service has counts there.
 */
void service_traffic_collect(struct service_traffic *traffic, const struct ledger *ledger);

#endif
