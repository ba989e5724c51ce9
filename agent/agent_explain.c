/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_explain.h"

#include "agent/explain/explain_document.h"

static json_t *head(void *owner, const char *text)
{
	struct agent *agent = owner;
	struct explain_sources sources = {
		.store = agent->store,
		.ledger = agent->ledger,
		.node = sync_node(agent->sync),
		.desired = sync_desired_options(agent->sync),
	};

	node_state_rules(agent->node, sources.rules);
	for (size_t i = 0; i < COUNT(sources.rules); i++) {
		/* Those that were written, if any were: iptables may not know all options. */
		if (rules_keeper_options(agent->rules, (enum ip_family)i, &sources.rules[i]))
			continue;
		sources.rules[i].has_in_cluster = sources.desired->has_in_cluster;
		sources.rules[i].marks = agent->options->in_cluster_marks;
	}
	node_state_loopbacks(agent->node, sources.loopbacks);
	return explain_document_answer(&sources, text);
}

struct answer_kind agent_explain_kind(struct agent *agent)
{
	return (struct answer_kind){.verb = "explain", .head = head, .owner = agent};
}
