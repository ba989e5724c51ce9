/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_INTERNAL_H
#define PLAN_LEDGER_INTERNAL_H

/* Shared by the files that together are the ledger; nobody else includes this. */

#include "ledger.h"

#include <uthash.h>

/* A weight that no kernel object has: the next reconciliation sets it. */
#define WEIGHT_UNKNOWN UINT16_MAX

/* struct set_member.kind of the unit that stands for an address on the dummy interface. */
#define UNIT_KIND_ADDRESS SET_KIND_COUNT
#define UNIT_KIND_COUNT	  (UNIT_KIND_ADDRESS + 1)

struct service_entry {
	UT_hash_handle hh;
	struct service_state *state;
	int64_t created;
	char key[];
};

/* An object that the kernel refused; a member of ledger->failures. */
struct failure {
	struct failure *previous, *next;
	struct server_entry *server; /* one of the two is set */
	struct unit_entry *unit;
	uint64_t retry_at;
	unsigned int attempts;
	int code;
	bool is_trying;
};

/* @index: which of the Service's wanted servers */
struct claimant {
	struct service_entry *service;
	uint32_t index;
};

/* @drain_deadline: 0 = serving; else when draining ends, in seconds of the caller's clock, plus 1
 */
struct held_destination {
	struct destination destination;
	uint32_t drain_deadline;
};

/* A virtual server with destinations that drain; a member of ledger->draining. @count: of them */
struct draining {
	struct draining *previous, *next;
	struct server_entry *server;
	uint32_t count;
};

/*
 * There is one for each virtual server of the cluster, so what most do not need is elsewhere.
 * @claimant:  where there is only one; see ledger_server_claimants()
 */
struct server_entry {
	UT_hash_handle hh;
	struct draining *draining;  /* NULL: none of its destinations drains */
	struct virtual_server held; /* the key is valid even if nothing is held */
	struct service_entry *tied; /* whose members for this server count; see ledger_claims.c */
	union {
		struct claimant claimant;
		struct claimant *claimants;
	};
	struct held_destination *destinations; /* sorted by destination_compare(); see is_folded */
	struct failure *failure;
	uint32_t claimant_count;
	uint32_t destination_count;
	uint32_t seen; /* ledger->generation when it was last observed or written */
	bool is_held;
	bool is_folded; /* what is held is what its winner wants: @destinations is not kept twice */
	bool is_suspect;   /* observed to differ; reconciled at the end of the observation */
	bool is_touched;   /* in ledger->touched_servers; kept until settled */
	bool is_contested; /* in ledger->contested: has more than one claimant, or had until lately
			    */
	bool is_leaving;   /* its removal was emitted; kept until that is reported */
	bool was_ours;	   /* when the kernel was read first, see ledger_ownership_includes() */
};

/*
 * A set member, or an address on the dummy interface: exists or not, nothing to edit.
 * @value: as of struct packed_member
 */
struct unit_entry {
	UT_hash_handle hh;
	struct failure *failure;
	uint32_t claims;
	uint32_t seen;
	bool is_held;
	bool is_touched; /* in ledger->touched_units; kept until settled */
	uint8_t value[];
};

/*
 * @units: a table for each kind. When a table grows all that is in it is visited at once, so
 * several small ones take less of a slice than one large one.
 */
struct ledger {
	struct ledger_options options;
	struct service_entry *services;
	struct server_entry *servers;
	struct unit_entry *units[UNIT_KIND_COUNT];
	struct draining *draining;
	struct server_entry **touched_servers; /* claims changed since ledger_settle() */
	struct unit_entry **touched_units;
	struct server_entry **contested;
	struct failure *failures;
	struct prefix *excluded;
	size_t excluded_count;
	size_t touched_server_count, touched_server_capacity;
	size_t touched_unit_count, touched_unit_capacity;
	size_t contested_count, contested_capacity;
	size_t unsettled_count;
	uint64_t conflict_version;
	size_t failed_count;
	size_t draining_count;
	size_t held_servers, held_destinations; /* of virtual servers that somebody claims */
	size_t held_members, held_addresses;
	size_t drift;
	uint32_t generation;
	bool is_observed[FACILITY_COUNT]; /* the first observation is over */
	bool is_sweeping;
};

/* ledger_units.c */
struct unit_entry *ledger_unit_find(const struct ledger *ledger, const struct set_member *value);
struct unit_entry *ledger_unit_get(struct ledger *ledger, const struct set_member *value);
struct set_member ledger_unit_of_address(const struct address *address);
/* ledger_unit_of_server() - the member of a set of ADDRESS,PROTOCOL:PORT that stands for a server
 */
struct set_member ledger_unit_of_server(const struct virtual_server_key *key, enum set_kind kind);
void ledger_unit_reconcile(struct ledger *ledger, struct unit_entry *unit, struct changes *changes);
/* ledger_unit_set_held() - what the kernel has, and how many of them */
void ledger_unit_set_held(struct ledger *ledger, struct unit_entry *unit, bool is_held);
void ledger_unit_touch(struct ledger *ledger, struct unit_entry *unit);
void ledger_unit_drop(struct ledger *ledger, struct unit_entry *unit);
void ledger_unit_removed(struct ledger *ledger, const struct change *change);
void ledger_unit_failed(struct ledger *ledger, const struct change *change, uint64_t now);

/* ledger_servers.c */
struct server_entry *ledger_server_find(const struct ledger *ledger,
					const struct virtual_server_key *key);
struct server_entry *ledger_server_get(struct ledger *ledger, const struct virtual_server_key *key);
/* ledger_server_claimants() - claimant_count of them, until one comes or goes */
const struct claimant *ledger_server_claimants(const struct server_entry *entry);
void ledger_server_add_claimant(struct ledger *ledger, struct server_entry *entry,
				struct claimant claimant);
void ledger_server_remove_claimant(struct ledger *ledger, struct server_entry *entry,
				   const struct service_entry *service);
void ledger_server_set_held(struct ledger *ledger, struct server_entry *entry, bool is_held);
const struct claimant *ledger_server_winner(const struct server_entry *entry);
void ledger_server_reconcile(struct ledger *ledger, struct server_entry *entry, uint64_t now,
			     struct changes *changes);
void ledger_server_touch(struct ledger *ledger, struct server_entry *entry);
void ledger_server_drop(struct ledger *ledger, struct server_entry *entry);
void ledger_server_removed(struct ledger *ledger, const struct virtual_server_key *key);
void ledger_server_failed(struct ledger *ledger, const struct change *change, uint64_t now);
void ledger_server_forget_destinations(struct ledger *ledger, struct server_entry *entry);

/* ledger_server_unfold() - before @destinations is looked at, or the claims or a claimant change */
void ledger_server_unfold(struct server_entry *entry);
void ledger_server_fold(struct server_entry *entry);

/* ledger_server_set_destinations() - takes over @destinations; keeps the draining list right */
void ledger_server_set_destinations(struct ledger *ledger, struct server_entry *entry,
				    struct held_destination *destinations, uint32_t count);
/* ledger_server_remove() - of one that nobody claims; its destinations stay known until the report
 * says that it is gone */
void ledger_server_remove(struct server_entry *entry, struct changes *changes);

/* ledger_drain.c */
uint32_t ledger_server_draining_count(const struct server_entry *entry);
/* ledger_server_set_draining() - it has @count draining destinations now */
void ledger_server_set_draining(struct ledger *ledger, struct server_entry *entry, uint32_t count);
/* ledger_sorted_usages() - a copy, by destination_compare(); for the caller to free */
struct destination_usage *ledger_sorted_usages(const struct destination_usage *usages,
					       size_t count);
uint32_t ledger_drain_deadline(const struct ledger *ledger, uint64_t now);

/* ledger_claims.c */
struct service_entry *ledger_service_find(const struct ledger *ledger, const char *key);
void ledger_service_drop(struct ledger *ledger, struct service_entry *service);
void ledger_retie(struct ledger *ledger, struct server_entry *entry);

/* ledger_conflicts.c: when a claim is added, before an entry goes, and when claims have settled */
void ledger_contest_begin(struct ledger *ledger, struct server_entry *entry);
void ledger_contest_end(struct ledger *ledger, struct server_entry *entry);
void ledger_contest_settle(struct ledger *ledger, struct server_entry *entry);

/* ledger.c */
bool ledger_ownership_includes(const struct ledger *ledger, const struct server_entry *entry);
void ledger_fail(struct ledger *ledger, struct server_entry *server, struct unit_entry *unit,
		 int code, uint64_t now);
void ledger_unfail(struct ledger *ledger, struct failure *failure);

#endif
