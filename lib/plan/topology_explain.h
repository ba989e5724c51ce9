/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_TOPOLOGY_EXPLAIN_H
#define PLAN_TOPOLOGY_EXPLAIN_H

#include "topology.h"

/* Why an endpoint gets traffic or none, in words for operators. Longer texts are cut. */

#define TOPOLOGY_TEXT_SIZE 256

/**
 * struct topology_choice - what topology_select() was asked and how it decided
 * @policy:  the policy of the Service that asks for @traffic: "externalTrafficPolicy" or
 *           "internalTrafficPolicy"
 */
struct topology_choice {
	enum traffic traffic;
	enum selection_basis basis;
	const char *policy;
};

/** topology_rule_text() - by which rule those are used that are; "" if none is */
const char *topology_rule_text(const struct topology_choice *choice, char ret[TOPOLOGY_TEXT_SIZE]);

/**
 * topology_unused_text() - why @candidate is not used
 * @candidate:  not selected; if it should have been, the text is "", which a Service that is about
 *              to be planned again can bring about
 */
const char *topology_unused_text(const struct topology_choice *choice,
				 const struct candidate *candidate, char ret[TOPOLOGY_TEXT_SIZE]);

/**
 * topology_hints_text() - why hints that ready endpoints have are not followed
 * Return: "" if there are none, they are followed, or @choice does not ask for them
 */
const char *topology_hints_text(const struct topology_choice *choice,
				const struct candidates *candidates, const struct node_view *node,
				char ret[TOPOLOGY_TEXT_SIZE]);

#endif
