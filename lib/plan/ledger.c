/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include "ledger_claims.h"
#include "ledger_conflicts.h"
#include "ledger_former.h"
#include "ledger_observe.h"
#include "ledger_reconcile.h"
#include "ledger_shortage.h"
#include "lib/base/budget.h"
#include "packed_member.h"

#include <netinet/in.h>
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
	ledger_shortage_clear(ledger);
	ledger_former_clear(ledger);
	ledger_servers_clear(&ledger->servers);
	ledger_elements_clear(&ledger->elements);
	ledger_failures_clear(&ledger->failures);
	ledger_sources_clear(&ledger->sources);
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

bool ledger_replace_step(struct ledger *ledger, size_t *budget)
{
	return ledger_claims_step(ledger, budget);
}

void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state)
{
	size_t budget = SIZE_MAX;

	ledger_replace_begin(ledger, key, created, state);
	ledger_replace_step(ledger, &budget);
}

size_t ledger_object_count(const struct ledger *ledger, const char *but)
{
	const struct service_entry *service = but ? ledger_claims_find(ledger, but) : NULL;

	return ledger->object_count - (service ? service->state->object_count : 0);
}

size_t ledger_unsettled_count(const struct ledger *ledger)
{
	return ledger->unsettled_count;
}

/* Which members count is known once all owners are, and may make elements dirty. */
static bool settle_owners(struct ledger *ledger, size_t *budget)
{
	const struct ledger_servers *servers = &ledger->servers;

	while (*budget && ledger->settled_count < servers->dirty_count) {
		struct server_entry *entry = servers->dirty[ledger->settled_count++];
		size_t work = ledger_claims_settle_owner(ledger, entry);

		budget_spend(budget, work);
	}
	return ledger->settled_count == servers->dirty_count;
}

static bool settle_elements(struct ledger *ledger, size_t *budget, struct changes *changes)
{
	const struct ledger_elements *elements = &ledger->elements;

	for (; *budget && ledger->settled_count < elements->dirty_count; --*budget) {
		struct element_entry *entry = elements->dirty[ledger->settled_count++];

		entry->is_dirty = false;
		ledger_reconcile_element(ledger, entry, changes);
	}
	return ledger->settled_count == elements->dirty_count;
}

/* A virtual server with many destinations is more work. */
static bool settle_servers(struct ledger *ledger, size_t *budget, uint64_t now,
			   struct changes *changes)
{
	const struct ledger_servers *servers = &ledger->servers;

	while (*budget && ledger->settled_count < servers->dirty_count) {
		struct server_entry *entry = servers->dirty[ledger->settled_count++];
		size_t before = changes->count,
		       work = 1 + (entry->destination_count + entry->claimant_count) / 4;

		entry->is_dirty = false;
		ledger_conflicts_follow(ledger, entry);
		ledger_reconcile_server(ledger, entry, now, changes);
		work += changes->count - before;
		budget_spend(budget, work);
	}
	return ledger->settled_count == servers->dirty_count;
}

static void begin_settling(struct ledger *ledger, enum settling settling)
{
	ledger->settling = settling;
	ledger->settled_count = 0;
}

bool ledger_settle_step(struct ledger *ledger, size_t *budget, uint64_t now,
			struct changes *changes)
{
	if (ledger->settling == SETTLING_OWNERS) {
		if (!settle_owners(ledger, budget))
			return false;
		begin_settling(ledger, SETTLING_ELEMENTS);
	}
	if (ledger->settling == SETTLING_ELEMENTS) {
		if (!settle_elements(ledger, budget, changes))
			return false;
		begin_settling(ledger, SETTLING_SERVERS);
	}
	if (!settle_servers(ledger, budget, now, changes))
		return false;
	begin_settling(ledger, SETTLING_OWNERS);
	ledger->servers.dirty_count = 0;
	ledger->elements.dirty_count = 0;
	ledger->unsettled_count = 0;
	return true;
}

void ledger_settle(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	size_t budget = SIZE_MAX;

	ledger_settle_step(ledger, &budget, now, changes);
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
	ledger_sources_clear(&ledger->sources);
	SHARDS_EACH (ledger->servers.table, server, next_server) {
		if (!server->claimant_count && ledger_observe_ownership_includes(ledger, server))
			ledger_reconcile_server(ledger, server, now, changes);
	}
	for (size_t kind = 0; kind < ELEMENT_KIND_COUNT; kind++) {
		SHARDS_EACH (ledger->elements.tables[kind], element, next_element) {
			if (!element->claims)
				ledger_reconcile_element(ledger, element, changes);
		}
	}
}

void ledger_report_part(struct ledger *ledger, const struct change *changes, size_t count,
			uint64_t now)
{
	for (size_t i = 0; i < count; i++)
		ledger_reconcile_result(ledger, &changes[i], now);
}

bool ledger_report_end(struct ledger *ledger, size_t *budget)
{
	return ledger_failures_remove_tried(&ledger->failures, budget);
}

void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now)
{
	size_t budget = SIZE_MAX;

	ledger_report_part(ledger, changes, count, now);
	ledger_report_end(ledger, &budget);
}

static void retry(struct ledger *ledger, struct failure *failure, uint64_t now,
		  struct changes *changes)
{
	struct server_entry *server =
		ledger_servers_find(&ledger->servers, &failure->object.server);
	struct element_entry *element =
		ledger_elements_find(&ledger->elements, &failure->object.element);

	ledger_failures_try(&ledger->failures, failure);
	if (server)
		ledger_reconcile_server(ledger, server, now, changes);
	else if (element)
		ledger_reconcile_element(ledger, element, changes);
}

size_t ledger_retry(struct ledger *ledger, uint64_t now, size_t limit, struct changes *changes)
{
	size_t before = changes->count, count = 0;
	struct failure *failure;

	while (count + (changes->count - before) < limit) {
		failure = ledger_failures_due(&ledger->failures, now);
		if (!failure)
			break;
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

static int code_of(const struct ledger *ledger, const struct set_member *value)
{
	const struct failure *failure = ledger_failures_of_element(&ledger->failures, value);

	return failure ? failure->code : 0;
}

static int code_of_node_port(const struct ledger *ledger, const struct virtual_server_key *key)
{
	enum set_kind kind =
		key->protocol == IPPROTO_UDP ? SET_KIND_NODE_PORT_UDP : SET_KIND_NODE_PORT_TCP;
	struct set_member port = {
		.kind = (uint8_t)kind, .family = (uint8_t)key->address.family, .port = key->port};
	struct set_member address = {.kind = SET_KIND_NODE_PORT_ADDRESS,
				     .family = (uint8_t)key->address.family,
				     .address = key->address};
	int code = code_of(ledger, &address);

	return code || key->protocol == IPPROTO_SCTP ? code : code_of(ledger, &port);
}

/* With which the address of a virtual server failed, or a member without which it does not work. */
static int element_code(const struct ledger *ledger, const struct service_state *state,
			const struct wanted_server *wanted)
{
	const struct virtual_server_key *key = &wanted->server.key;
	struct member_range range = service_state_members_of(wanted);
	struct set_member member = ledger_elements_of_address(&key->address);
	int code;

	if (!ledger->failures.table)
		return 0;
	code = code_of(ledger, &member);
	member.kind = SET_KIND_IPVS_IPS;
	if (!code)
		code = code_of(ledger, &member);
	if (!code && wanted->origin == ADDRESS_ORIGIN_NODE_PORT)
		code = code_of_node_port(ledger, key);
	while (!code && service_state_next_member(state, &range, &member))
		code = code_of(ledger, &member);
	return code;
}

void ledger_claim(const struct ledger *ledger, const char *key, size_t index,
		  struct claim_report *ret)
{
	const struct service_entry *service = ledger_claims_find(ledger, key);
	const struct wanted_server *wanted = &service->state->servers[index];
	const struct virtual_server_key *server = &wanted->server.key;
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	const struct claimant *winner = ledger_claims_winner(entry);
	const struct failure *failure = ledger_failures_of_server(&ledger->failures, server);

	memset(ret, 0, sizeof(*ret));
	ret->draining = ledger_servers_draining_count(entry);
	ret->element_code = element_code(ledger, service->state, wanted);
	if (winner->service != service) {
		ret->state = CLAIM_STATE_CONFLICT;
		ret->winner = winner->service->key;
	} else if (failure) {
		ret->state = CLAIM_STATE_FAILED;
		ret->code = failure->code;
	}
}

void ledger_each_node_port(const struct ledger *ledger, void (*visit)(void *owner, uint16_t port),
			   void *owner)
{
	static const enum set_kind kinds[] = {SET_KIND_NODE_PORT_TCP, SET_KIND_NODE_PORT_UDP,
					      SET_KIND_NODE_PORT_SCTP};
	struct element_entry *entry, *next;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		SHARDS_EACH (ledger->elements.tables[kinds[i]], entry, next) {
			if (entry->claims)
				visit(owner, packed_member_value(entry->value).port);
		}
	}
}

const char *ledger_server_owner(const struct ledger *ledger,
				const struct virtual_server_key *server)
{
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	const struct claimant *winner = entry ? ledger_claims_winner(entry) : NULL;

	return winner ? winner->service->key : NULL;
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
