/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "agent/settings/reload.h"
#include "lib/source/source_effort.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct agent_health - what the agent knows of itself
 * @lacks_pod_cidrs:            the Node has no podCIDRs yet, which are waited for
 * @rules_error:                why the iptables rules are not in place; "" if they are
 * @in_cluster_error:           why clients in the cluster are treated as kube-proxy does; "" if not
 * @mark_clash:                 who else uses our firewall marks; "" if nobody is known to
 * @source_description:         where objects come from, in words: "manifests in /etc/x"
 * @last_verification_seconds:  how long the last look at the whole kernel state took; 0 = none yet
 * @longest_verification_step_seconds:  of that, the longest time that nothing else could happen
 * @source:                     what reading the source took so far; NULL before it is open
 * @settings:                   how the files of settings fare; NULL if nothing is known of them
 * @started:                    clock_milliseconds() at the start
 */
struct agent_health {
	bool is_source_synced;
	bool are_rules_in_place;
	bool lacks_pod_cidrs;
	char rules_error[500];
	char in_cluster_error[600];
	char mark_clash[400];
	char source_description[200];
	double last_verification_seconds;
	double longest_verification_step_seconds;
	const struct source_effort *source;
	const struct reload_state *settings;
	uint64_t started;
};

#endif
