/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PROXY_HEALTH_H
#define AGENT_PROXY_HEALTH_H

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
 * struct proxy_health - whether this proxy keeps up, for probes and load balancers
 * @timeout:         milliseconds that a change may wait; kube-proxy's is twice the sync period
 * @is_eligible:     the Node is neither being deleted nor about to be drained
 * @has_updated:     the part has been up to date once; before, it is healthy as it starts up
 * @last_updated:    when the part was up to date last
 * @lost_since:      when the agent lost touch with the kernel; 0 = it has not
 * @pending_since:   when the oldest change came that the part has not followed yet; 0 = none
 *
 * A value that reads no clock: times are milliseconds, of any clock that does not jump.
 * Source: kube-proxy 1.32 pkg/proxy/healthcheck/proxy_health.go
 */
struct proxy_health {
	uint64_t timeout;
	bool is_eligible;
	bool has_updated[PROXY_PART_COUNT];
	uint64_t last_updated[PROXY_PART_COUNT];
	uint64_t lost_since;
	uint64_t pending_since[PROXY_PART_COUNT];
};

/* So long the kernel may be lost: what fails once and then works is nobody's concern. */
#define PROXY_HEALTH_LOST_MILLISECONDS 3000

/** proxy_health_init() - @period: seconds between two verifications */
void proxy_health_init(struct proxy_health *health, double period);

/** proxy_health_set_period() - another one from now on */
void proxy_health_set_period(struct proxy_health *health, double period);

/** proxy_health_queued() - there is a change that @part has to follow */
void proxy_health_queued(struct proxy_health *health, enum proxy_part part, uint64_t now);

/** proxy_health_updated() - @part has followed all changes */
void proxy_health_updated(struct proxy_health *health, enum proxy_part part, uint64_t now);

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

#endif
