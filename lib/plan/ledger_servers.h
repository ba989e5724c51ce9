/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_SERVERS_H
#define PLAN_LEDGER_SERVERS_H

#include "proxy_state.h"

#include "lib/base/shards.h"
#include <stdbool.h>

/* A weight that no kernel object has: the next reconciliation sets it. */
#define WEIGHT_UNKNOWN UINT16_MAX

#define DRAIN_SECONDS_UNKNOWN UINT16_MAX

struct service_entry;

/**
 * struct claimant - a Service that wants a virtual server; for ledger_claims.h to understand
 * @index:          which of the Service's wanted servers
 * @is_cluster_ip:  the address is the Service's ClusterIP
 */
struct claimant {
	struct service_entry *service;
	uint32_t index : 31;
	uint32_t is_cluster_ip : 1;
};

/**
 * struct held_destination
 * @drain_seconds:   from when draining began until it ends; DRAIN_SECONDS_UNKNOWN if that is more
 * @drain_deadline:  0 = serving; else when draining ends, in seconds of the caller's clock, plus 1
 */
struct held_destination {
	struct destination destination;
	uint16_t drain_seconds;
	uint32_t drain_deadline;
};

/** struct draining - of a virtual server with destinations that drain; most have none */
struct draining {
	struct draining *previous, *next;
	struct server_entry *server;
	uint32_t count;
};

/**
 * enum server_state - what the kernel has of a virtual server
 *   ABSENT   nothing, as far as is known. HELD when it is added or observed
 *   HELD     what server_entry.held says, with server_entry.destinations. LEAVING when its removal
 *            is emitted; ABSENT when an observation did not find it, or its addition was refused
 *   LEAVING  nothing soon: its destinations stay known until the report says whether it is gone.
 *            Then ABSENT, or HELD again
 */
enum server_state { SERVER_STATE_ABSENT, SERVER_STATE_HELD, SERVER_STATE_LEAVING };

/**
 * struct server_entry - there is one for each virtual server of the cluster, so what most of them
 * do not need is elsewhere
 * @held:          its key is valid in every state
 * @destinations:  sorted by destination_compare()
 * @draining:      NULL: none of its destinations drains
 * @member_owner:  the Service whose members for this server count; see ledger_claims.h
 * @claimant:      where there is one; see ledger_servers_claimants()
 * @conflict:      its place among the conflicts, from 1; 0: none
 * @seen:          ledger->generation when it was last observed or written
 * @is_suspect:    observed to differ; reconciled at the end of the observation
 * @is_dirty:      in ledger_servers.dirty; kept until settled
 * @was_ours:      when the kernel was read first, see ledger_observe_ownership_includes()
 */
struct server_entry {
	UT_hash_handle hh;
	struct virtual_server held;
	struct held_destination *destinations;
	struct draining *draining;
	struct service_entry *member_owner;
	union {
		struct claimant claimant;
		struct claimant *claimants;
	};
	uint32_t claimant_count;
	uint32_t destination_count;
	uint32_t conflict;
	uint32_t seen;
	enum server_state state;
	bool is_suspect;
	bool is_dirty;
	bool was_ours;
};

/**
 * struct ledger_servers - every virtual server that somebody claims or that the kernel has
 * @draining:           those with destinations that drain
 * @draining_count:     destinations
 * @dirty:              whose claims changed since they were settled
 * @held_count, @held_destination_count:
 *                      of those that somebody claims
 */
struct ledger_servers {
	struct server_entry *table[SHARD_COUNT];
	struct draining *draining;
	struct server_entry **dirty;
	size_t dirty_count, dirty_capacity;
	size_t draining_count;
	size_t held_count, held_destination_count;
};

void ledger_servers_clear(struct ledger_servers *servers);

struct server_entry *ledger_servers_find(const struct ledger_servers *servers,
					 const struct virtual_server_key *key);
/** ledger_servers_get() - find it, or add it, absent and without claims */
struct server_entry *ledger_servers_get(struct ledger_servers *servers,
					const struct virtual_server_key *key);

void ledger_servers_mark_dirty(struct ledger_servers *servers, struct server_entry *entry);

/** ledger_servers_drop() - forget it; not while it is dirty */
void ledger_servers_drop(struct ledger_servers *servers, struct server_entry *entry);

/** ledger_servers_claimants() - claimant_count of them, until one comes or goes */
struct claimant *ledger_servers_claimants(struct server_entry *entry);
void ledger_servers_add_claimant(struct ledger_servers *servers, struct server_entry *entry,
				 struct claimant claimant);

/** ledger_servers_remove_claimant() - the one with number @position; the last takes its place */
void ledger_servers_remove_claimant(struct ledger_servers *servers, struct server_entry *entry,
				    uint32_t position);

void ledger_servers_set_state(struct ledger_servers *servers, struct server_entry *entry,
			      enum server_state state);
uint32_t ledger_servers_draining_count(const struct server_entry *entry);

/** ledger_servers_set_destinations() - takes over @destinations, which may be those it has */
void ledger_servers_set_destinations(struct ledger_servers *servers, struct server_entry *entry,
				     struct held_destination *destinations, uint32_t count);

/** ledger_servers_find_destination() - its position, or where it belongs; the weight does not count
 */
uint32_t ledger_servers_find_destination(const struct server_entry *entry,
					 const struct destination *destination, bool *is_found);
void ledger_servers_insert_destination(struct ledger_servers *servers, struct server_entry *entry,
				       uint32_t position,
				       const struct held_destination *destination);
void ledger_servers_remove_destination(struct ledger_servers *servers, struct server_entry *entry,
				       uint32_t position);

#endif
