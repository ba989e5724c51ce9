/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_DIFF_COMMAND_H
#define AGENT_DIFF_COMMAND_H

#include "agent/settings/options.h"

#include <stdio.h>

/**
 * diff_command() - `ipvsagent diff`: print where the kernel is not as it is wanted
 * @output:  where to
 *
 * What is wanted is what the running agent says, or what would be planned for the manifests. The
 * kernel is read, and nothing is written.
 * Return: the exit status: 0 if there is no difference; 1 if there are some; 2 if that is not known
 */
int diff_command(const struct options *options, FILE *output);

#endif
