/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "in_cluster.h"

#include "lib/base/log.h"

#include <stdio.h>
#include <string.h>

/* As far as it depends on the settings and on ipset. */
static bool sets_do_mark(const struct options *options, const struct kernel *kernel,
			 const char **ret_reason)
{
	*ret_reason = "--in-cluster-mark-mask is 0";
	return options->in_cluster_marks.mask && ipsets_has_marks(kernel->ipsets, ret_reason);
}

void in_cluster_complete_rules(const struct options *options, const struct kernel *kernel,
			       struct ruleset_options rules[2])
{
	const char *reason;

	for (size_t i = 0; i < 2; i++) {
		rules[i].has_in_cluster = sets_do_mark(options, kernel, &reason);
		rules[i].marks = options->in_cluster_marks;
	}
}

static void refresh_support(struct agent_health *health, bool can, const char *reason)
{
	if (can && *health->in_cluster_error) {
		health->in_cluster_error[0] = '\0';
		log_info(
			"externalTrafficPolicy Local: in-cluster clients are told from external ones");
	}
	if (can || *health->in_cluster_error)
		return;
	snprintf(health->in_cluster_error, sizeof(health->in_cluster_error), "%s", reason);
	log_warning(
		"externalTrafficPolicy Local: in-cluster clients are treated as external ones (kube-proxy behaviour): %s",
		reason);
}

static void refresh_clash(struct agent_health *health, const char *clash)
{
	if (strncmp(health->mark_clash, clash, sizeof(health->mark_clash) - 1) == 0)
		return;
	snprintf(health->mark_clash, sizeof(health->mark_clash), "%s", clash);
	if (*clash)
		log_warning(
			"another program uses firewall marks of the agent's range, so in-cluster clients may not reach all endpoints: %s; choose another range with --in-cluster-mark-base and --in-cluster-mark-mask",
			clash);
	else
		log_info("no other program uses firewall marks of the agent's range any more");
}

void in_cluster_refresh(const struct options *options, const struct kernel *kernel,
			const struct rules_keeper *rules, struct sync *sync,
			struct agent_health *health)
{
	const char *clash = rules_keeper_clash(rules), *reason;
	bool can = sets_do_mark(options, kernel, &reason) && rules_keeper_does_mark(rules, &reason);

	if (!*clash && marks_foreign_count(kernel->marks))
		clash = "a virtual server has a firewall mark in the range";
	sync_set_in_cluster(sync, can);
	refresh_support(health, can, reason);
	refresh_clash(health, clash);
}
