/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_PATH_H
#define AGENT_EXPLAIN_PATH_H

#include "explain_facts.h"
#include "explanation.h"
#include "rule_walk.h"

/**
 * struct explain_path - a packet on its way through the node
 * @walk:     the rules that have matched so far
 * @is_node:  a program of the node sends it; else it arrives
 * @is_pod:   of the cluster
 */
struct explain_path {
	const struct explain_facts *facts;
	const struct ruleset_options *rules;
	struct explanation *explanation;
	struct walk_facts walk_facts;
	struct walk walk;
	struct packet packet;
	bool is_node;
	bool is_pod;
};

#endif
