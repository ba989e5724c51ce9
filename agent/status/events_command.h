/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EVENTS_COMMAND_H
#define AGENT_EVENTS_COMMAND_H

#include "agent/settings/options.h"

#include <jansson.h>
#include <stdio.h>

/**
 * events_command() - `ipvsagent events`: print what the running agent changed, and why
 *
 * Return: the exit status: 0; 1 failure; 2 usage; 3 no permission; 4 no agent runs
 */
int events_command(const struct options *options, FILE *output);

/** events_print() - @events: an array of what history_report_event() makes; for people */
void events_print(const json_t *events, FILE *stream);

#endif
