/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include "lib/base/address.h"

#include <ev.h>
#include <stddef.h>

/**
 * struct http_clients - the connections of all HTTP servers, and how many and how long there may be
 *
 * Probes and scrapers ask at once and read at once. Whoever does not is in the way of others, so
 * the one that has been there longest goes whenever room is needed, and room is always made:
 *
 *   from the same address to the same server  another one of these goes
 *   to the same server from other hosts       one from the address that has most of them goes
 *   to the same server from this host         one of these goes; other hosts do not count here, so
 *                                             none of them can keep the kubelet out
 *   in all                                    the oldest one from another host goes
 *
 * An IPv6 client counts with all of its /64, since whoever has one address there has them all. A
 * request has to be complete, and a connection over, in a time that nothing extends.
 */
struct http_clients;

/** struct http_client - one connection */
struct http_client;

/**
 * struct http_limits - see above; times in seconds
 * @request:     from the connection, or from the answer before, to the end of the header
 * @connection:  from the connection to its end
 */
struct http_limits {
	size_t per_address;
	size_t per_server; /* of other hosts, and as many again of this one */
	size_t total;
	double request;
	double connection;
};

/** http_limits_default() - @descriptors: how many files this process may have open */
struct http_limits http_limits_default(size_t descriptors);

/** http_clients_new() - @limits: copied */
struct http_clients *http_clients_new(struct ev_loop *loop, const struct http_limits *limits);

/** http_clients_free() - all servers have to be closed before; NULL is fine */
void http_clients_free(struct http_clients *clients);

/**
 * http_clients_add() - a new connection; one that has to make room for it is shut down
 * @server:    any pointer that tells servers apart
 * @fd:        stays the caller's, which closes it after http_client_free(); where time is over or
 *             room is needed it is shut down, and reads as ended
 * @is_local:  whether it comes from this host
 */
struct http_client *http_clients_add(struct http_clients *clients, const void *server, int fd,
				     const struct address *address, bool is_local);

/** http_clients_find() - the connection to @server with that descriptor; NULL if there is none */
struct http_client *http_clients_find(const struct http_clients *clients, const void *server,
				      int fd);

/** http_client_asked() - the header of a request is complete */
void http_client_asked(struct http_client *client);

/** http_client_answered() - the answer is sent; time runs for the next request */
void http_client_answered(struct http_client *client);

/** http_client_free() - the connection is over */
void http_client_free(struct http_client *client);

/** http_clients_count() - connections under way, without those that were shut down */
size_t http_clients_count(const struct http_clients *clients);

#endif
