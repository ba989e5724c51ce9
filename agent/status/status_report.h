/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_REPORT_H
#define AGENT_STATUS_REPORT_H

#include "agent/notify/conflicts.h"
#include "agent/notify/history.h"
#include "agent/notify/rejections.h"
#include "agent/reconcile/health.h"
#include "agent/reconcile/rules_keeper.h"
#include "agent/reconcile/sync.h"
#include "agent/settings/options.h"
#include "lib/kernel/kernel.h"
#include "lib/objects/store.h"
#include "server_rates.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct status_sources - where a report is taken from
 * @kernel:  for how full the sets are; NULL leaves that out
 * @rules:   NULL: there are none
 * @history: NULL: nothing is remembered
 * @rates:   NULL: nobody measures
 * @conflicts: NULL: nobody looks for them
 * @options: those in force; NULL: the defaults
 */
struct status_sources {
	const struct store *store;
	struct sync *sync;
	const struct ledger *ledger;
	const struct rejections *rejections;
	struct kernel *kernel;
	const struct rules_keeper *rules;
	const struct history *history;
	const struct server_rates *rates;
	const struct conflicts *conflicts;
	const struct options *options;
	const struct agent_health *health;
};

/*
 * The JSON objects below are described in ipvsagent-status(8); they carry no connection counts,
 * which the status command reads from the kernel itself.
 */

/**
 * status_report_agent() - the agent as a whole, with every rejection; the caller owns the result
 */
json_t *status_report_agent(const struct status_sources *sources);

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
