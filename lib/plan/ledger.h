/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_H
#define PLAN_LEDGER_H

#include "changes.h"
#include "desired.h"
#include "lib/base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ledger - who claims each kernel object, and what the kernel holds
 *
 * Services claim virtual servers, set members and addresses; claims are counted, so what two
 * Services want stays until both are gone. When two claim the same virtual server the older
 * Service wins (creationTimestamp, then key); the loser inherits when the winner goes.
 *
 * Emitting a change records it as done; ledger_report() takes that back for those that failed and
 * remembers the object for another try. Pure: times are given by the caller, in milliseconds of
 * any clock that does not jump.
 *
 * A virtual server that nobody claims any more is removed, and its connections end with it. One for
 * clients in the cluster whose address and port are still claimed for everybody drains first: its
 * connections lead to endpoints that their clients may go on using.
 */
struct ledger;

/**
 * struct ledger_options
 * @drain_milliseconds:  how long a destination that lost its endpoint may keep its connections
 * @retry_first_milliseconds, @retry_most_milliseconds:
 *                       wait before a failed object is tried again: doubles from the first to the
 *                       most
 */
struct ledger_options {
	uint64_t drain_milliseconds;
	uint64_t retry_first_milliseconds;
	uint64_t retry_most_milliseconds;
};

struct ledger *ledger_new(const struct ledger_options *options);
void ledger_free(struct ledger *ledger);
AUTO_FREE_DEFINE(ledger);

/** ledger_set_options() - for destinations that begin to drain, and failures, from now on */
void ledger_set_options(struct ledger *ledger, const struct ledger_options *options);

/**
 * ledger_set_excluded() - where virtual servers of others may look like ours
 * @excluded:  --ipvs-exclude-cidrs; copied
 *
 * A virtual server that no Service ever claimed here is a leftover of ours if the dummy interface
 * has its address, or if a set names it (as a NodePort, external or load balancer IP), or did when
 * the kernel was observed first. Those in @excluded, and those by firewall mark, are not.
 */
void ledger_set_excluded(struct ledger *ledger, const struct prefix *excluded, size_t count);

/**
 * ledger_replace() - a Service now wants @state
 * @key:      "namespace/name"
 * @created:  creationTimestamp, decides conflicts
 * @state:    taken over; NULL or an empty state withdraws all claims
 *
 * Only remembers; ledger_settle() says what to do. Visits the objects of the old and the new state,
 * nothing else.
 */
void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state);

/** ledger_unsettled_count() - about how many changes ledger_settle() may emit, to end a slice in
 * time */
size_t ledger_unsettled_count(const struct ledger *ledger);

/**
 * ledger_settle() - what all ledger_replace() since the last call together make necessary
 * @changes:  appended, not sorted
 *
 * Each object is looked at once, however many Services gained or lost interest in it: what one
 * Service leaves and another takes over within a batch is not removed in between.
 */
void ledger_settle(struct ledger *ledger, uint64_t now, struct changes *changes);

/** ledger_state() - what the Service wanted last; NULL if nothing is known of it */
const struct service_state *ledger_state(const struct ledger *ledger, const char *key);

/*
 * Observation: what the kernel really holds. Between _begin and _end for one facility, every
 * object found there is reported; what is held but was not seen, and what differs, is drift.
 */
void ledger_observe_begin(struct ledger *ledger, enum facility facility);
void ledger_observe_server(struct ledger *ledger, const struct virtual_server *server);

/** ledger_observe_destinations() - all destinations of one server at once, in any order */
void ledger_observe_destinations(struct ledger *ledger, const struct virtual_server_key *server,
				 const struct destination_usage *usages, size_t count);
void ledger_observe_member(struct ledger *ledger, const struct set_member *member);
void ledger_observe_address(struct ledger *ledger, const struct address *address);

/**
 * ledger_observe_end() - compare with what should be
 * @changes:  the repairs are appended
 * Return: how many objects differed from what the ledger believed; 0 on the first observation,
 * which only teaches
 */
size_t ledger_observe_end(struct ledger *ledger, enum facility facility, uint64_t now,
			  struct changes *changes);

/**
 * ledger_sweep() - from now on remove what is ours but claimed by nobody
 *
 * Called once, after every Service has been planned for the first time.
 */
void ledger_sweep(struct ledger *ledger, uint64_t now, struct changes *changes);

/**
 * ledger_report() - the outcome of all changes that were emitted since the last report
 *
 * Objects that ledger_retry() tried and that do not fail here again are no longer failed.
 */
void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now);

/** ledger_retry() - try failed objects whose time has come; Return: how many objects that were */
size_t ledger_retry(struct ledger *ledger, uint64_t now, struct changes *changes);

/** ledger_next_retry() - when ledger_retry() has work; UINT64_MAX = never */
uint64_t ledger_next_retry(const struct ledger *ledger);

/** ledger_failed_count() - objects that wait for another try */
size_t ledger_failed_count(const struct ledger *ledger);

/** ledger_draining_count() - destinations with weight 0 that wait for their connections to end */
size_t ledger_draining_count(const struct ledger *ledger);

/** ledger_each_draining() - every virtual server that has a draining destination, once */
void ledger_each_draining(struct ledger *ledger,
			  void (*visit)(void *user, const struct virtual_server_key *server),
			  void *user);

/**
 * ledger_drain() - look at the connections of a server's draining destinations
 * @usages:  all destinations of the server as just read; removal is appended for those without
 *           connections or past their deadline
 */
void ledger_drain(struct ledger *ledger, const struct virtual_server_key *server,
		  const struct destination_usage *usages, size_t count, uint64_t now,
		  struct changes *changes);

/**
 * enum claim_state - how a Service's wish for one virtual server fares
 *   PROGRAMMED  the kernel holds it
 *   FAILED      the kernel refused it, or one of its destinations; it will be tried again
 *   CONFLICT    an older Service has it
 */
enum claim_state { CLAIM_STATE_PROGRAMMED, CLAIM_STATE_FAILED, CLAIM_STATE_CONFLICT };

/**
 * struct claim_report
 * @winner:     key of the Service that has it, in case of CONFLICT; valid until the next change
 * @code:       negative errno in case of FAILED
 * @draining:   destinations with weight 0
 */
struct claim_report {
	enum claim_state state;
	const char *winner;
	int code;
	uint32_t draining;
};

/** ledger_claim() - the fate of state->servers[index] of Service @key */
void ledger_claim(const struct ledger *ledger, const char *key, size_t index,
		  struct claim_report *ret);

/** struct ledger_conflict - two Services claim @server; the keys are valid until the next change */
struct ledger_conflict {
	const struct virtual_server_key *server;
	const char *winner;
	const char *loser;
};

/** ledger_conflict_version() - another number whenever ledger_each_conflict() may have other news
 */
uint64_t ledger_conflict_version(const struct ledger *ledger);

/** ledger_each_conflict() - every Service that does without a server, in no particular order */
void ledger_each_conflict(const struct ledger *ledger,
			  void (*visit)(void *user, const struct ledger_conflict *conflict),
			  void *user);

/** ledger_member_code() - 0 or the negative errno with which a member or address of the Service
 *  failed */
int ledger_member_code(const struct ledger *ledger, const char *key);

/** struct ledger_counts - for metrics and status */
struct ledger_counts {
	size_t servers;
	size_t destinations;
	size_t members;
	size_t addresses;
};
void ledger_count(const struct ledger *ledger, struct ledger_counts *ret);

/**
 * ledger_copy_count() - destinations that take memory twice, for tests: visits all virtual servers
 *
 * They are kept as held and as wanted where both differ for their virtual server, since some drain
 * or it waits for another try.
 */
size_t ledger_copy_count(const struct ledger *ledger);

#endif
