/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_INPUT_H
#define AGENT_AGENT_INPUT_H

#include "agent_parts.h"

/*
 * What follows from what the API server or manifests say.
 * agent_input_prepare() - before the node is planned for the first time
 * agent_input_open()    - objects come from now on; the error says why not
 */
void agent_input_prepare(struct agent *agent);
int agent_input_open(struct agent *agent, struct error *err);

#endif
