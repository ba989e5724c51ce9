/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_VERIFIER_H
#define AGENT_VERIFIER_H

#include "health.h"
#include "sync.h"

/**
 * struct traffic_observer - gets what the virtual servers have had, along with each verification
 * @is_wanted:  whether it wants to know this time; the rest is only called if it does
 * @begin:      all virtual servers are about to be read; it may begin again before the end
 * @observe:    one of them
 * @end:        all of them were read
 */
struct traffic_observer {
	void *owner;
	bool (*is_wanted)(void *owner);
	void (*begin)(void *owner);
	void (*observe)(void *owner, const struct virtual_server_key *server,
			const struct ipvs_traffic *traffic);
	void (*end)(void *owner);
};

/**
 * struct verifier - reads what the kernel holds, at the start and then periodically
 *
 * One facility after the other, large dumps in slices between loop turns. The first time it only
 * teaches the ledger; later it repairs what others changed. A dump that fails changes nothing and
 * is tried again.
 */
struct verifier;

/**
 * verifier_new() - starts with the first observation on the next loop turn
 * @traffic:      copied
 * @period:       seconds between two verifications
 * @on_observed:  after each complete observation; @is_first tells the one at the start
 */
struct verifier *verifier_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			      const struct traffic_observer *traffic, double period,
			      void (*on_observed)(void *owner, bool is_first), void *owner);
void verifier_free(struct verifier *verifier);

/** verifier_set_period() - seconds between two verifications, from now on */
void verifier_set_period(struct verifier *verifier, double period);

/** verifier_hurry() - verify @facility soon, because somebody changed it */
void verifier_hurry(struct verifier *verifier, enum facility facility);

/** verifier_tell_times() - put into @health what the last complete verification took */
void verifier_tell_times(const struct verifier *verifier, struct agent_health *health);

#endif
