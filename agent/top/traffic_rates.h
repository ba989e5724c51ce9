/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TRAFFIC_RATES_H
#define AGENT_TRAFFIC_RATES_H

#include "agent/settings/options.h"
#include "lib/base/memory.h"
#include "lib/kernel/ipvs.h"

#include <stddef.h>

/**
 * struct traffic_rates - what IPVS counts for virtual servers, as rates of Services
 *
 * Samples are taken one after the other; two of them make rates. A virtual server that has less than
 * in the sample before was made anew meanwhile, and counts from 0. One that no Service is known to
 * have goes by its address.
 */
struct traffic_rates;

/** struct traffic_rate - what a Service has each second; @name: "namespace/name", borrowed */
struct traffic_rate {
	const char *name;
	double connections;
	double packets_in, packets_out;
	double bytes_in, bytes_out;
};

struct traffic_rates *traffic_rates_new(void);
void traffic_rates_free(struct traffic_rates *rates);
AUTO_FREE_DEFINE(traffic_rates);

/** traffic_rates_forget_names() - of Services; all are named anew, before the next sample */
void traffic_rates_forget_names(struct traffic_rates *rates);

/** traffic_rates_name() - @service has the virtual server; both are copied */
void traffic_rates_name(struct traffic_rates *rates, const struct virtual_server_key *server,
			const char *service);

/** traffic_rates_begin() - a sample; @now: in seconds, of a clock that does not jump */
void traffic_rates_begin(struct traffic_rates *rates, double now);

/** traffic_rates_add() - to the sample: what a virtual server has had since it was created */
void traffic_rates_add(struct traffic_rates *rates, const struct virtual_server_key *server,
		       const struct ipvs_traffic *traffic);

/**
 * traffic_rates_sorted() - between the last two samples, the busiest first, or by name
 * @count:    set to how many Services and other virtual servers there are
 * @seconds:  set to the time between the two samples; 0: there are no two yet
 * Return: freed by the caller; what the rows borrow is valid until the next sample
 */
struct traffic_rate *traffic_rates_sorted(const struct traffic_rates *rates, enum top_order order,
					  size_t *count, double *seconds);

#endif
