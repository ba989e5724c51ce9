/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_H
#define AGENT_EXPLAIN_H

#include "explain_facts.h"
#include "explanation.h"

/**
 * explain() - follow the first packet of a connection to a Service through this node
 * @ret:  to be freed with explanation_clear()
 *
 * Pure. What decides is what is programmed: the fixed rules as ruleset_text() writes them, members
 * of sets, virtual servers and destinations as the ledger has them; the objects only say why. The
 * way of a packet is that of Linux: rules of mangle, nat and filter, and IPVS at the end of INPUT
 * for packets that arrive, and after nat in OUTPUT for those of the node; after it OUTPUT and
 * POSTROUTING, unless the endpoint is on the node itself. Source: Linux, net/netfilter/ipvs/
 * ip_vs_core.c and ip_vs_xmit.c.
 *
 * Taken for granted: the host's own rules let Services through and set no marks, endpoints are no
 * VIPs, and what masquerading chooses is the node's primary address.
 *
 * Return: 0; -EINVAL if a rule is not understood, which only a mistake in the program can cause
 */
int explain(const struct explain_sources *sources, const struct explain_query *query,
	    struct explanation *ret, struct error *err);

#endif
