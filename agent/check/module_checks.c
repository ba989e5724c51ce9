/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "agent/input/node_state.h"
#include "lib/kernel/modules.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *feature;
} needed[] = {
	{"ip_vs", "virtual servers"},
	{"ip_set", "ipsets"},
	{"ip_set_hash_ip", "ipsets of addresses"},
	{"ip_set_hash_ipport", "ipsets of addresses and ports"},
	{"ip_set_hash_ipportip", "ipsets of pods that reach themselves"},
	{"ip_set_hash_ipportnet", "loadBalancerSourceRanges"},
	{"ip_set_bitmap_port", "NodePorts"},
	{"xt_set", "rules that look addresses up in ipsets"},
	{"dummy", "the interface " DUMMY_INTERFACE},
	{"nf_conntrack", "connection tracking"},
};

static void look_for(const char *name, const char *feature, struct findings *findings)
{
	switch (modules_look(name)) {
	case MODULE_STATE_PRESENT:
	case MODULE_STATE_LOADABLE:
		return;
	case MODULE_STATE_MISSING:
		findings_add(findings, SEVERITY_ERROR, modules_remedy(),
			     "this kernel has no module %s, required for %s", name, feature);
		return;
	case MODULE_STATE_UNKNOWN:
		findings_add(
			findings, SEVERITY_WARNING, MODULES_UNKNOWN_REMEDY,
			"module %s, required for %s, is not loaded, and /lib/modules of this kernel is not here",
			name, feature);
		return;
	}
}

static void look_for_scheduler(const char *scheduler, struct findings *findings)
{
	char module[SCHEDULER_NAME_SIZE + 8], feature[SCHEDULER_NAME_SIZE + 16];

	snprintf(module, sizeof(module), "ip_vs_%s", scheduler);
	snprintf(feature, sizeof(feature), "scheduler %s", scheduler);
	look_for(module, feature, findings);
}

void modules_check(const struct options *options, struct findings *findings)
{
	const char *scheduler = options->desired.scheduler;
	const char *affinity = options->desired.affinity_scheduler;

	for (size_t i = 0; i < COUNT(needed); i++)
		look_for(needed[i].name, needed[i].feature, findings);
	look_for_scheduler(scheduler, findings);
	if (strcmp(affinity, "inherit") != 0 && strcmp(affinity, scheduler) != 0)
		look_for_scheduler(affinity, findings);
}
