/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PROXY_METRICS_H
#define AGENT_PROXY_METRICS_H

#include "agent/input/object_source.h"
#include "agent/reconcile/rules_keeper.h"
#include "agent/settings/options.h"
#include "agent/status/status_report.h"
#include "lib/http/metrics.h"
#include "lib/kernel/conntrack.h"
#include "service_traffic.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct proxy_metrics - the metrics of this program
 *
 * Those of kube-proxy 1.36 or 1.32 in IPVS mode with its names, types, labels and buckets
 * (pkg/proxy/metrics/metrics.go), and others whose names begin with "ipvsagent_". Of kube-proxy's,
 * those that would have no meaning here are left out.
 *
 * A pass serves both IP families; it counts for those that had changes, or for both if it is the
 * first or had other reasons. Sets of families are bits.
 *
 * Times are seconds since 1970. What happens is told as it happens; what exists is looked up when
 * the text is asked for.
 */
struct proxy_metrics;

/**
 * proxy_metrics_new()
 * @now:            changes that were triggered before are not measured
 * @service_limit:  Services that get metrics of their own; 0 = none
 * @release:        whose names and labels they have
 */
struct proxy_metrics *proxy_metrics_new(double now, size_t service_limit,
					enum kube_proxy_release release);
void proxy_metrics_free(struct proxy_metrics *metrics);
AUTO_FREE_DEFINE(proxy_metrics);

/** proxy_metrics_set_families() - those that this host has, of which alone there are numbers; before,
 *  both */
void proxy_metrics_set_families(struct proxy_metrics *metrics, unsigned int families);

/** proxy_metrics_traffic() - to be told of the traffic of Services */
struct service_traffic *proxy_metrics_traffic(struct proxy_metrics *metrics);

/**
 * proxy_metrics_service_event() - @is_change: it differs from what was known and is now pending
 * @families:  of the Service before and after
 */
void proxy_metrics_service_event(struct proxy_metrics *metrics, unsigned int families,
				 bool is_change, double now);

/**
 * proxy_metrics_slice_event() - the same for an EndpointSlice
 * @trigger_time:  endpoint_slice.trigger_time, in milliseconds; 0 = unknown
 */
void proxy_metrics_slice_event(struct proxy_metrics *metrics, unsigned int families, bool is_change,
			       int64_t trigger_time, double now);

/**
 * proxy_metrics_planned() - a Service was planned, for the count of those without local endpoints
 * @node_name:  of this node
 */
void proxy_metrics_planned(struct proxy_metrics *metrics, const struct service_view *view,
			   const char *node_name);

/** proxy_metrics_passed() - a pass that took @seconds is over: all pending changes are applied */
void proxy_metrics_passed(struct proxy_metrics *metrics, double seconds, double now);

/** proxy_metrics_walked() - the conntrack table was walked, or that failed */
void proxy_metrics_walked(struct proxy_metrics *metrics, const struct conntrack_report *report);

/** proxy_metrics_turn() - a turn of the event loop took @seconds */
void proxy_metrics_turn(struct proxy_metrics *metrics, double seconds);

/** proxy_metrics_probe() - /healthz or, if @is_liveness, /livez was answered with @status */
void proxy_metrics_probe(struct proxy_metrics *metrics, bool is_liveness, unsigned int status);

/** proxy_metrics_request() - the API server answered; @code: "200", or "<error>" without answer;
 *  @seconds: until the answer began */
void proxy_metrics_request(struct proxy_metrics *metrics, const char *code, const char *method,
			   const char *host, double seconds);

/**
 * struct proxy_metrics_sources - where it is looked up; what is NULL is left out, @status is not
 */
struct proxy_metrics_sources {
	const struct status_sources *status;
	const struct rules_keeper *rules;
	const struct object_source *source;
};

/**
 * proxy_metrics_text() - everything, as of now; the caller frees it
 *
 * Reads the headers of the sets from the kernel, and counts what the ledger holds.
 */
char *proxy_metrics_text(struct proxy_metrics *metrics, const struct proxy_metrics_sources *sources,
			 enum metrics_format format);

#endif
