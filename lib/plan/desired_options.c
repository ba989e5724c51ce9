/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired_options.h"

#include <string.h>

bool desired_options_are_equal(const struct desired_options *a, const struct desired_options *b)
{
	return strcmp(a->scheduler, b->scheduler) == 0 &&
	       strcmp(a->affinity_scheduler, b->affinity_scheduler) == 0 &&
	       opt_out_is_equal(&a->opt_out, &b->opt_out) &&
	       prefix_list_is_equal(&a->allowed_external_ips, &b->allowed_external_ips) &&
	       prefix_list_is_equal(&a->allowed_load_balancer_ips, &b->allowed_load_balancer_ips) &&
	       a->missing_schedulers == b->missing_schedulers && a->health_port == b->health_port &&
	       a->has_in_cluster == b->has_in_cluster &&
	       a->omits_external_ips == b->omits_external_ips &&
	       a->has_strict_ranges == b->has_strict_ranges && a->objects_max == b->objects_max &&
	       a->endpoints_max == b->endpoints_max && a->node_objects_max == b->node_objects_max;
}

bool desired_allows(const struct prefix_list *ranges, const struct address *address)
{
	return !ranges->count || prefix_list_contains(ranges, address);
}
