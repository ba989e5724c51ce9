/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_NODE_H
#define OBJECTS_NODE_H

#include "lib/base/address.h"
#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct node - the part of a v1 Node that a proxy reads
 * @zone:                   label topology.kubernetes.io/zone, NULL if absent
 * @addresses:              status.addresses of type InternalIP, then those of type ExternalIP
 * @internal_count:         how many of @addresses are InternalIP
 * @pod_cidrs:              spec.podCIDRs (or spec.podCIDR)
 * @is_deleting:            metadata.deletionTimestamp is set
 * @has_drain_taint:        taint ToBeDeletedByClusterAutoscaler is present
 */
struct node {
	char *name;
	char *zone;
	struct address *addresses;
	size_t address_count;
	size_t internal_count;
	struct prefix *pod_cidrs;
	size_t pod_cidr_count;
	bool is_deleting;
	bool has_drain_taint;
};

void node_free(struct node *node);
AUTO_FREE_DEFINE(node);

bool node_is_equal(const struct node *a, const struct node *b);

#endif
