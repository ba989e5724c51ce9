/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PLAN_RESULT_H
#define AGENT_PLAN_RESULT_H

#include "agent/input/node_state.h"
#include "agent/settings/options.h"
#include "lib/base/memory.h"
#include "lib/objects/store.h"
#include "lib/plan/ledger.h"
#include "lib/plan/planned_state.h"
#include "lib/plan/ruleset.h"

/**
 * struct plan_result - what the agent would make of objects, on a node that has nothing of its own
 * @view:      of the node; borrowed from its state
 * @state:     virtual servers, set members and addresses
 * @services:  "namespace/name" of whom each of @state->servers is
 * @rules:     input for iptables-restore and ip6tables-restore --noflush
 * @marks:     see plan_result_key() and plan_result_mark()
 * @ledger:    the same by Service, as if the kernel had taken it all
 * @rule_options: of which @rules are made
 */
struct plan_result {
	struct node_view view;
	struct planned_state *state;
	char **services;
	char *rules[2];
	struct marks *marks;
	struct ledger *ledger;
	struct ruleset_options rule_options[2];
};

/**
 * plan_result_new() - plan every Service in @store
 * @node:  with addresses
 *
 * Takes for granted that kernel, ipset and iptables can do all that the agent makes use of. What a
 * Service asks for and does not get is logged as by `ipvsagent run`. Makes no system call but that.
 */
struct plan_result *plan_result_new(const struct options *options, struct store *store,
				    struct node_state *node);
void plan_result_free(struct plan_result *result);
AUTO_FREE_DEFINE(plan_result);

/**
 * plan_result_changes() - plan every Service in @store, on a node that may have something
 * @ledger:   knows what the kernel holds, if anything; learns what the Services want
 * @changes:  what makes the one of the other is appended; sorted
 */
void plan_result_changes(const struct options *options, struct store *store,
			 struct node_state *node, struct ledger *ledger, struct changes *changes);

/** plan_result_key() - as the kernel has it: by a firewall mark if it is for clients in the cluster */
struct virtual_server_key plan_result_key(const struct plan_result *result,
					  const struct virtual_server *server);

/** plan_result_mark() - what a member of a set with marks has; 0 = none */
uint32_t plan_result_mark(const struct plan_result *result, const struct set_member *member);

#endif
