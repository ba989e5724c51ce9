/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_REPORT_H
#define AGENT_STATUS_REPORT_H

#include "../lib/kernel/kernel.h"
#include "../lib/objects/store.h"
#include "../lib/source/source_effort.h"
#include "rejections.h"
#include "reload.h"
#include "sync.h"

#include <jansson.h>
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
 * @started:                    sync_now() at the start
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

/**
 * struct status_sources - where a report is taken from
 * @kernel:  for how full the sets are; NULL leaves that out
 */
struct status_sources {
	const struct store *store;
	struct sync *sync;
	const struct rejections *rejections;
	struct kernel *kernel;
	const struct agent_health *health;
};

/*
 * The JSON objects below are described in ipvsagent-status(8); they carry no connection counts,
 * which the status command reads from the kernel itself.
 */

/** status_report_agent() - the agent as a whole, with every rejection; the caller owns the result
 */
json_t *status_report_agent(const struct status_sources *sources);

/**
 * status_report_service() - one Service, its state and its virtual servers
 * @key:  "namespace/name"
 * Return: owned by the caller; NULL if there is neither such a Service nor a complaint about one
 */
json_t *status_report_service(const struct status_sources *sources, const char *key);

/**
 * status_report_keys() - the Services that a report has to name
 * @filter:  "namespace/name", "namespace/" for all of a namespace, "" for all
 * @count:   how many keys there are
 *
 * Services that were only ever rejected are included.
 * Return: sorted keys without duplicates, one after the other in one allocation, each with its
 * NUL; the caller frees it
 */
char *status_report_keys(const struct status_sources *sources, const char *filter, size_t *count);

#endif
