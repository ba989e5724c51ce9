/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_H
#define PLAN_LEDGER_H

#include "changes.h"
#include "ledger_types.h"
#include "lib/base/address.h"
#include "service_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ledger - who claims each kernel object, and what the kernel holds
 *
 * Services claim virtual servers, set members and addresses; claims are counted, so what two
 * Services want stays until both are gone. When two claim the same virtual server, one of them
 * wins (see ledger_claims.h); the loser inherits when the winner goes.
 *
 * Emitting a change records it as done; ledger_report() takes that back for those that failed and
 * remembers the object for another try. Pure: times are given by the caller, in milliseconds of
 * any clock that does not jump.
 *
 * A virtual server that nobody claims any more is removed, and its connections end with it. One for
 * clients in the cluster whose address and port are still claimed for everybody drains first: its
 * connections lead to endpoints that their clients may go on using.
 *
 * Observation, draining, former VIPs and conflicts: ledger_observe.h, ledger_drain.h, ledger_former.h,
 * ledger_conflicts.h.
 */
struct ledger;

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
 * ledger_replace_begin() - a Service wants @state from now on
 * @key:      "namespace/name"
 * @created:  creationTimestamp, decides conflicts
 * @state:    taken over; NULL or an empty state withdraws all claims
 *
 * Carried out by ledger_replace_step(), and only then may anything be settled or another Service be
 * replaced. Visits the objects of the old and the new state, nothing else.
 */
void ledger_replace_begin(struct ledger *ledger, const char *key, int64_t created,
			  struct service_state *state);

/**
 * ledger_replace_step() - go on with it
 * @budget:  about how many objects are visited; what was used is taken off
 * Return: whether that was the end
 */
bool ledger_replace_step(struct ledger *ledger, size_t *budget);

/** ledger_replace() - both in one go */
void ledger_replace(struct ledger *ledger, const char *key, int64_t created,
		    struct service_state *state);

/** ledger_object_count() - how many objects all Services want, as of service_state.object_count,
 *  but the one with the key @but; NULL: none */
size_t ledger_object_count(const struct ledger *ledger, const char *but);

/** ledger_unsettled_count() - about how many changes ledger_settle() may emit, to end a batch in
 * time */
size_t ledger_unsettled_count(const struct ledger *ledger);

/**
 * ledger_settle_step() - go on with what all replaced Services since the last time together make
 * necessary
 * @budget:   about how many objects are visited; what was used is taken off
 * @changes:  appended, not sorted
 * Return: whether that was the end; until then nothing may be replaced, observed or drained
 *
 * Each object is looked at once, however many Services gained or lost interest in it: what one
 * Service leaves and another takes over within a batch is not removed in between.
 */
bool ledger_settle_step(struct ledger *ledger, size_t *budget, uint64_t now,
			struct changes *changes);

/** ledger_settle() - all of it in one go */
void ledger_settle(struct ledger *ledger, uint64_t now, struct changes *changes);

/** ledger_state() - what the Service wanted last; NULL if nothing is known of it */
const struct service_state *ledger_state(const struct ledger *ledger, const char *key);

/**
 * ledger_sweep() - from now on remove what is ours but claimed by nobody
 *
 * Called once, after every Service has been planned for the first time. Members that say something
 * about a virtual server do not wait for this once a Service claims that, and not them: they go when
 * that is settled.
 */
void ledger_sweep(struct ledger *ledger, uint64_t now, struct changes *changes);

/**
 * ledger_report() - the outcome of all changes that were emitted since the last report
 *
 * Objects that ledger_retry() tried and that do not fail here again are no longer failed.
 */
void ledger_report(struct ledger *ledger, const struct change *changes, size_t count, uint64_t now);

/**
 * ledger_report_part(), ledger_report_end() - the same in steps: any part of the changes at a time;
 * after the last one, the end until it is true
 * @budget:  about how many objects are visited; what was used is taken off
 */
void ledger_report_part(struct ledger *ledger, const struct change *changes, size_t count,
			uint64_t now);
bool ledger_report_end(struct ledger *ledger, size_t *budget);

/**
 * ledger_retry() - try failed objects whose time has come
 * @limit:  about how many objects and changes; of the rest the time has still come
 * Return: how many objects that were
 */
size_t ledger_retry(struct ledger *ledger, uint64_t now, size_t limit, struct changes *changes);

/** ledger_next_retry() - when ledger_retry() has work; UINT64_MAX = never */
uint64_t ledger_next_retry(const struct ledger *ledger);

/** ledger_failed_count() - objects that wait for another try */
size_t ledger_failed_count(const struct ledger *ledger);

/** ledger_claim() - the fate of state->servers[index] of Service @key */
void ledger_claim(const struct ledger *ledger, const char *key, size_t index,
		  struct claim_report *ret);

/** ledger_each_node_port() - NodePorts of Services, in no order, some more than once */
void ledger_each_node_port(const struct ledger *ledger, void (*visit)(void *owner, uint16_t port),
			   void *owner);

/** ledger_server_owner() - key of the Service that has the virtual server; NULL if nobody wants it;
 *  valid until the next change */
const char *ledger_server_owner(const struct ledger *ledger,
				const struct virtual_server_key *server);

void ledger_count(const struct ledger *ledger, struct ledger_counts *ret);

#endif
