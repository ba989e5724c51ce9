/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SOCKET_NAME_H
#define AGENT_SOCKET_NAME_H

#include "lib/base/address.h"

#include <sys/socket.h>

/**
 * struct socket_name - an address and port as the socket calls take them
 * @length:  of what is in use of @storage
 */
struct socket_name {
	struct sockaddr_storage storage;
	socklen_t length;
};

/** socket_name_of() - @address: of family AF_INET or AF_INET6; @port: in host byte order */
struct socket_name socket_name_of(const struct address *address, uint16_t port);

/**
 * socket_name_bind() - a non-blocking socket of that name, which may be taken over at once from an
 * owner that has just gone
 * @type:  SOCK_STREAM or SOCK_DGRAM
 * Return: the socket, or a negative errno
 */
int socket_name_bind(const struct socket_name *name, int type);

/**
 * socket_name_connect() - a non-blocking socket on its way there; Return: it, or a negative errno
 */
int socket_name_connect(const struct socket_name *name, int type);

#endif
