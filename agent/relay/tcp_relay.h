/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TCP_RELAY_H
#define AGENT_TCP_RELAY_H

#include "lib/base/socket_name.h"

#include <ev.h>
#include <stddef.h>

/**
 * struct tcp_relay - passes TCP connections on to other addresses
 *
 * The kernel moves the data (splice), from a socket through a pipe to the other one. A half that
 * ends is ended at the other side, too, while the other half goes on. An idle connection stays as
 * long as both sides answer keepalives.
 */
struct tcp_relay;

/** struct tcp_relay_listener - where connections come in */
struct tcp_relay_listener;

/** tcp_relay_new() - @limit: connections at once; more are reset. Each takes six descriptors. */
struct tcp_relay *tcp_relay_new(struct ev_loop *loop, size_t limit);

/** tcp_relay_free() - ends all connections; all listeners have to be closed before */
void tcp_relay_free(struct tcp_relay *relay);

/**
 * tcp_relay_listen() - pass connections to @name on to @target
 * @ret:  to be closed by the caller
 * Return: 0 or a negative errno
 */
int tcp_relay_listen(struct tcp_relay *relay, const struct socket_name *name,
		     const struct socket_name *target, struct tcp_relay_listener **ret);

/** tcp_relay_close() - no new connections; those that are there go on */
void tcp_relay_close(struct tcp_relay_listener *listener);

/** tcp_relay_connection_count() - under way */
size_t tcp_relay_connection_count(const struct tcp_relay *relay);

#endif
