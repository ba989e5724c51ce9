/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_VERIFIER_H
#define AGENT_VERIFIER_H

#include "service_traffic.h"
#include "status_report.h"
#include "sync.h"

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
 * @traffic:      gets what the virtual servers have had, while it wants to know
 * @period:       seconds between two verifications
 * @on_observed:  after each complete observation; @is_first tells the one at the start
 */
struct verifier *verifier_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			      struct service_traffic *traffic, double period,
			      void (*on_observed)(void *owner, bool is_first), void *owner);
void verifier_free(struct verifier *verifier);

/** verifier_set_period() - seconds between two verifications, from now on */
void verifier_set_period(struct verifier *verifier, double period);

/** verifier_hurry() - verify @facility soon, because somebody changed it */
void verifier_hurry(struct verifier *verifier, enum facility facility);

/** verifier_tell_times() - put into @health what the last complete verification took */
void verifier_tell_times(const struct verifier *verifier, struct agent_health *health);

#endif
