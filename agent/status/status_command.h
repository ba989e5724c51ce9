/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_COMMAND_H
#define AGENT_STATUS_COMMAND_H

#include "agent/settings/options.h"

/**
 * status_command() - `ipvsagent status`: ask the agent, print what it says
 *
 * Connections are counted by asking the kernel here, so that the agent's loop is not burdened.
 * Return: the exit status: 0; 1 failure; 2 usage; 3 environment; 4 no agent runs, in which case
 * what the kernel holds was printed
 */
int status_command(const struct options *options);

#endif
