/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include "ledger_claims.h"
#include "ledger_conflicts.h"
#include "ledger_observe.h"
#include "ledger_reconcile.h"

#include <string.h>

struct ledger *ledger_new(const struct ledger_options *options)
{
	struct ledger *ledger = memory_allocate(sizeof(*ledger));

	ledger->options = *options;
	ledger->generation = 1;
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	ledger_claims_clear(ledger);
	ledger_servers_clear(&ledger->servers);
	ledger_elements_clear(&ledger->elements);
	ledger_failures_clear(&ledger->failures);
	free(ledger->conflicts);
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

void ledger_replace_begin(struct ledger *ledger, const char *key, int64_t created,
			  struct service_state *state)
{
	ledger_claims_begin(ledger, key, created, state);
}

bool ledger_replace_step(struct ledger *ledger, size_t limit)
{
	return ledger_claims_step(ledger, limit);
}

void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state)
{
	ledger_replace_begin(ledger, key, created, state);
	ledger_replace_step(ledger, SIZE_MAX);
}

size_t ledger_unsettled_count(const struct ledger *ledger)
{
	return ledger->unsettled_count;
}

/* Which members count is known once all owners are, and may make elements dirty. */
static size_t settle_owners(struct ledger *ledger, size_t limit)
{
	struct ledger_servers *servers = &ledger->servers;
	size_t count = 0;

	for (; count < limit && ledger->settled_count < servers->dirty_count; count++)
		ledger_claims_settle_owner(ledger, servers->dirty[ledger->settled_count++]);
	return count;
}

static size_t settle_elements(struct ledger *ledger, size_t limit, struct changes *changes)
{
	struct ledger_elements *elements = &ledger->elements;
	size_t count = 0;

	for (; count < limit && ledger->settled_count < elements->dirty_count; count++) {
		struct element_entry *entry = elements->dirty[ledger->settled_count++];

		entry->is_dirty = false;
		ledger_reconcile_element(ledger, entry, changes);
	}
	return count;
}

/* A virtual server with many destinations counts for more. */
static size_t settle_servers(struct ledger *ledger, size_t limit, uint64_t now,
			     struct changes *changes)
{
	struct ledger_servers *servers = &ledger->servers;
	size_t count = 0;

	while (count < limit && ledger->settled_count < servers->dirty_count) {
		struct server_entry *entry = servers->dirty[ledger->settled_count++];
		size_t before = changes->count;

		count += 1 + entry->destination_count / 4;
		entry->is_dirty = false;
		ledger_conflicts_follow(ledger, entry);
		ledger_reconcile_server(ledger, entry, now, changes);
		count += changes->count - before;
	}
	return count;
}

static bool end_settling(struct ledger *ledger)
{
	ledger->servers.dirty_count = 0;
	ledger->elements.dirty_count = 0;
	ledger->unsettled_count = 0;
	ledger->settled_count = 0;
	ledger->settling = SETTLING_OWNERS;
	return true;
}

bool ledger_settle_step(struct ledger *ledger, size_t limit, uint64_t now, struct changes *changes)
{
	size_t count = 0;

	if (ledger->settling == SETTLING_OWNERS) {
		count += settle_owners(ledger, limit);
		if (ledger->settled_count < ledger->servers.dirty_count)
			return false;
		ledger->settling = SETTLING_ELEMENTS;
		ledger->settled_count = 0;
	}
	if (ledger->settling == SETTLING_ELEMENTS) {
		count += settle_elements(ledger, limit - count, changes);
		if (ledger->settled_count < ledger->elements.dirty_count)
			return false;
		ledger->settling = SETTLING_SERVERS;
		ledger->settled_count = 0;
	}
	settle_servers(ledger, limit - count, now, changes);
	if (ledger->settled_count < ledger->servers.dirty_count)
		return false;
	return end_settling(ledger);
}

void ledger_settle(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	ledger_settle_step(ledger, SIZE_MAX, now, changes);
}

const struct service_state *ledger_state(const struct ledger *ledger, const char *key)
{
	const struct service_entry *service = ledger_claims_find(ledger, key);

	return service ? service->state : NULL;
}

void ledger_sweep(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct server_entry *server, *next_server;
	struct element_entry *element, *next_element;

	ledger->is_sweeping = true;
	HASH_ITER (hh, ledger->servers.table, server, next_server) {
		if (!server->claimant_count && ledger_observe_ownership_includes(ledger, server))
			ledger_reconcile_server(ledger, server, now, changes);
	}
	for (size_t kind = 0; kind < ELEMENT_KIND_COUNT; kind++) {
		HASH_ITER (hh, ledger->elements.tables[kind], element, next_element) {
			if (!element->claims)
				ledger_reconcile_element(ledger, element, changes);
		}
	}
}

void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now)
{
	for (size_t i = 0; i < count; i++)
		ledger_reconcile_result(ledger, &changes[i], now);
	ledger_failures_remove_tried(&ledger->failures);
}

static void retry(struct ledger *ledger, struct failure *failure, uint64_t now,
		  struct changes *changes)
{
	struct server_entry *server =
		ledger_servers_find(&ledger->servers, &failure->object.server);
	struct element_entry *element =
		ledger_elements_find(&ledger->elements, &failure->object.element);

	failure->is_trying = true;
	if (server)
		ledger_reconcile_server(ledger, server, now, changes);
	else if (element)
		ledger_reconcile_element(ledger, element, changes);
}

size_t ledger_retry(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct failure *failure, *next;
	size_t count = 0;

	HASH_ITER (hh, ledger->failures.first, failure, next) {
		if (failure->retry_at > now)
			continue;
		count++;
		retry(ledger, failure, now, changes);
	}
	return count;
}

uint64_t ledger_next_retry(const struct ledger *ledger)
{
	return ledger_failures_next_retry(&ledger->failures);
}

size_t ledger_failed_count(const struct ledger *ledger)
{
	return ledger_failures_count(&ledger->failures);
}

void ledger_claim(const struct ledger *ledger, const char *key, size_t index,
		  struct claim_report *ret)
{
	const struct service_entry *service = ledger_claims_find(ledger, key);
	const struct virtual_server_key *server = &service->state->servers[index].server.key;
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	const struct claimant *winner = ledger_claims_winner(entry);
	const struct failure *failure = ledger_failures_of_server(&ledger->failures, server);

	memset(ret, 0, sizeof(*ret));
	ret->draining = ledger_servers_draining_count(entry);
	if (winner->service != service) {
		ret->state = CLAIM_STATE_CONFLICT;
		ret->winner = winner->service->key;
	} else if (failure) {
		ret->state = CLAIM_STATE_FAILED;
		ret->code = failure->code;
	}
}

static int code_of(const struct ledger *ledger, const struct set_member *value)
{
	const struct failure *failure = ledger_failures_of_element(&ledger->failures, value);

	return failure ? failure->code : 0;
}

int ledger_member_code(const struct ledger *ledger, const char *key)
{
	const struct service_state *state = ledger_state(ledger, key);
	struct member_range range;
	struct set_member member;
	int code = 0;

	if (!state || !ledger_failed_count(ledger))
		return 0;
	range = service_state_all_members(state);
	while (!code && service_state_next_member(state, &range, &member))
		code = code_of(ledger, &member);
	for (size_t i = 0; i < state->address_count && !code; i++) {
		member = ledger_elements_of_address(&state->addresses[i]);
		code = code_of(ledger, &member);
	}
	return code;
}

void ledger_count(const struct ledger *ledger, struct ledger_counts *ret)
{
	*ret = (struct ledger_counts){
		.servers = ledger->servers.held_count,
		.destinations = ledger->servers.held_destination_count,
		.members = ledger->elements.held_members,
		.addresses = ledger->elements.held_addresses,
	};
}
