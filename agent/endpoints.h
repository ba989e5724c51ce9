/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ENDPOINTS_H
#define AGENT_ENDPOINTS_H

#include "events.h"
#include "options.h"
#include "proxy_health.h"
#include "proxy_metrics.h"

#include <ev.h>

/**
 * struct endpoints - what the agent answers over HTTP, at kube-proxy's ports
 *
 * --healthz-bind-address  /healthz, /livez
 * --metrics-bind-address  /healthz, /metrics, /metrics/slis, /proxyMode, /configz
 *
 * Paths, codes, bodies and headers are those of kube-proxy 1.32: pkg/proxy/healthcheck/
 * proxy_health.go, and serveMetrics() of cmd/kube-proxy/app/server.go. /configz shows the
 * v1alpha1 form of the settings, which can be given back with --config.
 */
struct endpoints;

/**
 * struct endpoints_sources - what the answers are made of; all must outlive the endpoints
 */
struct endpoints_sources {
	const struct options *options;
	const struct proxy_health *health;
	struct proxy_metrics *metrics;
	struct events *events;
	struct proxy_metrics_sources looked_up;
};

/**
 * endpoints_open() - listen at both addresses
 * @sources:  copied
 *
 * An address that cannot be listened on is logged, told as an event, and tried again every few
 * seconds; with --bind-address-hard-fail it is an error.
 */
int endpoints_open(struct ev_loop *loop, const struct endpoints_sources *sources,
		   struct endpoints **ret, struct error *err);

/**
 * endpoints_follow_options() - the addresses may be others; listen there, and nowhere else
 *
 * Failures are logged and tried again, whatever --bind-address-hard-fail says.
 */
void endpoints_follow_options(struct endpoints *endpoints);

/** endpoints_close() - stop listening; NULL is fine */
void endpoints_close(struct endpoints *endpoints);

/*
 * The answers, apart from any socket. @now is in milliseconds of sync_now(); what it means as a
 * date is @wall, in seconds since 1970, and as an age of the process @age, in seconds.
 */
struct endpoints_time {
	uint64_t now;
	double wall;
	double age;
};

/** endpoints_health_text() - body of /healthz or, if @is_liveness, /livez; sets @status; to free */
char *endpoints_health_text(const struct proxy_health *health, bool is_liveness,
			    const struct endpoints_time *time, unsigned int *status);

/** endpoints_configuration_text() - body of /configz; the caller frees it */
char *endpoints_configuration_text(const struct options *options);

#endif
