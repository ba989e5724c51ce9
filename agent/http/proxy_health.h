/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PROXY_HEALTH_H
#define AGENT_PROXY_HEALTH_H

#include "lib/base/ip_family.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * enum proxy_part - what has to follow changes in time
 *   OBJECTS  Services and endpoints as IPVS, ipset and the dummy interface know them
 *   RULES    the iptables rules
 */
enum proxy_part { PROXY_PART_OBJECTS, PROXY_PART_RULES };
#define PROXY_PART_COUNT (PROXY_PART_RULES + 1)

/**
 * struct proxy_part_health - one part of one IP family
 * @has_updated:    it has been up to date once; before, it is healthy as it starts up
 * @last_updated:   when it was up to date last
 * @updated_at:     the same as a date, in seconds since 1970, for people
 * @pending_since:  when the oldest change came that it has not followed yet; 0 = none
 */
struct proxy_part_health {
	bool has_updated;
	uint64_t last_updated;
	double updated_at;
	uint64_t pending_since;
};

/**
 * struct proxy_health - whether this proxy keeps up, for probes and load balancers
 * @timeout:      milliseconds that a change may wait; kube-proxy's is twice the sync period
 * @is_eligible:  the Node is known, and neither being deleted nor about to be drained, as far as is
 *                known; one that is gone counts as it was last
 * @lost_since:   when the agent lost touch with the kernel; 0 = it has not
 *
 * A value that reads no clock: times are milliseconds, of any clock that does not jump.
 * Source: kube-proxy 1.36 pkg/proxy/healthcheck/proxy_health.go, where the proxier of each IP
 * family is one part; pkg/proxy/node.go for a Node that is gone.
 */
struct proxy_health {
	uint64_t timeout;
	bool is_eligible;
	struct proxy_part_health parts[IP_FAMILY_COUNT][PROXY_PART_COUNT];
	uint64_t lost_since;
};

/* So long the kernel may be lost: what fails once and then works is nobody's concern. */
#define PROXY_HEALTH_LOST_MILLISECONDS 3000

/** proxy_health_init() - @period: seconds between two verifications */
void proxy_health_init(struct proxy_health *health, double period);

/** proxy_health_set_period() - another one from now on */
void proxy_health_set_period(struct proxy_health *health, double period);

/** proxy_health_queued() - there is a change that @part of @families (bits) has to follow */
void proxy_health_queued(struct proxy_health *health, enum proxy_part part, unsigned int families,
			 uint64_t now);

/** proxy_health_is_queued() - whether all of @families have such a change already */
bool proxy_health_is_queued(const struct proxy_health *health, enum proxy_part part,
			    unsigned int families);

/** proxy_health_updated() - @part of @families has followed all changes; @wall is @now as a date */
void proxy_health_updated(struct proxy_health *health, enum proxy_part part, unsigned int families,
			  uint64_t now, double wall);

/** proxy_health_forget() - @families (bits) are off on this node, as if they had never been programmed */
void proxy_health_forget(struct proxy_health *health, unsigned int families);

/** proxy_health_set_lost() - IPVS, ipset or the dummy interface cannot be reached, or can again */
void proxy_health_set_lost(struct proxy_health *health, bool is_lost, uint64_t now);

/**
 * proxy_health_is_healthy() - whether no part is late, and the kernel not lost; says nothing about
 * the Node
 * @last_updated:  if not: when the late part was up to date last, or the kernel was lost; else @now;
 *                 may be NULL
 */
bool proxy_health_is_healthy(const struct proxy_health *health, uint64_t now,
			     uint64_t *last_updated);

/** proxy_health_is_alive() - the same for those who restart the agent if not: against a kernel that
 *  is lost that does not help */
bool proxy_health_is_alive(const struct proxy_health *health, uint64_t now, uint64_t *last_updated);

/**
 * struct family_health - one IP family
 * @is_healthy:  no part is late, nor the kernel lost
 * @updated_at:  the date at which it was up to date last
 */
struct family_health {
	bool is_healthy;
	double updated_at;
};

/**
 * proxy_health_look() - @family as of @now; @is_liveness: as proxy_health_is_alive()
 * Return: false while the family has not been programmed
 */
bool proxy_health_look(const struct proxy_health *health, enum ip_family family, uint64_t now,
		       bool is_liveness, struct family_health *ret);

#endif
