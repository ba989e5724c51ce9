/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_CLAIMS_H
#define PLAN_LEDGER_CLAIMS_H

#include "ledger_tables.h"
#include "service_state.h"

/*
 * Claims: which Service wants which objects, and whose wish counts.
 *
 * Elements are counted: one that two Services want stays until both are gone. A virtual server has
 * one winner, since it can only have one scheduler and one set of destinations. The winner is the
 * Service whose ClusterIP the address is; the others named it as an external or load balancer IP,
 * which whoever may write a Service can do with anybody's ClusterIP. Among equals the older Service
 * wins (creationTimestamp, then key). Who loses is told, and inherits when the winner goes.
 *
 * Members that say how one virtual server is to be treated (who may use it, whether its clients are
 * masqueraded, whether those in the cluster have another one) belong to that server, and of the
 * Services that claim it only the winner's count: a loser could otherwise close the winner's
 * address with source ranges of its own. Which Service's they are is server_entry.member_owner. It
 * is set by the first claim; when another Service has become the winner, settling exchanges its
 * members for the new winner's.
 *
 * Replacing what a Service wants goes in slices: first everything new is claimed, then what is no
 * longer wanted is withdrawn. What is wanted before and after never is without a claim, and need
 * not be looked at again. Between two slices the Service is what it was before, until the last new
 * claim is made; then it is what it will be. Both have all their objects in the tables meanwhile,
 * since nothing is dropped before it is settled.
 */

/** struct service_entry - @state: what it wants, not empty */
struct service_entry {
	UT_hash_handle hh;
	struct service_state *state;
	int64_t created;
	char key[];
};

void ledger_claims_clear(struct ledger *ledger);

struct service_entry *ledger_claims_find(const struct ledger *ledger, const char *key);

/** ledger_claims_winner() - of a virtual server; NULL: nobody claims it */
const struct claimant *ledger_claims_winner(struct server_entry *entry);

/** ledger_claims_begin() - a Service wants @state from now on, which is taken over; NULL: nothing */
void ledger_claims_begin(struct ledger *ledger, const char *key, int64_t created,
			 struct service_state *state);

/**
 * ledger_claims_step() - go on with what was begun
 * @budget:  about how many claims are looked at; what was used is taken off
 * Return: whether that was the end
 */
bool ledger_claims_step(struct ledger *ledger, size_t *budget);

/** ledger_claims_claim_element(), ledger_claims_withdraw_element() - one claim more or less, of nobody
 *  in particular */
void ledger_claims_claim_element(struct ledger *ledger, const struct set_member *value);
void ledger_claims_withdraw_element(struct ledger *ledger, const struct set_member *value);

/** ledger_claims_settle_owner() - the winner's members for the server count from now on; Return:
 *  about how many claims were looked at */
size_t ledger_claims_settle_owner(struct ledger *ledger, struct server_entry *entry);

#endif
