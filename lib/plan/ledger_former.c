/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_former.h"

#include "ledger_claims.h"

#include <string.h>

/* To keep more of one Service would take too long at once; what one has beyond that goes at once. */
#define KEPT_OF_SERVICE_MAX 1000

/* In the order in which they were kept. @address: without padding */
struct former_vip {
	UT_hash_handle hh;
	struct address address;
	uint64_t since;
};

static struct former_vip *find(const struct ledger *ledger, const struct address *address)
{
	struct former_vip *former;

	HASH_FIND(hh, ledger->formers, address, sizeof(*address), former);
	return former;
}

typedef void change_claim(struct ledger *ledger, const struct set_member *value);

static void each_element(struct ledger *ledger, const struct address *address, change_claim *change)
{
	struct set_member value = ledger_elements_of_address(address);

	change(ledger, &value);
	value.kind = SET_KIND_IPVS_IPS;
	change(ledger, &value);
}

static void drop(struct ledger *ledger, struct former_vip *former)
{
	HASH_DEL(ledger->formers, former);
	free(former);
}

void ledger_former_add(struct ledger *ledger, const struct address *address, uint64_t now)
{
	struct former_vip *former = find(ledger, address);

	if (former)
		drop(ledger, former);
	else
		each_element(ledger, address, ledger_claims_claim_element);
	former = memory_allocate(sizeof(*former));
	former->address = *address;
	former->since = now;
	HASH_ADD(hh, ledger->formers, address, sizeof(former->address), former);
}

/* An address that is named and not wanted is another proxy's, or that of the load balancer itself. */
static bool is_named(const struct service_view *view, const struct address *address)
{
	const struct service *service = view->service;

	for (uint32_t i = 0; service && i < service->cluster_ip_count; i++)
		if (address_is_equal(&service->cluster_ips[i], address))
			return true;
	return external_addresses_is_named(view->externals, address);
}

void ledger_former_keep(struct ledger *ledger, const struct service_view *view,
			const struct service_state *after, const struct former_filter *filter,
			uint64_t now)
{
	const struct service_entry *service = ledger_claims_find(ledger, view->key);
	const struct service_state *before = service ? service->state : NULL;
	uint32_t next = 0, kept = 0;

	/* Both are sorted. */
	for (uint32_t i = 0; before && i < before->address_count && kept < KEPT_OF_SERVICE_MAX;
	     i++) {
		const struct address *address = &before->addresses[i];
		int order = -1;

		while (next < after->address_count &&
		       (order = address_compare(address, &after->addresses[next])) > 0)
			next++;
		if (order == 0 || is_named(view, address) ||
		    filter->is_taken(filter->owner, address))
			continue;
		ledger_former_add(ledger, address, now);
		kept++;
	}
}

static void release(struct ledger *ledger, struct former_vip *former)
{
	each_element(ledger, &former->address, ledger_claims_withdraw_element);
	drop(ledger, former);
}

void ledger_former_yield(struct ledger *ledger, const struct address *address)
{
	struct former_vip *former = ledger->formers ? find(ledger, address) : NULL;

	if (former)
		release(ledger, former);
}

void ledger_former_yield_taken(struct ledger *ledger, const struct former_filter *filter)
{
	struct former_vip *former, *next;

	HASH_ITER (hh, ledger->formers, former, next) {
		if (filter->is_taken(filter->owner, &former->address))
			release(ledger, former);
	}
}

void ledger_former_expire(struct ledger *ledger, uint64_t milliseconds, uint64_t now, size_t limit)
{
	while (limit-- && ledger_former_next(ledger, milliseconds) <= now)
		release(ledger, ledger->formers);
}

uint64_t ledger_former_next(const struct ledger *ledger, uint64_t milliseconds)
{
	return ledger->formers ? ledger->formers->since + milliseconds : UINT64_MAX;
}

void ledger_former_each(const struct ledger *ledger,
			void (*visit)(void *owner, const struct address *address), void *owner)
{
	for (const struct former_vip *former = ledger->formers; former; former = former->hh.next)
		visit(owner, &former->address);
}

size_t ledger_former_count(const struct ledger *ledger)
{
	return HASH_COUNT(ledger->formers);
}

void ledger_former_clear(struct ledger *ledger)
{
	struct former_vip *former, *next;

	HASH_ITER (hh, ledger->formers, former, next) {
		drop(ledger, former);
	}
}
