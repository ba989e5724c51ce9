/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "topology_explain.h"

#include <stdio.h>
#include <string.h>

const char *topology_rule_text(const struct topology_choice *choice, char ret[TOPOLOGY_TEXT_SIZE])
{
	static const struct {
		bool names_policy;
		const char *text;
	} rules[] = {
		[SELECTION_BASIS_NONE] = {false, ""},
		[SELECTION_BASIS_READY] = {false, "all ready endpoints"},
		[SELECTION_BASIS_SAME_ZONE] = {false, "zone hint"},
		[SELECTION_BASIS_SAME_NODE] = {false, "node hint"},
		[SELECTION_BASIS_LOCAL] = {true, " Local"},
		[SELECTION_BASIS_TERMINATING] = {false, "terminating, but none is ready"},
		[SELECTION_BASIS_LOCAL_TERMINATING] =
			{true, " Local; terminating, but none on this node is ready"},
	};

	snprintf(ret, TOPOLOGY_TEXT_SIZE, "%s%s",
		 rules[choice->basis].names_policy ? choice->policy : "",
		 rules[choice->basis].text);
	return ret;
}

/* Only endpoints of this node were asked for, or found. */
static bool is_local_only(const struct topology_choice *choice)
{
	return choice->basis == SELECTION_BASIS_LOCAL ||
	       choice->basis == SELECTION_BASIS_LOCAL_TERMINATING ||
	       (choice->basis == SELECTION_BASIS_NONE && choice->traffic == TRAFFIC_LOCAL);
}

const char *topology_unused_text(const struct topology_choice *choice,
				 const struct candidate *candidate, char ret[TOPOLOGY_TEXT_SIZE])
{
	bool is_last_resort = candidate->is_serving && candidate->is_terminating;

	*ret = '\0';
	if (!candidate->is_ready && !is_last_resort)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "%s",
			 candidate->is_terminating ? "terminating, and not serving any more"
						   : "not ready");
	else if (is_local_only(choice) && !candidate->is_local)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "not on this node (%s Local)", choice->policy);
	else if (!candidate->is_ready && choice->basis != SELECTION_BASIS_TERMINATING &&
		 choice->basis != SELECTION_BASIS_LOCAL_TERMINATING)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "terminating, and others are ready");
	else if (candidate->is_ready && choice->basis == SELECTION_BASIS_SAME_ZONE)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "hint for another zone: %s",
			 candidate->hints.zones);
	else if (candidate->is_ready && choice->basis == SELECTION_BASIS_SAME_NODE)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "hint for another node: %s",
			 candidate->hints.nodes);
	return ret;
}

/*
 * Of hints for zones or for nodes.
 * @name:  of this node's zone or of this node; may be NULL
 * Return: "" unless ready endpoints have some
 */
static const char *unfollowed_text(const struct candidates *candidates, bool is_of_nodes,
				   const char *name, char ret[TOPOLOGY_TEXT_SIZE])
{
	const char *kind = is_of_nodes ? "node" : "zone";
	const struct candidate *lacking = NULL;
	char text[ADDRESS_TEXT_SIZE];
	bool has_any = false;

	*ret = '\0';
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];

		if (!candidate->is_ready)
			continue;
		if (is_of_nodes ? candidate->hints.nodes : candidate->hints.zones)
			has_any = true;
		else if (!lacking)
			lacking = candidate;
	}
	if (!has_any)
		return ret;
	if (lacking)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "%s hints are not followed: %s has no hint", kind,
			 address_port_text(&lacking->destination.address, lacking->destination.port,
					   text));
	else if (!name || !*name)
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "%s hints are not followed: this Node has no %s",
			 kind, kind);
	else
		snprintf(ret, TOPOLOGY_TEXT_SIZE, "%s hints are not followed: no hint for %s %s",
			 kind, kind, name);
	return ret;
}

const char *topology_hints_text(const struct topology_choice *choice,
				const struct candidates *candidates, const struct node_view *node,
				char ret[TOPOLOGY_TEXT_SIZE])
{
	char nodes[TOPOLOGY_TEXT_SIZE] = "", zones[TOPOLOGY_TEXT_SIZE] = "";

	*ret = '\0';
	if (choice->basis == SELECTION_BASIS_READY || choice->basis == SELECTION_BASIS_SAME_ZONE)
		unfollowed_text(candidates, true, node->name, nodes);
	if (choice->basis == SELECTION_BASIS_READY)
		unfollowed_text(candidates, false, node->zone, zones);
	snprintf(ret, TOPOLOGY_TEXT_SIZE, "%.120s%s%.120s", nodes, *nodes && *zones ? "; " : "",
		 zones);
	return ret;
}
