/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http_clients.h"
#include "lib/base/address.h"
#include "lib/base/error.h"

#include <ev.h>

/**
 * struct http_server - one listening address, answered with libmicrohttpd, driven by the event loop
 *
 * The server takes its connections itself and hands them to libmicrohttpd, which takes its own
 * listening socket out of epoll when its limit is reached, and puts it back only when something
 * else happens. How many there may be, and how long each, is the matter of struct http_clients.
 */
struct http_server;

/**
 * struct http_request - what is asked for
 * @accept:      the Accept header, "" without one
 * @is_verbose:  the query has "verbose"
 * @body:        of a PUT, cut off after some bytes; else ""
 * @connection:  libmicrohttpd's, for http_request_argument(); NULL = there are no arguments
 */
struct http_request {
	const char *path;
	const char *accept;
	bool is_verbose;
	const char *body;
	struct MHD_Connection *connection;
};

/** http_request_argument() - of the query, unescaped; "" if it has no such argument */
const char *http_request_argument(const struct http_request *request, const char *name);

#define HTTP_REPLY_HEADERS 4

/**
 * struct http_reply - what a handler fills
 * @status:   404 with an empty body unless the handler sets it
 * @body:     malloc()ed, freed by the server; NULL = empty
 * @headers:  name and value; values are malloc()ed, freed by the server
 */
struct http_reply {
	unsigned int status;
	char *body;
	struct {
		const char *name;
		char *value;
	} headers[HTTP_REPLY_HEADERS];
};

/**
 * http_server_open() - listen
 * @clients:  those of all servers; must outlive this one
 * @address:  family 0 = every address of both families
 * @handler:  called on the loop for each GET
 * Return: 0, or a negative errno: -EADDRINUSE if somebody else has the port
 */
int http_server_open(struct ev_loop *loop, struct http_clients *clients,
		     const struct address *address, uint16_t port,
		     void (*handler)(void *owner, const struct http_request *request,
				     struct http_reply *reply),
		     void *owner, struct http_server **ret, struct error *err);

/** http_server_set_put_handler() - @handler: called for each PUT, which is refused without one */
void http_server_set_put_handler(struct http_server *server,
				 void (*handler)(void *owner, const struct http_request *request,
						 struct http_reply *reply));

/** http_server_close() - stop listening, drop connections; NULL is fine */
void http_server_close(struct http_server *server);

#endif
