/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipv6_presence.h"

#include "lib/base/log.h"
#include "lib/kernel/ipv6.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool turn_off(struct ipv6_presence *presence, const char *reason)
{
	bool was_on = presence->state == IPV6_PRESENCE_STATE_ON;

	log_info("IPv6 is off on this node: %s; IPv6 addresses of Services are not programmed",
		 reason);
	presence->state = IPV6_PRESENCE_STATE_OFF;
	presence->is_withdrawing = sync_counters(presence->sync)->passes > 0;
	rules_keeper_set_absent(presence->rules, AF_INET6, true);
	return was_on;
}

static void turn_on(struct ipv6_presence *presence)
{
	log_info("IPv6 is on again on this node; programming the IPv6 addresses of Services");
	presence->state = IPV6_PRESENCE_STATE_RETURNING;
	rules_keeper_set_absent(presence->rules, AF_INET6, false);
}

bool ipv6_presence_look(struct ipv6_presence *presence)
{
	char *told = presence->health->ipv6_off;
	struct ipv6_switches switches;
	char reason[IPV6_TEXT_SIZE];
	bool was_off = *told;

	ipv6_read(presence->interface, &switches);
	ipv6_off_text(&switches, presence->interface, reason);
	if (strcmp(reason, told) == 0)
		return false;
	snprintf(told, sizeof(presence->health->ipv6_off), "%s", reason);
	if (*reason && !was_off)
		return turn_off(presence, reason);
	if (!*reason)
		turn_on(presence);
	return false;
}

bool ipv6_presence_rules_in_place(struct ipv6_presence *presence)
{
	if (presence->state != IPV6_PRESENCE_STATE_RETURNING)
		return false;
	presence->state = IPV6_PRESENCE_STATE_ON;
	return true;
}

bool ipv6_presence_is_off(const struct ipv6_presence *presence)
{
	return presence->state != IPV6_PRESENCE_STATE_ON;
}

bool ipv6_presence_is_level(struct ipv6_presence *presence)
{
	if (presence->is_withdrawing && sync_is_settled(presence->sync))
		presence->is_withdrawing = false;
	return !presence->is_withdrawing;
}
