/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DESIRED_OPTIONS_H
#define PLAN_DESIRED_OPTIONS_H

#include "opt_out.h"
#include "proxy_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * @objects_max:         0 = any number; else about how many kernel objects one Service may have:
 *                       virtual servers, their destinations, addresses and set members, of which
 *                       no more than 50,000 that are no destinations. ClusterIPs
 *                       come first, then external IPs, load balancer IPs and NodePorts; a virtual
 *                       server beyond it is left out with all that belongs to it, see
 *                       service_state.left_out
 * @endpoints_max:       0 = any number; else how many endpoints of one port and family there may
 *                       be; of more, some are left out, those of this node last of all
 * @node_objects_max:    0 = any number; else how many kernel objects all Services together may
 *                       have, as of @objects_max. The last quarter of it is for ClusterIPs, which
 *                       nobody can choose as he likes
 * @node_objects_elsewhere:
 *                       how many all others have
 * @health_port:         at which /healthz is served on every address of the node; 0 = at none
 */
struct desired_options {
	char scheduler[SCHEDULER_NAME_SIZE];
	char affinity_scheduler[SCHEDULER_NAME_SIZE];
	struct opt_out_ranges opt_out;
	struct prefix_list allowed_external_ips;
	struct prefix_list allowed_load_balancer_ips;
	size_t node_objects_elsewhere;
	int objects_max;
	int endpoints_max;
	int node_objects_max;
	uint32_t missing_schedulers;
	uint16_t health_port;
	bool has_in_cluster;
	bool omits_external_ips;
	bool has_strict_ranges;
};

/** desired_options_are_equal() - apart from what others have; ranges by what is in them */
bool desired_options_are_equal(const struct desired_options *a, const struct desired_options *b);

/** desired_allows() - whether @address is in @ranges; no ranges allow every address */
bool desired_allows(const struct prefix_list *ranges, const struct address *address);

#endif
