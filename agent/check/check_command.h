/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CHECK_COMMAND_H
#define AGENT_CHECK_COMMAND_H

#include "agent/settings/options.h"

#include <stddef.h>
#include <stdio.h>

/**
 * check_command() - `ipvsagent check`: look for what would keep the agent, or Services, from working
 * on this node
 *
 * Takes the flags and files of `run`, and writes nothing but its output, neither to the kernel nor
 * to files. The agent may be running.
 * Return: the exit status: 0 if no check found an error, whatever warnings and notes there are; 1 if
 * one did, or the output cannot be written
 */
int check_command(const struct options *options, FILE *output);

/** struct check_counts - findings by severity */
struct check_counts {
	size_t errors, warnings, notes;
};

/**
 * check_node() - the same for the node alone, without what depends on the agent's settings
 * @options:  of any command; its defaults stand for the settings
 *
 * Blocks while programs of iptables run.
 */
void check_node(const struct options *options, struct check_counts *ret);

#endif
