/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <string.h>
#include <utlist.h>

struct ledger *ledger_new(const struct ledger_options *options)
{
	struct ledger *ledger = memory_allocate(sizeof(*ledger));

	ledger->options = *options;
	ledger->generation = 1;
	return ledger;
}

static void service_entry_drop(struct ledger *ledger, struct service_entry *service)
{
	HASH_DEL(ledger->services, service);
	service_state_free(service->state);
	free(service);
}

void ledger_free(struct ledger *ledger)
{
	struct server_entry *server, *next_server;
	struct unit_entry *unit, *next_unit;
	struct service_entry *service, *next_service;

	if (!ledger)
		return;
	HASH_ITER (hh, ledger->servers, server, next_server) {
		ledger_server_drop(ledger, server);
	}
	HASH_ITER (hh, ledger->units, unit, next_unit) {
		ledger_unit_drop(ledger, unit);
	}
	HASH_ITER (hh, ledger->services, service, next_service) {
		service_entry_drop(ledger, service);
	}
	free(ledger->node_port_addresses);
	free(ledger->excluded);
	free(ledger);
}

void ledger_set_options(struct ledger *ledger, const struct ledger_options *options)
{
	ledger->options = *options;
}

void ledger_set_ownership(struct ledger *ledger, const struct address *node_port_addresses,
			  size_t node_port_address_count, const struct prefix *excluded,
			  size_t excluded_count)
{
	free(ledger->node_port_addresses);
	free(ledger->excluded);
	ledger->node_port_addresses =
		memory_array(node_port_address_count, sizeof(*node_port_addresses));
	ledger->excluded = memory_array(excluded_count, sizeof(*excluded));
	if (node_port_address_count)
		memcpy(ledger->node_port_addresses, node_port_addresses,
		       node_port_address_count * sizeof(*node_port_addresses));
	if (excluded_count)
		memcpy(ledger->excluded, excluded, excluded_count * sizeof(*excluded));
	ledger->node_port_address_count = node_port_address_count;
	ledger->excluded_count = excluded_count;
}

/* Whether a virtual server that nobody ever claimed may be taken for a leftover of ours. */
bool ledger_ownership_includes(const struct ledger *ledger, const struct virtual_server_key *key)
{
	struct set_member bound = ledger_unit_of_address(&key->address);

	if (key->firewall_mark)
		return false;
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (prefix_contains(&ledger->excluded[i], &key->address))
			return false;
	for (size_t i = 0; i < ledger->node_port_address_count; i++)
		if (address_is_equal(&ledger->node_port_addresses[i], &key->address))
			return true;
	return ledger_unit_find(ledger, &bound) != NULL;
}

static struct service_entry *find_service(const struct ledger *ledger, const char *key)
{
	struct service_entry *service;

	HASH_FIND_STR(ledger->services, key, service);
	return service;
}

static struct service_entry *get_service(struct ledger *ledger, const char *key)
{
	struct service_entry *service = find_service(ledger, key);
	size_t size = strlen(key) + 1;

	if (!service) {
		service = memory_allocate(sizeof(*service) + size);
		memcpy(service->key, key, size);
		HASH_ADD_STR(ledger->services, key, service);
	}
	return service;
}

static struct claimant *find_claimant(struct server_entry *entry,
				      const struct service_entry *service)
{
	for (uint32_t i = 0; i < entry->claimant_count; i++)
		if (entry->claimants[i].service == service)
			return &entry->claimants[i];
	return NULL;
}

static void claim_server(struct server_entry *entry, struct service_entry *service, uint32_t index)
{
	struct claimant *claimant = find_claimant(entry, service);

	if (!claimant) {
		entry->claimants = memory_resize(entry->claimants, entry->claimant_count + 1U,
						 sizeof(*entry->claimants));
		claimant = &entry->claimants[entry->claimant_count++];
		claimant->service = service;
	}
	claimant->index = index;
}

static void drop_withdrawn_claim(struct server_entry *entry, const struct service_entry *service)
{
	struct claimant *claimant = find_claimant(entry, service);

	if (claimant && claimant->index == CLAIM_WITHDRAWN)
		*claimant = entry->claimants[--entry->claimant_count];
}

static void replace_servers(struct ledger *ledger, struct service_entry *service,
			    const struct service_state *old, const struct service_state *new,
			    uint64_t now, struct changes *changes)
{
	struct server_entry *entry;

	for (size_t i = 0; old && i < old->server_count; i++) {
		entry = ledger_server_find(ledger, &old->servers[i].server.key);
		find_claimant(entry, service)->index = CLAIM_WITHDRAWN;
	}
	for (size_t i = 0; i < new->server_count; i++) {
		entry = ledger_server_get(ledger, &new->servers[i].server.key);
		claim_server(entry, service, (uint32_t)i);
	}
	for (size_t i = 0; i < new->server_count; i++) {
		entry = ledger_server_find(ledger, &new->servers[i].server.key);
		ledger_server_reconcile(ledger, entry, now, changes);
	}
	for (size_t i = 0; old && i < old->server_count; i++) {
		entry = ledger_server_find(ledger, &old->servers[i].server.key);
		if (find_claimant(entry, service)->index != CLAIM_WITHDRAWN)
			continue;
		drop_withdrawn_claim(entry, service);
		ledger_server_reconcile(ledger, entry, now, changes);
	}
}

static void replace_units(struct ledger *ledger, const struct set_member *old, size_t old_count,
			  const struct set_member *new, size_t new_count, struct changes *changes)
{
	if (old_count == new_count && (!new_count || !memcmp(old, new, new_count * sizeof(*new))))
		return;
	for (size_t i = 0; i < new_count; i++)
		ledger_unit_get(ledger, &new[i])->claims++;
	for (size_t i = 0; i < old_count; i++)
		ledger_unit_find(ledger, &old[i])->claims--;
	for (size_t i = 0; i < new_count; i++)
		ledger_unit_reconcile(ledger, ledger_unit_find(ledger, &new[i]), changes);
	for (size_t i = 0; i < old_count; i++) {
		struct unit_entry *unit = ledger_unit_find(ledger, &old[i]);

		if (unit && !unit->claims)
			ledger_unit_reconcile(ledger, unit, changes);
	}
}

static struct set_member *address_units(const struct service_state *state)
{
	struct set_member *units;

	if (!state)
		return NULL;
	units = memory_array(state->address_count, sizeof(*units));
	for (size_t i = 0; i < state->address_count; i++)
		units[i] = ledger_unit_of_address(&state->addresses[i]);
	return units;
}

void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state, uint64_t now, struct changes *changes)
{
	static const struct service_state nothing;
	const struct service_state *new = state ? state : &nothing;
	struct service_entry *service = get_service(ledger, key);
	auto_free(service_state) struct service_state *old = service->state;
	auto_memory struct set_member *old_addresses = address_units(old);
	auto_memory struct set_member *new_addresses = address_units(new);

	service->state = state;
	service->created = created;
	replace_units(ledger, old ? old->members : NULL, old ? old->member_count : 0, new->members,
		      new->member_count, changes);
	replace_servers(ledger, service, old, new, now, changes);
	replace_units(ledger, old_addresses, old ? old->address_count : 0, new_addresses,
		      new->address_count, changes);
	if (!new->server_count && !new->member_count && !new->address_count)
		service_entry_drop(ledger, service);
}

const struct service_state *ledger_state(const struct ledger *ledger, const char *key)
{
	const struct service_entry *service = find_service(ledger, key);

	return service ? service->state : NULL;
}

void ledger_sweep(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct server_entry *server, *next_server;
	struct unit_entry *unit, *next_unit;

	ledger->is_sweeping = true;
	HASH_ITER (hh, ledger->servers, server, next_server) {
		if (!server->claimant_count && ledger_ownership_includes(ledger, &server->held.key))
			ledger_server_reconcile(ledger, server, now, changes);
	}
	HASH_ITER (hh, ledger->units, unit, next_unit) {
		if (!unit->claims)
			ledger_unit_reconcile(ledger, unit, changes);
	}
}

void ledger_fail(struct ledger *ledger, struct server_entry *server, struct unit_entry *unit,
		 int code, uint64_t now)
{
	struct failure *failure = server ? server->failure : unit->failure;
	uint64_t wait = ledger->options.retry_first_milliseconds;

	if (!failure) {
		failure = memory_allocate(sizeof(*failure));
		failure->server = server;
		failure->unit = unit;
		*(server ? &server->failure : &unit->failure) = failure;
		DL_APPEND2(ledger->failures, failure, previous, next);
		ledger->failed_count++;
	} else if (!failure->is_trying) {
		failure->code = code;
		return; /* one more part of an object that waits already */
	}
	for (unsigned int i = 0; i < failure->attempts; i++) {
		wait *= 2;
		if (wait >= ledger->options.retry_most_milliseconds)
			break;
	}
	if (wait > ledger->options.retry_most_milliseconds)
		wait = ledger->options.retry_most_milliseconds;
	failure->attempts++;
	failure->is_trying = false;
	failure->code = code;
	failure->retry_at = now + wait;
}

void ledger_unfail(struct ledger *ledger, struct failure *failure)
{
	if (!failure)
		return;
	if (failure->server)
		failure->server->failure = NULL;
	else
		failure->unit->failure = NULL;
	DL_DELETE2(ledger->failures, failure, previous, next);
	ledger->failed_count--;
	free(failure);
}

void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now)
{
	struct failure *failure, *next;

	for (size_t i = 0; i < count; i++) {
		if (changes[i].result >= 0)
			continue;
		if (change_facility(changes[i].kind) == FACILITY_IPVS)
			ledger_server_failed(ledger, &changes[i], now);
		else
			ledger_unit_failed(ledger, &changes[i], now);
	}
	DL_FOREACH_SAFE2(ledger->failures, failure, next, next)
	{
		if (failure->is_trying)
			ledger_unfail(ledger, failure);
	}
}

size_t ledger_retry(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct failure *failure, *next;
	size_t count = 0;

	DL_FOREACH_SAFE2(ledger->failures, failure, next, next)
	{
		if (failure->retry_at > now)
			continue;
		failure->is_trying = true;
		count++;
		if (failure->server)
			ledger_server_reconcile(ledger, failure->server, now, changes);
		else
			ledger_unit_reconcile(ledger, failure->unit, changes);
	}
	return count;
}

uint64_t ledger_next_retry(const struct ledger *ledger)
{
	const struct failure *failure;
	uint64_t soonest = UINT64_MAX;

	DL_FOREACH2(ledger->failures, failure, next)
	{
		if (failure->retry_at < soonest)
			soonest = failure->retry_at;
	}
	return soonest;
}

size_t ledger_failed_count(const struct ledger *ledger)
{
	return ledger->failed_count;
}

size_t ledger_draining_count(const struct ledger *ledger)
{
	return ledger->draining_count;
}

void ledger_claim(const struct ledger *ledger, const char *key, size_t index,
		  struct claim_report *ret)
{
	const struct service_entry *service = find_service(ledger, key);
	const struct server_entry *entry;
	const struct claimant *winner;

	memset(ret, 0, sizeof(*ret));
	entry = ledger_server_find(ledger, &service->state->servers[index].server.key);
	winner = ledger_server_winner(entry);
	ret->draining = entry->draining_count;
	if (winner->service != service) {
		ret->state = CLAIM_STATE_CONFLICT;
		ret->winner = winner->service->key;
	} else if (entry->failure) {
		ret->state = CLAIM_STATE_FAILED;
		ret->code = entry->failure->code;
	}
}

static int unit_code(const struct ledger *ledger, const struct set_member *value)
{
	const struct unit_entry *unit = ledger_unit_find(ledger, value);

	return unit && unit->failure ? unit->failure->code : 0;
}

int ledger_member_code(const struct ledger *ledger, const char *key)
{
	const struct service_state *state = ledger_state(ledger, key);
	int code = 0;

	if (!state || !ledger->failed_count)
		return 0;
	for (size_t i = 0; i < state->member_count && !code; i++)
		code = unit_code(ledger, &state->members[i]);
	for (size_t i = 0; i < state->address_count && !code; i++) {
		struct set_member value = ledger_unit_of_address(&state->addresses[i]);

		code = unit_code(ledger, &value);
	}
	return code;
}

void ledger_count(const struct ledger *ledger, struct ledger_counts *ret)
{
	const struct server_entry *server;
	const struct unit_entry *unit;

	memset(ret, 0, sizeof(*ret));
	for (server = ledger->servers; server; server = server->hh.next) {
		ret->servers += server->is_held && server->claimant_count;
		if (server->claimant_count)
			ret->destinations += server->destination_count;
	}
	for (unit = ledger->units; unit; unit = unit->hh.next) {
		if (!unit->is_held)
			continue;
		if (unit->value.kind == UNIT_KIND_ADDRESS)
			ret->addresses++;
		else
			ret->members++;
	}
}
