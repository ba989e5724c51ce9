/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_REPLAY_SERVER_H
#define FAKE_REPLAY_SERVER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct replay_server - an HTTP/1.1 server on 127.0.0.1 that answers with prepared bytes
 *
 * Lives in the test's own event loop. Each answer is used once, for the next request whose target
 * contains its text; a request for which none is left stays open without an answer. So does a
 * connection after an answer that does not say how long it is.
 */
struct replay_server;

/**
 * struct replay_answer - bytes to be sent
 * @target:   part of the request's target, such as "/api/v1/services?"
 * @bytes:    the whole response, copied; @size of them
 * @piece:    bytes per write, each in a segment of its own; 0 = all at once
 * @is_last:  the connection is closed behind it
 * @is_reset: the connection is reset behind it
 */
struct replay_answer {
	const char *target;
	const char *bytes;
	size_t size;
	size_t piece;
	bool is_last;
	bool is_reset;
};

/** replay_server_new() - listening; ends the test if it cannot */
struct replay_server *replay_server_new(struct ev_loop *loop);
void replay_server_free(struct replay_server *server);

unsigned int replay_server_port(const struct replay_server *server);

void replay_server_add(struct replay_server *server, const struct replay_answer *answer);

/** replay_server_request_count() - requests so far */
size_t replay_server_request_count(const struct replay_server *server);

/** replay_server_request() - the whole header of a request, with its body as far as it came */
const char *replay_server_request(const struct replay_server *server, size_t index);

/** replay_server_drop() - reset all connections */
void replay_server_drop(struct replay_server *server);

#endif
