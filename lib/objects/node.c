/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node.h"

#include <string.h>

void node_free(struct node *node)
{
	if (!node)
		return;
	free(node->name);
	free(node->zone);
	free(node->addresses);
	free(node->pod_cidrs);
	free(node);
}

bool node_is_equal(const struct node *a, const struct node *b)
{
	return strcmp(a->name, b->name) == 0 && string_equal(a->zone, b->zone) &&
	       a->address_count == b->address_count && a->internal_count == b->internal_count &&
	       a->pod_cidr_count == b->pod_cidr_count && a->is_deleting == b->is_deleting &&
	       a->has_drain_taint == b->has_drain_taint &&
	       (a->address_count == 0 || memcmp(a->addresses, b->addresses,
						a->address_count * sizeof(*a->addresses)) == 0) &&
	       (a->pod_cidr_count == 0 ||
		memcmp(a->pod_cidrs, b->pod_cidrs, a->pod_cidr_count * sizeof(*a->pod_cidrs)) == 0);
}
