/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_EXPLAIN_H
#define AGENT_AGENT_EXPLAIN_H

#include "agent_parts.h"

/** agent_explain_open() - answer `ipvsagent explain` at the control socket, which is open */
void agent_explain_open(struct agent *agent);

#endif
