/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_UDP_RELAY_H
#define AGENT_UDP_RELAY_H

#include "lib/base/socket_name.h"

#include <ev.h>
#include <stddef.h>

/**
 * struct udp_relay - passes datagrams on to other addresses, and the answers back
 *
 * Each client of each listener has a socket of its own at the other side, so that answers find it;
 * it is closed when nothing came either way for a while.
 */
struct udp_relay;

/** struct udp_relay_listener - where datagrams come in */
struct udp_relay_listener;

/**
 * udp_relay_new()
 * @limit:         clients at once; one more takes the place of the one that was idle longest
 * @idle_seconds:  after which a client is forgotten
 */
struct udp_relay *udp_relay_new(struct ev_loop *loop, size_t limit, double idle_seconds);

/** udp_relay_free() - all listeners have to be closed before */
void udp_relay_free(struct udp_relay *relay);

/** udp_relay_listen() - as tcp_relay_listen() */
int udp_relay_listen(struct udp_relay *relay, const struct socket_name *name,
		     const struct socket_name *target, struct udp_relay_listener **ret);

/** udp_relay_close() - forgets the clients, too */
void udp_relay_close(struct udp_relay_listener *listener);

/** udp_relay_client_count() - clients that have a socket */
size_t udp_relay_client_count(const struct udp_relay *relay);

#endif
