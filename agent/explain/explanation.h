/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLANATION_H
#define AGENT_EXPLANATION_H

#include "lib/base/memory.h"
#include "lib/plan/proxy_state.h"
#include "rule_walk.h"

/* What `ipvsagent explain` says, before it is written. */

/**
 * enum explain_outcome
 *   ANSWERED   by one of the endpoints, or by the agent itself
 *   REFUSED    the client is told that nobody answers
 *   DROPPED    it is told nothing
 *   NOT_OURS   no Service decides: the host, or the network, does what it would without the agent
 */
enum explain_outcome {
	EXPLAIN_OUTCOME_NOT_OURS,
	EXPLAIN_OUTCOME_ANSWERED,
	EXPLAIN_OUTCOME_REFUSED,
	EXPLAIN_OUTCOME_DROPPED,
};

/**
 * struct explain_step - something that decides
 * @stage:    "masquerading"
 * @text:     what is decided
 * @because:  which field of which object, or which flag, is the cause; "" if none is
 * @rule:     of iptables, which carries it out, "TABLE CHAIN RULE"; "" if none does
 */
struct explain_step {
	const char *stage;
	char *text;
	char *because;
	char *rule;
};

/**
 * struct explain_answer - an endpoint that may get the connection
 * @source:     what it sees as source; family 0: that of a client outside that was not named
 * @is_node:    that is an address of the node
 * @is_hairpin: the endpoint is the client itself
 */
struct explain_answer {
	struct destination destination;
	struct address source;
	bool is_node;
	bool is_hairpin;
};

/** struct explain_unused - an endpoint of the Service that does not get it */
struct explain_unused {
	struct destination destination;
	char *reason;
};

/**
 * struct explanation
 * @service:       "namespace/name" of whose address and port it is; "" if nobody's
 * @client:        "node", "pod" or "outside"
 * @client_sees:   what of the outcome
 * @answer_count:  of @answers, which may be fewer than @endpoint_count if those are very many
 * @agent_answers: not an endpoint but the agent, with @client_sees
 */
struct explanation {
	struct explain_step *steps;
	struct explain_answer *answers;
	struct explain_unused *unused;
	size_t step_count, step_capacity;
	size_t answer_count, answer_capacity;
	size_t unused_count, unused_capacity;
	size_t endpoint_count;
	char *service;
	const char *client;
	char *client_sees;
	enum explain_outcome outcome;
	bool agent_answers;
};

void explanation_clear(struct explanation *explanation);

/**
 * explanation_add() - one more step
 * @text, @because:  taken; @because may be NULL
 * @rule:            may be NULL
 */
void explanation_add(struct explanation *explanation, const char *stage, char *text, char *because,
		     const struct walk_step *rule);

/** explanation_end() - the outcome; @client_sees: copied */
void explanation_end(struct explanation *explanation, enum explain_outcome outcome,
		     const char *client_sees);

void explanation_add_answer(struct explanation *explanation, const struct explain_answer *answer);

/** explanation_add_unused() - @reason is copied */
void explanation_add_unused(struct explanation *explanation, const struct destination *destination,
			    const char *reason);

/** explain_outcome_name() - "answered", "refused", "dropped", "not-a-service" */
const char *explain_outcome_name(enum explain_outcome outcome);

#endif
