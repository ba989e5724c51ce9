/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_BALANCE_H
#define AGENT_EXPLAIN_BALANCE_H

#include "explain_path.h"

/** explain_balance() - IPVS has the packet: which endpoints may get it, as whose, and how it ends;
 *  @server has it */
void explain_balance(struct explain_path *path, const struct explain_server *server);

/** explain_balance_unused() - only say why endpoints of @server do not get it */
void explain_balance_unused(struct explain_path *path, const struct explain_server *server);

#endif
