/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <netinet/in.h>
#include <string.h>
#include <utlist.h>

struct ledger *ledger_new(const struct ledger_options *options)
{
	struct ledger *ledger = memory_allocate(sizeof(*ledger));

	ledger->options = *options;
	ledger->generation = 1;
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	struct server_entry *server, *next_server;
	struct unit_entry *unit, *next_unit;
	struct service_entry *service, *next_service;

	if (!ledger)
		return;
	HASH_ITER (hh, ledger->servers, server, next_server) {
		server->is_touched = false;
		server->is_leaving = false;
		ledger_server_drop(ledger, server);
	}
	for (size_t kind = 0; kind < UNIT_KIND_COUNT; kind++) {
		HASH_ITER (hh, ledger->units[kind], unit, next_unit) {
			unit->is_touched = false;
			ledger_unit_drop(ledger, unit);
		}
	}
	HASH_ITER (hh, ledger->services, service, next_service) {
		ledger_service_drop(ledger, service);
	}
	free(ledger->touched_servers);
	free(ledger->touched_units);
	free(ledger->contested);
	free(ledger->excluded);
	free(ledger);
}

void ledger_set_options(struct ledger *ledger, const struct ledger_options *options)
{
	ledger->options = *options;
}

void ledger_set_excluded(struct ledger *ledger, const struct prefix *excluded, size_t count)
{
	free(ledger->excluded);
	ledger->excluded = memory_array(count, sizeof(*excluded));
	if (count)
		memcpy(ledger->excluded, excluded, count * sizeof(*excluded));
	ledger->excluded_count = count;
}

static bool is_held(const struct ledger *ledger, const struct set_member *value)
{
	const struct unit_entry *unit = ledger_unit_find(ledger, value);

	return unit && unit->is_held;
}

static struct set_member member_for(const struct virtual_server_key *key, enum set_kind kind)
{
	bool is_bitmap = set_kind_type(kind) == SET_TYPE_BITMAP_PORT;
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)key->address.family;
	member.port = key->port;
	if (!is_bitmap) {
		member.address = key->address;
		member.protocol = (uint8_t)key->protocol;
	}
	return member;
}

/*
 * On an address that is the node's own, not every virtual server is ours: the sets tell. They name
 * each NodePort and each VIP with its port, and are cleared after the virtual servers are.
 */
static bool sets_name(const struct ledger *ledger, const struct virtual_server_key *key)
{
	enum set_kind kinds[] = {SET_KIND_NODE_PORT_TCP, SET_KIND_CLUSTER_IP, SET_KIND_EXTERNAL_IP,
				 SET_KIND_EXTERNAL_IP_LOCAL, SET_KIND_LOAD_BALANCER};

	if (key->protocol == IPPROTO_UDP)
		kinds[0] = SET_KIND_NODE_PORT_UDP;
	if (key->protocol == IPPROTO_SCTP)
		kinds[0] = SET_KIND_NODE_PORT_SCTP;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct set_member member = member_for(key, kinds[i]);

		if (is_held(ledger, &member))
			return true;
	}
	return false;
}

/*
 * Whether a virtual server that nobody ever claimed may be taken for a leftover of ours. What tells
 * may go before it does, while Services change during the first pass.
 */
bool ledger_ownership_includes(const struct ledger *ledger, const struct server_entry *entry)
{
	const struct virtual_server_key *key = &entry->held.key;
	struct set_member bound = ledger_unit_of_address(&key->address);

	/* The kernel backend knows these by a set of ours. */
	if (key->client_scope == CLIENT_SCOPE_IN_CLUSTER)
		return true;
	if (key->firewall_mark)
		return false;
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (prefix_contains(&ledger->excluded[i], &key->address))
			return false;
	return entry->was_ours || ledger_unit_find(ledger, &bound) || sets_name(ledger, key);
}

size_t ledger_unsettled_count(const struct ledger *ledger)
{
	return ledger->unsettled_count;
}

void ledger_settle(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	for (size_t i = 0; i < ledger->touched_server_count; i++)
		ledger_retie(ledger, ledger->touched_servers[i]);
	for (size_t i = 0; i < ledger->touched_unit_count; i++) {
		ledger->touched_units[i]->is_touched = false;
		ledger_unit_reconcile(ledger, ledger->touched_units[i], changes);
	}
	for (size_t i = 0; i < ledger->touched_server_count; i++) {
		ledger->touched_servers[i]->is_touched = false;
		ledger_contest_settle(ledger, ledger->touched_servers[i]);
		ledger_server_reconcile(ledger, ledger->touched_servers[i], now, changes);
	}
	ledger->touched_unit_count = 0;
	ledger->touched_server_count = 0;
	ledger->unsettled_count = 0;
}

const struct service_state *ledger_state(const struct ledger *ledger, const char *key)
{
	const struct service_entry *service = ledger_service_find(ledger, key);

	return service ? service->state : NULL;
}

void ledger_sweep(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct server_entry *server, *next_server;
	struct unit_entry *unit, *next_unit;

	ledger->is_sweeping = true;
	HASH_ITER (hh, ledger->servers, server, next_server) {
		if (!server->claimant_count && ledger_ownership_includes(ledger, server))
			ledger_server_reconcile(ledger, server, now, changes);
	}
	for (size_t kind = 0; kind < UNIT_KIND_COUNT; kind++) {
		HASH_ITER (hh, ledger->units[kind], unit, next_unit) {
			if (!unit->claims)
				ledger_unit_reconcile(ledger, unit, changes);
		}
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
		/* One more part of an object that waits already; the first says why. */
		return;
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

/* What was removed is remembered until it is known to be gone, with the tries that failed. */
static void forget_removed(struct ledger *ledger, const struct change *change)
{
	if (change->kind == CHANGE_KIND_SERVER_REMOVE)
		ledger_server_removed(ledger, &change->server.key);
	if (change->kind == CHANGE_KIND_MEMBER_REMOVE || change->kind == CHANGE_KIND_ADDRESS_REMOVE)
		ledger_unit_removed(ledger, change);
}

void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now)
{
	struct failure *failure, *next;

	for (size_t i = 0; i < count; i++) {
		if (changes[i].result >= 0) {
			forget_removed(ledger, &changes[i]);
			continue;
		}
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
	const struct service_entry *service = ledger_service_find(ledger, key);
	const struct server_entry *entry;
	const struct claimant *winner;

	memset(ret, 0, sizeof(*ret));
	entry = ledger_server_find(ledger, &service->state->servers[index].server.key);
	winner = ledger_server_winner(entry);
	ret->draining = ledger_server_draining_count(entry);
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
	struct set_member member;
	uint32_t at = 0;
	int code = 0;

	if (!state || !ledger->failed_count)
		return 0;
	while (!code && service_state_next_member(state, &at, &member))
		code = unit_code(ledger, &member);
	for (size_t i = 0; i < state->address_count && !code; i++) {
		struct set_member value = ledger_unit_of_address(&state->addresses[i]);

		code = unit_code(ledger, &value);
	}
	return code;
}

void ledger_count(const struct ledger *ledger, struct ledger_counts *ret)
{
	*ret = (struct ledger_counts){.servers = ledger->held_servers,
				      .destinations = ledger->held_destinations,
				      .members = ledger->held_members,
				      .addresses = ledger->held_addresses};
}

size_t ledger_copy_count(const struct ledger *ledger)
{
	const struct server_entry *server;
	size_t count = 0;

	for (server = ledger->servers; server; server = server->hh.next)
		if (server->claimant_count && !server->is_folded)
			count += server->destination_count;
	return count;
}
