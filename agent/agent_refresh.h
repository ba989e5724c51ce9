/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_REFRESH_H
#define AGENT_AGENT_REFRESH_H

#include "agent_parts.h"

/*
 * What depends on several parts at once, to be brought up to date when one of them changes. Each is
 * cheap when there is nothing to change.
 */

/** agent_refresh_node() - the node as planning sees it, and where health check ports listen */
void agent_refresh_node(struct agent *agent);

/** agent_refresh_addresses() - the node's addresses, or those of other nodes, changed; @owner: the
 *  agent */
void agent_refresh_addresses(void *owner);

/** agent_refresh_rules() - nothing until the kernel was observed: rules refer to the sets */
void agent_refresh_rules(struct agent *agent);

/** agent_refresh_gate() - planning may begin once the source is complete, and what it waits for */
void agent_refresh_gate(struct agent *agent);

/** agent_refresh_localhost() - Return: whether all Services are to be planned again */
bool agent_refresh_localhost(struct agent *agent);

#endif
