/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health.h"

#include <stdio.h>

const char *health_part_name(enum health_part part)
{
	switch (part) {
	case HEALTH_PART_IPSET:
		return "ipset";
	case HEALTH_PART_IPVS:
		return "ipvs";
	case HEALTH_PART_LINK:
		return "link";
	case HEALTH_PART_ADDRESS_EVENTS:
		return "address-events";
	case HEALTH_PART_RULE_EVENTS:
		return "rule-events";
	case HEALTH_PART_CONNTRACK:
		return "conntrack";
	}
	return "";
}

void health_set_lost(struct agent_health *health, enum health_part part, const char *reason)
{
	snprintf(health->lost[part], sizeof(health->lost[part]), "%s", reason);
}
