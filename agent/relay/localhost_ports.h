/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_LOCALHOST_PORTS_H
#define AGENT_LOCALHOST_PORTS_H

#include "lib/plan/desired.h"
#include "lib/plan/node_addresses.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct localhost_ports - NodePorts on 127.0.0.1 and ::1, of TCP and UDP
 *
 * IPVS does not forward what comes from a loopback address, so the agent takes it and passes it on
 * to the NodePort on one of the node's addresses. Where none of them has NodePorts, and the operator
 * wants them on loopback all the same, it passes it on to the cluster IP, which serves what the
 * node may reach there: with internalTrafficPolicy Local, endpoints of this node only. A port that cannot be listened on is tried again;
 * it is logged once for each cause, and when it is listened on at last. How many lack a socket
 * because there are too few is one line.
 */
struct localhost_ports;

/* How long ports that cannot be listened on rest, but for tests. */
#define LOCALHOST_PORTS_RETRY_SECONDS 10.0

/**
 * localhost_ports_new()
 * @descriptors:    how many files this process may have open: half of them for NodePorts, a quarter
 *                  for connections, but for 2,000 connections at most
 * @retry_seconds:  from one try to the next
 */
struct localhost_ports *localhost_ports_new(struct ev_loop *loop, size_t descriptors,
					    double retry_seconds);
void localhost_ports_free(struct localhost_ports *ports);

/**
 * localhost_ports_select() - which NodePorts the two loopback addresses take
 * @uses:  IPv4, IPv6; none at first
 *
 * Counts for what localhost_ports_planned() gets from then on.
 * Return: whether it is another selection, so that all Services are to be planned again
 */
bool localhost_ports_select(struct localhost_ports *ports, const enum loopback_use uses[2]);

/**
 * localhost_ports_planned() - follow what a Service wants
 * @key:  "namespace/name"
 *
 * A port whose Service has no endpoint is not listened on, so that clients are refused at once.
 * Connections that are under way go on.
 */
void localhost_ports_planned(struct localhost_ports *ports, const char *key,
			     const struct service *service, const struct service_state *state);

#endif
