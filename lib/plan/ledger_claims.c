/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_claims.h"

#include "ledger_shortage.h"

#include <netinet/in.h>
#include <string.h>

/**
 * struct claiming - replaces what a Service wants
 * @phase:   CLAIM goes through what is wanted from now on, WITHDRAW through what was wanted before
 * @server:  the next virtual server of that
 * @members: those of the one before that are still to be visited
 * @sources: what it was left with, and may not be wanted
 * @free:    the next of the members that belong to no server
 * @address: the next address
 */
struct claiming {
	struct service_entry *service;
	struct service_state *before, *after;
	enum { PHASE_CLAIM, PHASE_WITHDRAW } phase;
	uint32_t server;
	struct member_range members;
	struct left_source *sources;
	struct member_range free;
	uint32_t address;
};

static const struct service_state nothing;

static void drop_service(struct ledger *ledger, struct service_entry *service)
{
	SHARDS_DELETE(ledger->services, service);
	service_state_free(service->state);
	free(service);
}

void ledger_claims_clear(struct ledger *ledger)
{
	struct service_entry *service, *next;

	if (ledger->claiming) {
		struct service_entry *current = ledger->claiming->service;

		/* One of the two is still its state. */
		if (ledger->claiming->before != current->state)
			service_state_free(ledger->claiming->before);
		if (ledger->claiming->after != current->state)
			service_state_free(ledger->claiming->after);
		ledger_sources_free(ledger->claiming->sources);
		free(take(&ledger->claiming));
	}
	SHARDS_EACH (ledger->services, service, next) {
		drop_service(ledger, service);
	}
}

struct service_entry *ledger_claims_find(const struct ledger *ledger, const char *key)
{
	struct service_entry *service;

	SHARDS_FIND(ledger->services, key, strlen(key), service);
	return service;
}

static struct service_entry *get_service(struct ledger *ledger, const char *key)
{
	struct service_entry *service;
	size_t length = strlen(key);
	unsigned int hash;

	HASH_VALUE(key, length, hash);
	SHARDS_FIND_BYHASHVALUE(ledger->services, key, length, hash, service);
	if (!service) {
		service = memory_allocate(offsetof(struct service_entry, key) + length + 1);
		memcpy(service->key, key, length + 1);
		SHARDS_ADD_BYHASHVALUE(ledger->services, service->key, length, hash, service);
	}
	return service;
}

static bool is_before(const struct claimant *a, const struct claimant *b)
{
	if (a->is_cluster_ip != b->is_cluster_ip)
		return a->is_cluster_ip;
	if (a->service->created != b->service->created)
		return a->service->created < b->service->created;
	return strcmp(a->service->key, b->service->key) < 0;
}

const struct claimant *ledger_claims_winner(struct server_entry *entry)
{
	const struct claimant *claimants = ledger_servers_claimants(entry), *winner = NULL;

	for (uint32_t i = 0; i < entry->claimant_count; i++)
		if (!winner || is_before(&claimants[i], winner))
			winner = &claimants[i];
	return winner;
}

static void mark_element_dirty(struct ledger *ledger, struct element_entry *entry)
{
	ledger->unsettled_count += !entry->is_dirty;
	ledger_elements_mark_dirty(&ledger->elements, entry);
}

static void mark_server_dirty(struct ledger *ledger, struct server_entry *entry)
{
	ledger->unsettled_count += !entry->is_dirty;
	ledger_servers_mark_dirty(&ledger->servers, entry);
}

void ledger_claims_claim_element(struct ledger *ledger, const struct set_member *value)
{
	struct element_entry *entry = ledger_elements_get(&ledger->elements, value);

	if (entry->claims++ == 0)
		mark_element_dirty(ledger, entry);
}

void ledger_claims_withdraw_element(struct ledger *ledger, const struct set_member *value)
{
	struct element_entry *entry = ledger_elements_find(&ledger->elements, value);

	if (--entry->claims == 0)
		mark_element_dirty(ledger, entry);
}

typedef void visit_element(struct ledger *ledger, const struct set_member *value);

/* Return: how many members @range had */
static size_t each_member(struct ledger *ledger, const struct service_state *state,
			  struct member_range range, visit_element *visit)
{
	struct set_member member;
	size_t count = 0;

	for (; service_state_next_member(state, &range, &member); count++)
		visit(ledger, &member);
	return count;
}

static struct claimant *find_claimant(struct server_entry *entry,
				      const struct service_entry *service)
{
	struct claimant *claimants = ledger_servers_claimants(entry);

	for (uint32_t i = 0; i < entry->claimant_count; i++)
		if (claimants[i].service == service)
			return &claimants[i];
	return NULL;
}

static void doubt_member(struct ledger *ledger, const struct set_member *member)
{
	struct element_entry *entry = ledger_elements_find(&ledger->elements, member);

	if (entry && entry->is_held && !entry->claims)
		mark_element_dirty(ledger, entry);
}

static void doubt(struct ledger *ledger, const struct virtual_server_key *key, enum set_kind kind)
{
	struct set_member member = service_state_member(key, kind);

	doubt_member(ledger, &member);
}

/*
 * What an agent before this one left in sets about the virtual server, and its Service no longer
 * wants, goes in the batch in which the Service gets what it wants instead: an exemption from
 * masquerading, say, goes before destinations on other nodes come. The sweep would be too late.
 * Allowed sources, which may be many, follow as those of @claiming.
 */
static void doubt_leftovers(struct ledger *ledger, struct claiming *claiming,
			    const struct wanted_server *wanted)
{
	static const enum set_kind kinds[] = {
		SET_KIND_LOAD_BALANCER_FIREWALL,
		SET_KIND_CLUSTER_IP,
		SET_KIND_EXTERNAL_IP,
		SET_KIND_EXTERNAL_IP_LOCAL,
		SET_KIND_LOAD_BALANCER,
		SET_KIND_LOAD_BALANCER_LOCAL,
		SET_KIND_NO_ENDPOINT,
		SET_KIND_NO_LOCAL,
		SET_KIND_IN_CLUSTER,
	};
	const struct virtual_server_key *key = &wanted->server.key;

	if (ledger->is_sweeping || key->client_scope != CLIENT_SCOPE_ANY)
		return;
	for (size_t i = 0; i < COUNT(kinds); i++)
		doubt(ledger, key, kinds[i]);
	claiming->sources = ledger_sources_take(&ledger->sources, key);
	if (wanted->origin != ADDRESS_ORIGIN_NODE_PORT)
		return;
	if (key->protocol == IPPROTO_TCP)
		doubt(ledger, key, SET_KIND_NODE_PORT_LOCAL_TCP);
	else if (key->protocol == IPPROTO_UDP)
		doubt(ledger, key, SET_KIND_NODE_PORT_LOCAL_UDP);
	else
		doubt(ledger, key, SET_KIND_NODE_PORT_LOCAL_SCTP);
}

/* Return: whether the members of the server count, and are to be visited, too */
static bool claim_server(struct ledger *ledger, struct claiming *claiming,
			 const struct service_state *after, uint32_t index)
{
	const struct wanted_server *wanted = &after->servers[index];
	struct server_entry *entry = ledger_servers_get(&ledger->servers, &wanted->server.key);
	struct claimant *known = find_claimant(entry, claiming->service);
	const struct claimant claimant = {.service = claiming->service,
					  .index = index & INT32_MAX,
					  .is_cluster_ip =
						  wanted->origin == ADDRESS_ORIGIN_CLUSTER_IP};

	if (known)
		*known = claimant;
	else
		ledger_servers_add_claimant(&ledger->servers, entry, claimant);
	doubt_leftovers(ledger, claiming, wanted);
	mark_server_dirty(ledger, entry);
	ledger->unsettled_count += wanted->destination_count;
	/* Where there were others, it is for settling to say whose members count. */
	if (!known && entry->claimant_count == 1)
		entry->member_owner = claiming->service;
	return entry->member_owner == claiming->service;
}

/* Whether the new state has this server, too: then its claim is of the new state already. */
static bool is_kept(const struct claiming *claiming, const struct claimant *claimant,
		    const struct virtual_server_key *key)
{
	const struct service_state *after = claiming->after;

	return claimant->index < after->server_count &&
	       memcmp(&after->servers[claimant->index].server.key, key, sizeof(*key)) == 0;
}

/* Return: as claim_server() */
static bool withdraw_server(struct ledger *ledger, struct claiming *claiming,
			    const struct service_state *before, uint32_t index)
{
	const struct wanted_server *wanted = &before->servers[index];
	struct server_entry *entry = ledger_servers_find(&ledger->servers, &wanted->server.key);
	struct claimant *claimant = find_claimant(entry, claiming->service);
	bool is_owner = entry->member_owner == claiming->service;

	if (!is_kept(claiming, claimant, &wanted->server.key)) {
		ledger_servers_remove_claimant(
			&ledger->servers, entry,
			(uint32_t)(claimant - ledger_servers_claimants(entry)));
		mark_server_dirty(ledger, entry);
		/* The next in line gets it when this is settled. */
		if (is_owner)
			entry->member_owner = NULL;
	}
	return is_owner;
}

size_t ledger_claims_settle_owner(struct ledger *ledger, struct server_entry *entry)
{
	const struct claimant *winner = ledger_claims_winner(entry);
	struct service_entry *service = winner ? winner->service : NULL;
	struct service_entry *owner = entry->member_owner;
	size_t count = 1 + entry->claimant_count / 4;
	const struct claimant *former;

	if (service == owner)
		return count;
	if (service)
		count += each_member(
			ledger, service->state,
			service_state_members_of(&service->state->servers[winner->index]),
			ledger_claims_claim_element);
	if (owner) {
		former = find_claimant(entry, owner);
		count +=
			each_member(ledger, owner->state,
				    service_state_members_of(&owner->state->servers[former->index]),
				    ledger_claims_withdraw_element);
	}
	entry->member_owner = service;
	return count;
}

static void begin_phase(struct claiming *claiming, const struct service_state *state)
{
	claiming->server = 0;
	claiming->members = (struct member_range){0, 0};
	claiming->free = service_state_free_members(state);
	claiming->address = 0;
}

void ledger_claims_begin(struct ledger *ledger, const char *key, int64_t created,
			 struct service_state *state)
{
	struct service_entry *service = get_service(ledger, key);
	struct claiming *claiming = memory_allocate(sizeof(*claiming));

	service->created = created;
	claiming->service = service;
	claiming->before = service->state;
	claiming->after = state ? state : service_state_pack(memory_allocate(sizeof(*state)));
	begin_phase(claiming, claiming->after);
	ledger->claiming = claiming;
}

typedef bool visit_server(struct ledger *ledger, struct claiming *claiming,
			  const struct service_state *state, uint32_t index);

static void visit_members(struct ledger *ledger, const struct service_state *state,
			  struct member_range *range, size_t *budget, visit_element *visit)
{
	struct set_member member;

	for (; *budget && service_state_next_member(state, range, &member); --*budget)
		visit(ledger, &member);
}

static void doubt_sources(struct ledger *ledger, struct left_source **sources, size_t *budget)
{
	struct set_member member;

	for (; *budget && ledger_sources_next(sources, &member); --*budget)
		doubt_member(ledger, &member);
}

/* Servers with the members that count, which may be many of one; then what belongs to none. */
static void run_servers(struct ledger *ledger, const struct service_state *state, size_t *budget,
			visit_server *visit, visit_element *visit_member)
{
	struct claiming *claiming = ledger->claiming;

	for (;;) {
		visit_members(ledger, state, &claiming->members, budget, visit_member);
		doubt_sources(ledger, &claiming->sources, budget);
		if (!*budget || claiming->server == state->server_count)
			return;
		if (visit(ledger, claiming, state, claiming->server))
			claiming->members =
				service_state_members_of(&state->servers[claiming->server]);
		claiming->server++;
		--*budget;
	}
}

/* Return: whether all that @state has was visited */
static bool run_phase(struct ledger *ledger, const struct service_state *state, size_t *budget,
		      visit_server *visit, visit_element *visit_member)
{
	struct claiming *claiming = ledger->claiming;
	struct set_member member;

	run_servers(ledger, state, budget, visit, visit_member);
	visit_members(ledger, state, &claiming->free, budget, visit_member);
	for (; *budget && claiming->address < state->address_count; claiming->address++) {
		member = ledger_elements_of_address(&state->addresses[claiming->address]);
		visit_member(ledger, &member);
		--*budget;
	}
	return claiming->server == state->server_count && !claiming->sources &&
	       claiming->members.at == claiming->members.end &&
	       claiming->free.at == claiming->free.end && claiming->address == state->address_count;
}

static void end_claiming(struct ledger *ledger)
{
	struct claiming *claiming = take(&ledger->claiming);
	struct service_entry *service = claiming->service;

	ledger->object_count += service->state->object_count;
	if (claiming->before)
		ledger->object_count -= claiming->before->object_count;
	ledger_shortage_follow(ledger, service->key, service->state->is_node_full);
	service_state_free(claiming->before);
	if (service_state_is_empty(service->state))
		drop_service(ledger, service);
	free(claiming);
}

bool ledger_claims_step(struct ledger *ledger, size_t *budget)
{
	struct claiming *claiming = ledger->claiming;

	if (claiming->phase == PHASE_CLAIM) {
		if (!run_phase(ledger, claiming->after, budget, claim_server,
			       ledger_claims_claim_element))
			return false;
		claiming->phase = PHASE_WITHDRAW;
		claiming->service->state = claiming->after;
		begin_phase(claiming, claiming->before ? claiming->before : &nothing);
	}
	if (!run_phase(ledger, claiming->before ? claiming->before : &nothing, budget,
		       withdraw_server, ledger_claims_withdraw_element))
		return false;
	end_claiming(ledger);
	return true;
}
