/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PLAN_COMMAND_H
#define AGENT_PLAN_COMMAND_H

#include "agent/settings/options.h"

#include <stdio.h>

/**
 * plan_command() - `ipvsagent plan`: print what would be programmed for manifests
 * @output:  where to
 *
 * Needs no privileges, and asks neither the kernel nor an API server for anything. Without a valid
 * plan nothing is printed.
 * Return: the exit status: 0; 1 if a manifest is not valid, or the output cannot be written; 3 if a
 * path cannot be read
 */
int plan_command(const struct options *options, FILE *output);

#endif
