/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HOST_WATCH_H
#define AGENT_HOST_WATCH_H

#include "agent/reconcile/health.h"
#include "lib/base/port_set.h"
#include "lib/plan/ledger.h"

#include <stdbool.h>

/*
 * What on this host disturbs Services although all of ours is in place; `ipvsagent check` finds the
 * same before. Each is logged when it begins and when it ends, and stays in @health meanwhile.
 */

/** host_watch_variant() - rules in the variant of iptables that the agent does not use */
void host_watch_variant(bool is_legacy, struct agent_health *health);

/** host_watch_ports() - NodePorts that the kernel may choose for connections of this node */
void host_watch_ports(const struct ledger *ledger, struct agent_health *health);

/**
 * host_watch_overlap() - the text of the latter; for host_watch_ports()
 * @used:       NodePorts
 * @ephemeral:  net.ipv4.ip_local_port_range, as the kernel prints it
 * @reserved:   net.ipv4.ip_local_reserved_ports, likewise
 * Return: NULL if there is none; the caller frees it
 */
char *host_watch_overlap(const struct port_set *used, const char *ephemeral, const char *reserved);

#endif
