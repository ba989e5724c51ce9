/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DESIRED_OPTIONS_H
#define PLAN_DESIRED_OPTIONS_H

#include "opt_out.h"
#include "proxy_state.h"

/**
 * struct desired_options
 * @scheduler:           for every virtual server
 * @affinity_scheduler:  for those with ClientIP affinity; "inherit" = as @scheduler, which is what
 *                       kube-proxy does
 * @opt_out:             addresses that are not programmed, or not bound; not copied
 * @missing_schedulers:  those that this kernel does not have, a bit for each number of scheduler.h;
 *                       a Service that asks for one of them gets what it would get otherwise
 * @allowed_external_ips, @allowed_load_balancer_ips:
 *                       addresses outside are left out, see desired_allows(); not owned
 * @has_in_cluster:      this kernel can tell clients in the cluster from others, so that with
 *                       externalTrafficPolicy Local there are virtual servers for them, too;
 *                       without, everybody is treated as kube-proxy does
 * @omits_external_ips:  the feature gate AllowServiceExternalIPs is false (KEP-5707)
 * @has_strict_ranges:   source ranges of one family shut out the other one, too; without, as
 *                       kube-proxy since 1.34, they leave it unrestricted
 */
struct desired_options {
	char scheduler[SCHEDULER_NAME_SIZE];
	char affinity_scheduler[SCHEDULER_NAME_SIZE];
	struct opt_out_ranges opt_out;
	struct prefix_list allowed_external_ips;
	struct prefix_list allowed_load_balancer_ips;
	uint32_t missing_schedulers;
	bool has_in_cluster;
	bool omits_external_ips;
	bool has_strict_ranges;
};

#endif
