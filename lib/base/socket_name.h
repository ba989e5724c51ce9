/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_SOCKET_NAME_H
#define BASE_SOCKET_NAME_H

#include "address.h"

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
 * socket_name_address() - the address of @name, without its port
 *
 * An IPv4 address that a socket of both families shows as IPv6 (::ffff:10.0.0.1) is IPv4 again. Of
 * other families than AF_INET and AF_INET6: family 0.
 */
struct address socket_name_address(const struct socket_name *name);

/**
 * socket_name_listen() - a non-blocking socket on which connections come in
 * @address:  family 0 = every address, of both families where the host has IPv6
 * @port:     in host byte order
 * Return: the socket, or a negative errno; -EADDRINUSE if somebody else has the port
 */
int socket_name_listen(const struct address *address, uint16_t port);

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
