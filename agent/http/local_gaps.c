/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "local_gaps.h"

#include "lib/base/ip_family.h"
#include "lib/plan/desired.h"

#include <string.h>
#include <uthash.h>

/* Policies by is_internal. */
#define POLICY_COUNT 2

/** struct gap - @families: of the Service, those that have endpoints elsewhere only; bits */
struct gap {
	UT_hash_handle hh;
	bool has_policy[POLICY_COUNT];
	unsigned int families;
	char key[];
};

/** struct local_gaps - @counts: of Services, by policy and by exactly the families with a gap */
struct local_gaps {
	struct gap *items;
	size_t counts[POLICY_COUNT][IP_FAMILY_ALL + 1];
};

struct local_gaps *local_gaps_new(void)
{
	return memory_allocate(sizeof(struct local_gaps));
}

void local_gaps_free(struct local_gaps *gaps)
{
	struct gap *gap, *next;

	if (!gaps)
		return;
	HASH_ITER (hh, gaps->items, gap, next) {
		HASH_DEL(gaps->items, gap);
		free(gap);
	}
	free(gaps);
}

/* Whether endpoints of a family could serve, but none of them is on this node. */
static bool family_has_gap(const struct service_view *view, uint16_t family, const char *node_name)
{
	bool has_any = false;

	for (size_t i = 0; i < view->slice_count; i++) {
		const struct endpoint_slice *slice = view->slices[i];

		for (size_t k = 0; k < slice->endpoint_count && slice->family == family; k++) {
			const struct endpoint *endpoint = &slice->endpoints[k];

			if (!endpoint->is_ready &&
			    !(endpoint->is_serving && endpoint->is_terminating))
				continue;
			has_any = true;
			if (string_equal(endpoint->node_name, node_name))
				return false;
		}
	}
	return has_any;
}

static unsigned int families_with_gap(const struct service_view *view, const char *node_name)
{
	const struct service *service = view->service;
	unsigned int families = 0;

	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (family_has_gap(view, service->cluster_ips[i].family, node_name))
			families |= ip_family_bit(service->cluster_ips[i].family);
	return families;
}

static bool is_reachable_from_outside(const struct service *service)
{
	return service->type == SERVICE_TYPE_NODE_PORT ||
	       service->type == SERVICE_TYPE_LOAD_BALANCER || service->external_ip_count;
}

static void drop(struct local_gaps *gaps, const char *key)
{
	struct gap *gap;

	HASH_FIND_STR(gaps->items, key, gap);
	if (!gap)
		return;
	for (size_t i = 0; i < POLICY_COUNT; i++)
		gaps->counts[i][gap->families] -= gap->has_policy[i];
	HASH_DEL(gaps->items, gap);
	free(gap);
}

static void add(struct local_gaps *gaps, const char *key, const bool *has_policy,
		unsigned int families)
{
	size_t size = strlen(key) + 1;
	struct gap *gap = memory_allocate(sizeof(*gap) + size);

	gap->families = families;
	memcpy(gap->key, key, size);
	for (size_t i = 0; i < POLICY_COUNT; i++) {
		gap->has_policy[i] = has_policy[i];
		gaps->counts[i][families] += has_policy[i];
	}
	HASH_ADD_STR(gaps->items, key, gap);
}

void local_gaps_planned(struct local_gaps *gaps, const struct service_view *view,
			const char *node_name)
{
	const struct service *service = view->service;
	bool has_policy[POLICY_COUNT];
	unsigned int families;

	drop(gaps, view->key);
	if (!service || skip_reason_of(service) != SKIP_REASON_NONE)
		return;
	has_policy[true] = service->is_internal_local;
	has_policy[false] = service->is_external_local && is_reachable_from_outside(service);
	if (!has_policy[true] && !has_policy[false])
		return;
	families = families_with_gap(view, node_name);
	if (families)
		add(gaps, view->key, has_policy, families);
}

size_t local_gaps_count(const struct local_gaps *gaps, unsigned int families, bool is_internal)
{
	size_t count = 0;

	for (unsigned int exactly = 1; exactly <= IP_FAMILY_ALL; exactly++)
		if (exactly & families)
			count += gaps->counts[is_internal][exactly];
	return count;
}
