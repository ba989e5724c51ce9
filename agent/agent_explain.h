/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_EXPLAIN_H
#define AGENT_AGENT_EXPLAIN_H

#include "agent_parts.h"

/** agent_explain_kind() - how `ipvsagent explain` is answered at the control socket */
struct answer_kind agent_explain_kind(struct agent *agent);

#endif
