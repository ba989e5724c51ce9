/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_IPV6_PRESENCE_H
#define AGENT_IPV6_PRESENCE_H

#include "health.h"
#include "rules_keeper.h"
#include "sync.h"

/**
 * enum ipv6_presence_state - whether Services get what they want of IPv6
 *   ON        yes; OFF when a sysctl turns IPv6 off
 *   OFF       no, as if this host had none; RETURNING when it is on again
 *   RETURNING not yet: its iptables rules come first; then ON, or OFF again
 */
enum ipv6_presence_state {
	IPV6_PRESENCE_STATE_ON,
	IPV6_PRESENCE_STATE_OFF,
	IPV6_PRESENCE_STATE_RETURNING,
};

/**
 * struct ipv6_presence - follows the sysctls that turn IPv6 off
 * @interface:      the dummy interface
 * @health:         is told why IPv6 is off
 * @is_withdrawing: what Services wanted of IPv6 is still being withdrawn
 *
 * The kernel says nothing when such a sysctl changes, and drops the addresses, so they are looked at
 * before each verification and with each change of addresses.
 */
struct ipv6_presence {
	const char *interface;
	struct rules_keeper *rules;
	struct sync *sync;
	struct agent_health *health;
	enum ipv6_presence_state state;
	bool is_withdrawing;
};

/** ipv6_presence_look() - Return: whether ipv6_presence_is_off() changed */
bool ipv6_presence_look(struct ipv6_presence *presence);

/** ipv6_presence_rules_in_place() - all rules are; Return: as ipv6_presence_look() */
bool ipv6_presence_rules_in_place(struct ipv6_presence *presence);

/** ipv6_presence_is_off() - whether planning leaves IPv6 out */
bool ipv6_presence_is_off(const struct ipv6_presence *presence);

/**
 * ipv6_presence_is_level() - false while what the kernel dropped with IPv6 has not been withdrawn:
 *                            a verification would find it missing
 */
bool ipv6_presence_is_level(struct ipv6_presence *presence);

#endif
