/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DESIRED_H
#define PLAN_DESIRED_H

#include "desired_options.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/objects/store.h"
#include "node_view.h"
#include "proxy_state.h"
#include "service_state.h"

/** desired_allows() - whether @address is in @ranges; no ranges allow every address */
bool desired_allows(const struct prefix_list *ranges, const struct address *address);

/**
 * desired_left_out() - destinations beyond the places in the table of the server's scheduler
 *
 * They get no connections. Source: Linux, net/netfilter/ipvs/Kconfig, IP_VS_SH_TAB_BITS and others,
 * with their defaults.
 */
uint32_t desired_left_out(const struct wanted_server *wanted);

/** enum skip_reason - why a Service wants nothing from this proxy */
enum skip_reason {
	SKIP_REASON_NONE,
	SKIP_REASON_NO_SERVICE,	   /* only slices are known */
	SKIP_REASON_HEADLESS,	   /* clusterIP None; a label does not make it so */
	SKIP_REASON_EXTERNAL_NAME, /* DNS only */
	SKIP_REASON_OTHER_PROXY,   /* label service.kubernetes.io/service-proxy-name */
	SKIP_REASON_OPTED_OUT,	   /* annotation ipvsagent/do-not-program */
};

/** desired_skip_reason() - as kube-proxy's ShouldSkipService and its watch selectors */
enum skip_reason desired_skip_reason(const struct service *service);

/** skip_reason_text() - words for status; "" for SKIP_REASON_NONE */
const char *skip_reason_text(enum skip_reason reason);

/**
 * desired_service() - what one Service wants from the kernel
 *
 * Pure and total. A skipped Service wants nothing (an empty state, not an error).
 * Source: kube-proxy 1.32 pkg/proxy/ipvs/proxier.go syncProxyRules() and syncEndpoint().
 *
 * Return: the state; the caller frees it with service_state_free()
 */
struct service_state *desired_service(const struct service_view *view, const struct node_view *node,
				      const struct desired_options *options);

#endif
