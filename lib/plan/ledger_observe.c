/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_observe.h"

#include "ledger_reconcile.h"
#include "packed_member.h"
#include "service_state.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <string.h>

static bool is_held(const struct ledger *ledger, const struct set_member *value)
{
	const struct element_entry *entry = ledger_elements_find(&ledger->elements, value);

	return entry && entry->is_held;
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
		struct set_member member = service_state_member(key, kinds[i]);

		if (is_held(ledger, &member))
			return true;
	}
	return false;
}

bool ledger_observe_ownership_includes(const struct ledger *ledger,
				       const struct server_entry *entry)
{
	const struct virtual_server_key *key = &entry->held.key;
	struct set_member bound = ledger_elements_of_address(&key->address);

	/* The kernel backend knows these by a set of ours. */
	if (key->client_scope == CLIENT_SCOPE_IN_CLUSTER)
		return true;
	if (key->firewall_mark)
		return false;
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (prefix_contains(&ledger->excluded[i], &key->address))
			return false;
	/* What tells may go before it does, while Services change during the first pass. */
	return entry->was_ours || ledger_elements_find(&ledger->elements, &bound) ||
	       sets_name(ledger, key);
}

/* Where the kernel refused a change it is unknown what there is: that is nobody else's doing. */
static bool is_failed(const struct ledger *ledger, const struct server_entry *entry)
{
	return ledger_failures_of_server(&ledger->failures, &entry->held.key);
}

static bool is_untold(const struct ledger *ledger, const struct server_entry *entry)
{
	return entry->state == SERVER_STATE_HELD && entry->seen != ledger->generation;
}

static void observe_end_server(struct ledger *ledger, struct server_entry *entry, uint64_t now,
			       struct changes *changes)
{
	bool is_claimed = entry->claimant_count > 0;

	if (is_untold(ledger, entry)) {
		ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_ABSENT);
		entry->is_suspect = true;
		ledger->drift += is_claimed && !is_failed(ledger, entry);
		ledger_servers_set_destinations(&ledger->servers, entry, NULL, 0);
	}
	if (!ledger->is_observed[FACILITY_IPVS]) {
		entry->was_ours = ledger_observe_ownership_includes(ledger, entry);
		return;
	}
	if (!entry->is_suspect)
		return;
	if (is_claimed) {
		ledger_reconcile_server(ledger, entry, now, changes);
	} else if (entry->state != SERVER_STATE_HELD) {
		ledger_reconcile_drop_server(ledger, entry);
	} else if (ledger->is_sweeping && ledger_observe_ownership_includes(ledger, entry)) {
		ledger->drift += !is_failed(ledger, entry);
		ledger_reconcile_server(ledger, entry, now, changes);
	}
}

static void observe_end_servers(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct server_entry *entry, *next;

	SHARDS_EACH (ledger->servers.table, entry, next) {
		observe_end_server(ledger, entry, now, changes);
	}
}

static bool waits_for_retry(const struct ledger *ledger, const struct element_entry *entry)
{
	struct set_member value = packed_member_value(entry->value);

	return entry->is_held != (entry->claims > 0) &&
	       ledger_failures_of_element(&ledger->failures, &value);
}

static void observe_end_element(struct ledger *ledger, struct element_entry *entry,
				bool is_observed, struct changes *changes)
{
	if (entry->is_held && entry->seen != ledger->generation) {
		ledger_elements_set_held(&ledger->elements, entry, false);
		ledger->drift += entry->claims > 0;
	}
	if (!is_observed || waits_for_retry(ledger, entry))
		return;
	if (entry->claims || !entry->is_held) {
		ledger_reconcile_element(ledger, entry, changes);
	} else if (ledger->is_sweeping) {
		ledger->drift++;
		ledger_reconcile_element(ledger, entry, changes);
	}
}

static void observe_end_elements(struct ledger *ledger, enum facility facility,
				 struct changes *changes)
{
	bool is_observed = ledger->is_observed[facility];
	struct element_entry *entry, *next;

	for (size_t kind = 0; kind < ELEMENT_KIND_COUNT; kind++) {
		if ((kind == ELEMENT_KIND_ADDRESS) != (facility == FACILITY_LINK))
			continue;
		SHARDS_EACH (ledger->elements.tables[kind], entry, next) {
			observe_end_element(ledger, entry, is_observed, changes);
		}
	}
}

void ledger_observe_begin(struct ledger *ledger, enum facility facility)
{
	(void)facility;
	ledger->generation++;
	ledger->drift = 0;
}

size_t ledger_observe_end(struct ledger *ledger, enum facility facility, uint64_t now,
			  struct changes *changes)
{
	bool is_first = !ledger->is_observed[facility];

	if (facility == FACILITY_IPVS)
		observe_end_servers(ledger, now, changes);
	else
		observe_end_elements(ledger, facility, changes);
	ledger->is_observed[facility] = true;
	return is_first ? 0 : ledger->drift;
}

bool ledger_observe_is_first(const struct ledger *ledger, enum facility facility)
{
	return !ledger->is_observed[facility];
}

struct server_keys {
	struct virtual_server_key *items;
	size_t count, capacity;
};

static void add_key(struct server_keys *keys, const struct virtual_server_key *key)
{
	keys->items = memory_grow(keys->items, keys->count, &keys->capacity, sizeof(*keys->items));
	keys->items[keys->count++] = *key;
}

/* Most virtual servers are named by a set with address and port; NodePorts are not. */
static void add_untold_of_set(const struct ledger *ledger, enum set_kind kind,
			      struct server_keys *keys)
{
	const struct element_entry *element, *next;

	SHARDS_EACH (ledger->elements.tables[kind], element, next) {
		struct set_member member = packed_member_value(element->value);
		const struct server_entry *entry;
		struct virtual_server_key key = service_state_server_of(&member);

		if (kind == SET_KIND_IN_CLUSTER)
			key.client_scope = CLIENT_SCOPE_IN_CLUSTER;
		entry = ledger_servers_find(&ledger->servers, &key);
		if (element->is_held && (!entry || entry->seen != ledger->generation))
			add_key(keys, &key);
	}
}

size_t ledger_observe_untold_servers(const struct ledger *ledger, struct virtual_server_key **ret)
{
	static const enum set_kind naming[] = {SET_KIND_CLUSTER_IP, SET_KIND_EXTERNAL_IP,
					       SET_KIND_EXTERNAL_IP_LOCAL, SET_KIND_LOAD_BALANCER,
					       SET_KIND_IN_CLUSTER};
	struct server_keys keys = {0};
	const struct server_entry *entry, *next;

	SHARDS_EACH (ledger->servers.table, entry, next) {
		if (is_untold(ledger, entry))
			add_key(&keys, &entry->held.key);
	}
	for (size_t i = 0; i < COUNT(naming) && !ledger->is_observed[FACILITY_IPVS]; i++)
		add_untold_of_set(ledger, naming[i], &keys);
	*ret = keys.items;
	return keys.count;
}

bool ledger_observe_server(struct ledger *ledger, const struct virtual_server *server)
{
	struct server_entry *entry = ledger_servers_get(&ledger->servers, &server->key);
	bool is_held = entry->state == SERVER_STATE_HELD;
	bool is_first_word = entry->seen != ledger->generation;
	bool is_unknown;

	entry->seen = ledger->generation;
	if (is_held && virtual_server_is_equal(&entry->held, server))
		return is_first_word;
	/* What is left by an edit that the kernel refused, of one that nobody wants any more. */
	is_unknown = is_held && !entry->claimant_count && !*entry->held.scheduler;
	entry->held = *server;
	if (is_unknown)
		return is_first_word;
	ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_HELD);
	entry->is_suspect = true;
	ledger->drift += entry->claimant_count > 0 && !is_failed(ledger, entry);
	return is_first_word;
}

/* Of those that begin to drain the reconciliation knows whether they are ours. */
static void keep_drain_deadlines(const struct server_entry *entry, struct held_destination *actual,
				 size_t count)
{
	uint32_t h = 0;

	for (size_t i = 0; i < count; i++) {
		int order = -1;

		while (h < entry->destination_count) {
			order = destination_compare(&entry->destinations[h].destination,
						    &actual[i].destination);
			if (order >= 0)
				break;
			h++;
		}
		if (order != 0)
			continue;
		actual[i].drain_deadline = entry->destinations[h].drain_deadline;
		actual[i].drain_seconds = entry->destinations[h].drain_seconds;
	}
}

void ledger_observe_destinations(struct ledger *ledger, const struct virtual_server_key *server,
				 const struct destination_usage *usages, size_t count)
{
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	auto_memory struct destination_usage *sorted = NULL;
	struct held_destination *actual;
	bool is_same;

	if (!entry || entry->state != SERVER_STATE_HELD)
		return;
	sorted = destination_usages_sorted(usages, count);
	actual = memory_array(count, sizeof(*actual));
	is_same = count == entry->destination_count;
	for (size_t i = 0; i < count; i++) {
		actual[i].destination = sorted[i].destination;
		if (sorted[i].forwarding_method != IP_VS_CONN_F_MASQ)
			actual[i].destination.weight = WEIGHT_UNKNOWN;
		if (is_same && memcmp(&actual[i].destination, &entry->destinations[i].destination,
				      sizeof(actual[i].destination)) != 0)
			is_same = false;
	}
	if (is_same) {
		free(actual);
		return;
	}
	keep_drain_deadlines(entry, actual, count);
	ledger_servers_set_destinations(&ledger->servers, entry, actual, (uint32_t)count);
	entry->is_suspect = true;
	ledger->drift += entry->claimant_count > 0 && !is_failed(ledger, entry);
}

static void observe_element(struct ledger *ledger, const struct set_member *value)
{
	struct element_entry *entry = ledger_elements_get(&ledger->elements, value);

	if (!entry->is_held && !entry->claims && !ledger->is_sweeping &&
	    set_kind_is_allowed_source(value->kind))
		ledger_sources_add(&ledger->sources, value);
	ledger_elements_set_held(&ledger->elements, entry, true);
	entry->seen = ledger->generation;
}

void ledger_observe_member(struct ledger *ledger, const struct set_member *member)
{
	observe_element(ledger, member);
}

void ledger_observe_address(struct ledger *ledger, const struct address *address)
{
	struct set_member value = ledger_elements_of_address(address);

	observe_element(ledger, &value);
}
