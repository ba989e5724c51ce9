/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TOP_COMMAND_H
#define AGENT_TOP_COMMAND_H

#include "agent/settings/options.h"

#include <stdio.h>

/**
 * top_command() - `ipvsagent top`: which Services have how much traffic
 *
 * Counters are read from the kernel here; the agent is asked only which Service has which virtual
 * server. Without an agent, virtual servers go by their addresses.
 * Return: the exit status: 0; 1 failure; 3 environment
 */
int top_command(const struct options *options, FILE *output);

#endif
