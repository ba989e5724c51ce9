/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay_server.h"

#include "lib/base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define REQUEST_LIMIT 65536

struct answer {
	struct answer *next;
	char *target;
	char *bytes;
	size_t size;
	size_t piece;
	bool is_last;
	bool is_reset;
};

struct connection {
	struct connection *prev, *next;
	struct replay_server *server;
	ev_io readable;
	ev_timer writing;
	char request[REQUEST_LIMIT];
	size_t length;
	struct answer *answer;
	size_t sent;
};

struct replay_server {
	struct ev_loop *loop;
	ev_io acceptable;
	unsigned int port;
	struct answer *answers;
	struct connection *connections;
	char **requests;
	size_t request_count;
	size_t request_capacity;
};

static void fail(const char *what)
{
	fprintf(stderr, "replay server: %s: %s\n", what, strerror(errno));
	abort();
}

static void free_answer(struct answer *answer)
{
	if (!answer)
		return;
	free(answer->target);
	free(answer->bytes);
	free(answer);
}

static void close_connection(struct connection *connection, bool is_reset)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	struct replay_server *server = connection->server;

	ev_io_stop(server->loop, &connection->readable);
	ev_timer_stop(server->loop, &connection->writing);
	if (is_reset)
		setsockopt(connection->readable.fd, SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
	close(connection->readable.fd);
	free_answer(connection->answer);
	DL_DELETE(server->connections, connection);
	free(connection);
}

static void on_writing(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct connection *connection = container_of(timer, struct connection, writing);
	struct answer *answer = connection->answer;
	size_t size = answer->size - connection->sent;
	ssize_t sent;

	(void)events;
	if (answer->piece && size > answer->piece)
		size = answer->piece;
	sent = send(connection->readable.fd, answer->bytes + connection->sent, size,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN) {
		close_connection(connection, false);
		return;
	}
	connection->sent += sent > 0 ? (size_t)sent : 0;
	if (connection->sent < answer->size) {
		ev_timer_set(timer, 0., 0.);
		ev_timer_start(loop, timer);
	} else if (answer->is_last || answer->is_reset) {
		close_connection(connection, answer->is_reset);
	} else {
		free_answer(take(&connection->answer));
	}
}

static void note_request(struct replay_server *server, const char *request)
{
	server->requests = memory_grow(server->requests, server->request_count,
				       &server->request_capacity, sizeof(*server->requests));
	server->requests[server->request_count++] = string_dup(request);
}

static bool is_for(const struct answer *answer, const char *request)
{
	auto_memory char *line = string_printf("%.*s", (int)strcspn(request, "\r"), request);

	return strstr(line, answer->target);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct connection *connection = container_of(io, struct connection, readable);
	struct replay_server *server = connection->server;
	ssize_t length = recv(io->fd, connection->request + connection->length,
			      REQUEST_LIMIT - 1 - connection->length, 0);
	struct answer *answer;

	(void)events;
	if (length <= 0) {
		close_connection(connection, false);
		return;
	}
	connection->length += (size_t)length;
	connection->request[connection->length] = '\0';
	if (!strstr(connection->request, "\r\n\r\n"))
		return;
	note_request(server, connection->request);
	connection->length = 0;
	LL_FOREACH(server->answers, answer)
	if (is_for(answer, connection->request))
		break;
	if (!answer)
		return;
	LL_DELETE(server->answers, answer);
	connection->answer = answer;
	connection->sent = 0;
	ev_timer_set(&connection->writing, 0., 0.);
	ev_timer_start(loop, &connection->writing);
}

static void on_acceptable(struct ev_loop *loop, ev_io *io, int events)
{
	struct replay_server *server = container_of(io, struct replay_server, acceptable);
	int descriptor = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC), on = 1;
	struct connection *connection;

	(void)events;
	if (descriptor < 0)
		fail("accept");
	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection = memory_allocate(sizeof(*connection));
	connection->server = server;
	ev_io_init(&connection->readable, on_readable, descriptor, EV_READ);
	ev_timer_init(&connection->writing, on_writing, 0., 0.);
	ev_io_start(loop, &connection->readable);
	DL_APPEND(server->connections, connection);
}

struct replay_server *replay_server_new(struct ev_loop *loop)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct replay_server *server = memory_allocate(sizeof(*server));
	socklen_t length = sizeof(address);
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, length) < 0 ||
	    listen(descriptor, 16) < 0 ||
	    getsockname(descriptor, (struct sockaddr *)&address, &length) < 0)
		fail("listen");
	server->loop = loop;
	server->port = ntohs(address.sin_port);
	ev_io_init(&server->acceptable, on_acceptable, descriptor, EV_READ);
	ev_io_start(loop, &server->acceptable);
	return server;
}

void replay_server_drop(struct replay_server *server)
{
	struct connection *connection, *next;

	DL_FOREACH_SAFE(server->connections, connection, next)
	close_connection(connection, true);
}

void replay_server_free(struct replay_server *server)
{
	struct answer *answer, *next;

	replay_server_drop(server);
	LL_FOREACH_SAFE(server->answers, answer, next)
	free_answer(answer);
	for (size_t i = 0; i < server->request_count; i++)
		free(server->requests[i]);
	free(server->requests);
	ev_io_stop(server->loop, &server->acceptable);
	close(server->acceptable.fd);
	free(server);
}

unsigned int replay_server_port(const struct replay_server *server)
{
	return server->port;
}

void replay_server_add(struct replay_server *server, const struct replay_answer *answer)
{
	struct answer *copy = memory_allocate(sizeof(*copy));

	copy->target = string_dup(answer->target);
	copy->bytes = memory_allocate(answer->size + 1);
	memcpy(copy->bytes, answer->bytes, answer->size);
	copy->size = answer->size;
	copy->piece = answer->piece;
	copy->is_last = answer->is_last;
	copy->is_reset = answer->is_reset;
	LL_APPEND(server->answers, copy);
}

size_t replay_server_request_count(const struct replay_server *server)
{
	return server->request_count;
}

const char *replay_server_request(const struct replay_server *server, size_t index)
{
	return server->requests[index];
}
