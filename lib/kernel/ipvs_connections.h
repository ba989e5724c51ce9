/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPVS_CONNECTIONS_H
#define KERNEL_IPVS_CONNECTIONS_H

#include "lib/base/address.h"
#include "lib/base/error.h"

#include <stdbool.h>

/**
 * struct ipvs_connection - a connection that IPVS forwards, or a client's affinity
 * @client, @client_port:      who opened it, before any masquerading; port 0: all that this client
 *                             opens goes to the same endpoint
 * @address, @port:            what it was sent to
 * @endpoint, @endpoint_port:  where it is forwarded to
 * @protocol:                  IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @state:                     as `ipvsadm -Lc` has it: "ESTABLISHED"
 * @seconds:                   until it is forgotten, unless packets come
 */
struct ipvs_connection {
	struct address client;
	struct address address;
	struct address endpoint;
	uint16_t client_port;
	uint16_t port;
	uint16_t endpoint_port;
	uint8_t protocol;
	char state[16];
	unsigned int seconds;
};

/** ipvs_connection_parse() - a line of /proc/net/ip_vs_conn; false if it is none, as the first.
 *  Source: Linux, net/netfilter/ipvs/ip_vs_conn.c, ip_vs_conn_seq_show() */
bool ipvs_connection_parse(const char *line, struct ipvs_connection *ret);

/**
 * ipvs_connections_each() - all that the kernel has in this network namespace
 *
 * Blocks: with many connections for seconds. Return: 0, also without IPVS; or a negative errno
 */
int ipvs_connections_each(void (*visit)(void *owner, const struct ipvs_connection *connection),
			  void *owner, struct error *err);

#endif
