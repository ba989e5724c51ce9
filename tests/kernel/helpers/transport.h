/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Room for "[address%scope]:port". */
enum { TRANSPORT_TEXT_SIZE = 80 };

/**
 * struct transport - a protocol, and one side's address and port
 * @type:     SOCK_STREAM for tcp and for sctp in its one-to-one style, SOCK_DGRAM for udp
 * @protocol: an IPPROTO_ number
 */
struct transport {
	int type;
	int protocol;
	struct sockaddr_storage name;
	socklen_t name_length;
};

/**
 * transport_parse() - read what a command line says
 * @protocol: tcp, udp or sctp
 * @address:  a numeric IPv4 or IPv6 address
 * @port:     0 to 65535
 * @ret:      set on success only
 *
 * Return: true, or false when one of the three is malformed.
 */
bool transport_parse(const char *protocol, const char *address, const char *port,
		     struct transport *ret);

/**
 * transport_socket() - a new socket of that family and protocol, which does not block
 *
 * SCTP offers the other side all addresses of this host, of both families unless told otherwise,
 * and tries each after its first retransmission time, 3 s. Those lead past a virtual server, to a
 * host that knows this one by a translated address only, and whose ABORT ends the association.
 * So SCTP over IPv6 does without IPv4, here as on the server's side.
 *
 * Return: the socket, or -1 and errno.
 */
int transport_socket(const struct transport *transport);

/**
 * transport_print_name() - write address and port as 10.0.0.1:80 or [fd00::1]:80
 *
 * A mapped IPv4 address, as a socket bound to :: reports it, appears as the IPv4 address.
 */
void transport_print_name(const struct sockaddr_storage *name, char text[TRANSPORT_TEXT_SIZE]);

/**
 * transport_patience() - how long to wait where @milliseconds are enough on a quiet machine
 *
 * That times the environment's KERNEL_TEST_SLOWNESS, as everything that the kernel tests wait for.
 */
int transport_patience(int milliseconds);

#endif
