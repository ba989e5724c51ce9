/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_IN_CLUSTER_H
#define AGENT_IN_CLUSTER_H

#include "agent/settings/options.h"
#include "health.h"
#include "lib/kernel/kernel.h"
#include "rules_keeper.h"
#include "sync.h"

/*
 * Whether clients in the cluster can be told from others here, and who else uses the firewall marks
 * that this takes.
 */

/** in_cluster_complete_rules() - add what is about marks; @rules: of both families */
void in_cluster_complete_rules(const struct options *options, const struct kernel *kernel,
			       struct ruleset_options rules[2]);

/**
 * in_cluster_refresh() - after the rules were found, or put, in place
 *
 * Tells @sync what is possible, notes in @health what is not, and why, and logs it when it changes.
 */
void in_cluster_refresh(const struct options *options, const struct kernel *kernel,
			const struct rules_keeper *rules, struct sync *sync,
			struct agent_health *health);

#endif
