/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_PLAN_H
#define AGENT_EXPLAIN_PLAN_H

#include "agent/settings/options.h"
#include "explain_query.h"
#include "lib/base/memory.h"

#include <jansson.h>

/** struct explain_plan - what an agent would do with manifests, to be asked about packets */
struct explain_plan;

/**
 * explain_plan_open() - read manifests and plan, as `ipvsagent plan` does
 * @options:  must stay
 * Return: as manifest_intake_read()
 */
int explain_plan_open(const struct options *options, struct explain_plan **ret, struct error *err);
void explain_plan_free(struct explain_plan *plan);
AUTO_FREE_DEFINE(explain_plan);

/** explain_plan_answer() - explain_document_new() of it */
json_t *explain_plan_answer(const struct explain_plan *plan, const struct explain_query *query);

#endif
