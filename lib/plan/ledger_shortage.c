/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_shortage.h"

#include "lib/base/memory.h"

#include <string.h>

struct short_service {
	UT_hash_handle hh;
	char key[];
};

static void drop(struct ledger *ledger, struct short_service *service)
{
	HASH_DEL(ledger->short_services, service);
	free(service);
}

void ledger_shortage_follow(struct ledger *ledger, const char *key, bool is_short)
{
	struct short_service *service = NULL;
	size_t size = strlen(key) + 1;

	if (!is_short && !ledger->short_services)
		return;
	HASH_FIND_STR(ledger->short_services, key, service);
	if (is_short == !!service)
		return;
	if (service) {
		drop(ledger, service);
		return;
	}
	service = memory_allocate(sizeof(*service) + size);
	memcpy(service->key, key, size);
	HASH_ADD_STR(ledger->short_services, key, service);
}

bool ledger_has_shortage(const struct ledger *ledger)
{
	return ledger->short_services;
}

void ledger_shortage_each(const struct ledger *ledger, void (*visit)(void *owner, const char *key),
			  void *owner)
{
	for (const struct short_service *service = ledger->short_services; service;
	     service = service->hh.next)
		visit(owner, service->key);
}

void ledger_shortage_clear(struct ledger *ledger)
{
	struct short_service *service, *next;

	HASH_ITER (hh, ledger->short_services, service, next) {
		drop(ledger, service);
	}
}
