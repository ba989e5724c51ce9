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

void ledger_former_keep(struct ledger *ledger, const char *key, uint64_t now)
{
	const struct service_entry *service = ledger_claims_find(ledger, key);
	const struct service_state *state = service ? service->state : NULL;

	for (uint32_t i = 0; state && i < state->address_count && i < KEPT_OF_SERVICE_MAX; i++)
		ledger_former_add(ledger, &state->addresses[i], now);
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

void ledger_former_yield_family(struct ledger *ledger, uint16_t family)
{
	struct former_vip *former, *next;

	HASH_ITER (hh, ledger->formers, former, next) {
		if (former->address.family == family)
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
