/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "agent/settings/reload.h"
#include "lib/source/source_effort.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * enum health_part - what of the kernel can be lost while the agent runs, and comes back
 *   IPSET, IPVS, LINK  cannot be read: nothing of it is repaired, and changes may fail
 *   ADDRESS_EVENTS     changes of this node's addresses come with a delay
 *   RULE_EVENTS        changes of iptables rules by others are noticed with a delay
 *   CONNTRACK          UDP clients may keep sending to endpoints that are gone
 */
enum health_part {
	HEALTH_PART_IPSET,
	HEALTH_PART_IPVS,
	HEALTH_PART_LINK,
	HEALTH_PART_ADDRESS_EVENTS,
	HEALTH_PART_RULE_EVENTS,
	HEALTH_PART_CONNTRACK,
};
#define HEALTH_PART_COUNT (HEALTH_PART_CONNTRACK + 1)

/**
 * struct agent_health - what the agent knows of itself
 * @lost:                       why a part is lost; "" if it is not
 * @lacks_pod_cidrs:            the Node has no podCIDRs yet, which are waited for
 * @rules_error:                why the iptables rules are not in place; or, if they are in place as far
 *                              as can be seen, which tables are unreadable and why; else ""
 * @in_cluster_error:           why clients in the cluster are treated as kube-proxy does; "" if not
 * @mark_clash:                 who else uses our firewall marks; "" if nobody is known to
 * @ipv6_off:                   what turns IPv6 off on this node; "" if nothing does
 * @other_variant:              which rules the variant of iptables has that is not used; "" if none
 * @port_overlap:               which NodePort is an ephemeral port as well; "" if none
 * @source_description:         where objects come from, in words: "manifests in /etc/x"
 * @last_verification_seconds:  how long the last look at the whole kernel state took; 0 = none yet
 * @longest_verification_step_seconds:  of that, the longest time that nothing else could happen
 * @source:                     what reading the source took so far; NULL before it is open
 * @settings:                   how the files of settings fare; NULL if nothing is known of them
 * @last_object_change:         when the source told of an object last, in seconds since 1970; 0 = never
 * @started:                    clock_milliseconds() at the start
 */
struct agent_health {
	bool is_source_synced;
	bool are_rules_in_place;
	bool lacks_pod_cidrs;
	char lost[HEALTH_PART_COUNT][300];
	char rules_error[700];
	char in_cluster_error[600];
	char mark_clash[400];
	char ipv6_off[64];
	char other_variant[400];
	char port_overlap[700];
	char source_description[200];
	double last_verification_seconds;
	double longest_verification_step_seconds;
	double last_object_change;
	const struct source_effort *source;
	const struct reload_state *settings;
	uint64_t started;
};

/** health_part_name() - "ipset", "ipvs", "link", "address-events", "rule-events", "conntrack" */
const char *health_part_name(enum health_part part);

/** health_set_lost() - @reason: "" = the part is not lost, or is back */
void health_set_lost(struct agent_health *health, enum health_part part, const char *reason);

#endif
