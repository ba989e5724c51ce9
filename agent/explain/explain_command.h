/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_COMMAND_H
#define AGENT_EXPLAIN_COMMAND_H

#include "agent/settings/options.h"

#include <stdio.h>

/**
 * explain_command() - `ipvsagent explain`: what becomes of a packet on this node, and why
 * @output:  where to
 *
 * Asks the running agent, or with manifests plans what it would do; then neither kernel nor cluster
 * is asked for anything.
 * Return: the exit status: 0 if an endpoint or the agent answers the client; 1 if nobody does, or
 * in case of a failure; 2 usage; 3 environment; 4 no agent runs
 */
int explain_command(const struct options *options, FILE *output);

#endif
