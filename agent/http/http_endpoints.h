/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HTTP_ENDPOINTS_H
#define AGENT_HTTP_ENDPOINTS_H

#include "agent/notify/events.h"
#include "agent/settings/options.h"
#include "lib/http/http_clients.h"
#include "proxy_health.h"
#include "proxy_metrics.h"

#include <ev.h>

/**
 * struct http_endpoints - what the agent answers over HTTP, at kube-proxy's ports
 *
 * --healthz-bind-address  /healthz, /livez
 * --metrics-bind-address  /healthz, /metrics, /metrics/slis, /proxyMode, /configz, and from 1.36 on
 *                         /statusz, /flagz; with --status-page the pages of agent/page/pages.h
 *
 * Paths, codes, bodies and headers are those of kube-proxy 1.36, or of 1.32 with
 * --kube-proxy-compat: pkg/proxy/healthcheck/proxy_health.go, and serveMetrics() of
 * cmd/kube-proxy/app/server.go. /configz shows the
 * v1alpha1 form of the settings, which can be given back with --config.
 */
struct http_endpoints;

/**
 * struct http_endpoints_sources - what the answers are made of, and whoever asks; all must outlive
 * the endpoints
 * @listens:  called when /healthz begins or ceases to be served on every address of the node, also
 *            from http_endpoints_open(); @health_port: 0 = it is not
 */
struct http_endpoints_sources {
	struct http_clients *clients;
	const struct options *options;
	const struct proxy_health *health;
	struct proxy_metrics *metrics;
	struct events *events;
	struct proxy_metrics_sources looked_up;
	void (*listens)(void *owner, uint16_t health_port);
	void *owner;
};

/**
 * http_endpoints_open() - listen at both addresses
 * @sources:  copied
 *
 * An address that cannot be listened on is logged, told as an event, and tried again every few
 * seconds; with --bind-address-hard-fail it is an error.
 */
int http_endpoints_open(struct ev_loop *loop, const struct http_endpoints_sources *sources,
			struct http_endpoints **ret, struct error *err);

/**
 * http_endpoints_follow_options() - the addresses may be others; listen there, and nowhere else
 *
 * Failures are logged and tried again, whatever --bind-address-hard-fail says.
 */
void http_endpoints_follow_options(struct http_endpoints *endpoints);

/** http_endpoints_close() - stop listening; NULL is fine */
void http_endpoints_close(struct http_endpoints *endpoints);

/** http_endpoints_configuration_text() - body of /configz; the caller frees it */
char *http_endpoints_configuration_text(const struct options *options);

#endif
