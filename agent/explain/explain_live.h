/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_LIVE_H
#define AGENT_EXPLAIN_LIVE_H

#include "explain_query.h"

#include <jansson.h>
#include <stdio.h>

/*
 * What did happen, of what an explanation says will: the client's connections that IPVS has, and
 * what it counted for the virtual servers of the address and port. ipvsagent-explain(8) describes
 * it.
 */

/**
 * explain_live_add() - set "live" of the explanation @document, by what agent and kernel say now
 *
 * Blocks. Return: 0, or a negative errno, of the agent's answer as status_client_ask()
 */
int explain_live_add(json_t *document, const struct explain_query *query, const char *socket_path,
		     struct error *err);

/** explain_live_print() - for people */
void explain_live_print(const json_t *document, FILE *stream);

#endif
