/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_VERIFIER_H
#define AGENT_VERIFIER_H

#include "health.h"
#include "kernel_reader.h"

/**
 * struct verifier_observer - hears of what the verifier finds
 * @may_begin: whether a verification may begin now; if not, it is asked again soon. NULL = always
 * @observed:  after each observation of all facilities; @is_first tells the one at the start
 * @lost:      a facility cannot be read, or is lost in another way, and @reason says why; "" = it
 *             can be read again. Only told when that changes
 * @replaced:  what a facility held is gone with its module, sysctls included; the ledger learns what
 *             is missing next
 */
struct verifier_observer {
	void *owner;
	bool (*may_begin)(void *owner);
	void (*observed)(void *owner, bool is_first);
	void (*lost)(void *owner, enum facility facility, const char *reason);
	void (*replaced)(void *owner, enum facility facility);
};

/**
 * struct verifier - reads what the kernel holds, at the start and then periodically
 *
 * One facility after the other. The first time it only teaches the ledger; later it repairs what
 * others changed. A facility that cannot be read changes nothing and holds up no other: it is opened
 * again and read after 1 s, 2 s, 4 s and so on, up to half a minute.
 */
struct verifier;

/**
 * verifier_new() - starts with the first observation on the next loop turn
 * @traffic, @observer:  copied
 * @period:              seconds between two verifications
 */
struct verifier *verifier_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			      struct ledger *ledger, const struct traffic_observer *traffic,
			      double period, const struct verifier_observer *observer);
void verifier_free(struct verifier *verifier);

/** verifier_set_period() - seconds between two verifications, from now on */
void verifier_set_period(struct verifier *verifier, double period);

/** verifier_hurry() - verify @facility soon, because somebody changed it */
void verifier_hurry(struct verifier *verifier, enum facility facility);

/** verifier_tell_times() - put into @health what the last complete verification took */
void verifier_tell_times(const struct verifier *verifier, struct agent_health *health);

#endif
