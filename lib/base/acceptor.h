/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_ACCEPTOR_H
#define BASE_ACCEPTOR_H

#include "socket_name.h"

#include <ev.h>

/**
 * struct acceptor - takes the connections of a listening socket, a few per turn of the loop
 *
 * Where the process or the host is out of descriptors or memory the socket would stay readable, and
 * the loop would never rest: it is left alone for a moment then. Nothing else ever takes it out of
 * the loop, so no flood and no limit can leave it deaf.
 */
struct acceptor;

/**
 * acceptor_new() - begin
 * @fd:        a non-blocking listening socket; owned from now on
 * @accepted:  called for each connection with its non-blocking socket, which is the callee's, and
 *             with the name of the other end; must not free the acceptor
 */
struct acceptor *acceptor_new(struct ev_loop *loop, int fd,
			      void (*accepted)(void *owner, int fd, const struct socket_name *peer),
			      void *owner);

/** acceptor_free() - close the socket; NULL is fine */
void acceptor_free(struct acceptor *acceptor);

#endif
