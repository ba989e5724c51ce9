/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_plan.h"

#include "agent/plan/manifest_intake.h"
#include "agent/plan/plan_result.h"
#include "explain_document.h"

#include <string.h>

struct explain_plan {
	const struct options *options;
	struct string_pool *strings;
	struct store *store;
	struct node_state *node;
	struct plan_result *result;
};

int explain_plan_open(const struct options *options, struct explain_plan **ret, struct error *err)
{
	auto_free(explain_plan) struct explain_plan *plan = memory_allocate(sizeof(*plan));
	int r;

	plan->options = options;
	plan->strings = string_pool_new();
	plan->store = store_new();
	plan->node = node_state_new(options);
	r = manifest_intake_read(options, plan->strings, plan->store, plan->node, err);
	if (r < 0)
		return r;
	node_state_assume_addresses(plan->node, options->node_addresses.items,
				    options->node_addresses.count);
	plan->result = plan_result_new(options, plan->store, plan->node);
	*ret = take(&plan);
	return 0;
}

void explain_plan_free(struct explain_plan *plan)
{
	if (!plan)
		return;
	plan_result_free(plan->result);
	node_state_free(plan->node);
	store_free(plan->store);
	string_pool_free(plan->strings);
	free(plan);
}

json_t *explain_plan_answer(const struct explain_plan *plan, const struct explain_query *query)
{
	struct explain_sources sources = {
		.store = plan->store,
		.ledger = plan->result->ledger,
		.node = &plan->result->view,
		.desired = &plan->options->desired,
	};

	memcpy(sources.rules, plan->result->rule_options, sizeof(sources.rules));
	node_state_loopbacks(plan->node, sources.loopbacks);
	return explain_document_new(&sources, query);
}
