/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_relay.h"

#include "lib/base/acceptor.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <utlist.h>

/* What a pipe holds by default, and how often it is filled before others have their turn. */
#define PIPE_SIZE      65536
#define FILLS_PER_TURN 8

/**
 * struct half - one direction of a connection
 * @filled:    bytes in the pipe
 * @is_ended:  @from has no more to say
 * @is_shut:   and @to has been told
 */
struct half {
	struct connection *connection;
	int from;
	int to;
	int pipe[2];
	size_t filled;
	bool is_ended;
	bool is_shut;
	ev_io readable;
	ev_io writable;
};

/* @halves: from the client and to it; what is watched while connecting is the first's writable */
struct connection {
	struct connection *previous, *next;
	struct tcp_relay *relay;
	struct half halves[2];
	bool is_connected;
};

struct tcp_relay {
	struct ev_loop *loop;
	struct connection *connections;
	size_t count;
	size_t limit;
};

struct tcp_relay_listener {
	struct tcp_relay *relay;
	struct socket_name target;
	struct acceptor *acceptor;
};

static void close_pipe(const struct half *half)
{
	if (half->pipe[0] >= 0)
		close(half->pipe[0]);
	if (half->pipe[1] >= 0)
		close(half->pipe[1]);
}

static void reset_on_close(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void connection_drop(struct connection *connection)
{
	struct tcp_relay *relay = connection->relay;

	for (size_t i = 0; i < COUNT(connection->halves); i++) {
		struct half *half = &connection->halves[i];

		ev_io_stop(relay->loop, &half->readable);
		ev_io_stop(relay->loop, &half->writable);
		close_pipe(half);
		if (half->from >= 0)
			close(half->from);
	}
	DL_DELETE2(relay->connections, connection, previous, next);
	relay->count--;
	free(connection);
}

/* Whoever is not told by the end of its peer's data learns from a reset that there was an error. */
static void connection_reset(struct connection *connection)
{
	for (size_t i = 0; i < COUNT(connection->halves); i++)
		if (connection->halves[i].from >= 0)
			reset_on_close(connection->halves[i].from);
	connection_drop(connection);
}

static void set_active(struct ev_loop *loop, ev_io *watcher, bool is_wanted)
{
	if (is_wanted)
		ev_io_start(loop, watcher);
	else
		ev_io_stop(loop, watcher);
}

/* Return: bytes moved; 0 at the end; -EAGAIN to wait; another negative errno */
static ssize_t move(int from, int to, size_t size)
{
	ssize_t moved;

	do
		moved = splice(from, NULL, to, NULL, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	while (moved < 0 && errno == EINTR);
	return moved < 0 ? -errno : moved;
}

/* One filling and emptying of the pipe. Return: 1 to go on, 0 to wait, or a negative errno */
static int pump_once(struct half *half)
{
	ssize_t moved;

	if (!half->filled) {
		moved = move(half->from, half->pipe[1], PIPE_SIZE);
		if (moved < 0)
			return moved == -EAGAIN ? 0 : (int)moved;
		if (moved == 0) {
			half->is_ended = true;
			return 0;
		}
		half->filled = (size_t)moved;
	}
	while (half->filled) {
		moved = move(half->pipe[0], half->to, half->filled);
		if (moved == -EAGAIN)
			return 0;
		if (moved <= 0)
			return moved < 0 ? (int)moved : -EPIPE;
		half->filled -= (size_t)moved;
	}
	return 1;
}

static void pump(struct half *half)
{
	struct connection *connection = half->connection;
	struct ev_loop *loop = connection->relay->loop;
	int r = 1;

	for (int i = 0; i < FILLS_PER_TURN && r == 1; i++)
		r = pump_once(half);
	if (r < 0) {
		connection_reset(connection);
		return;
	}
	if (half->is_ended && !half->filled && !half->is_shut) {
		shutdown(half->to, SHUT_WR);
		half->is_shut = true;
	}
	if (connection->halves[0].is_shut && connection->halves[1].is_shut) {
		connection_drop(connection);
		return;
	}
	set_active(loop, &half->readable, !half->is_ended && !half->filled);
	set_active(loop, &half->writable, half->filled > 0);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	pump(container_of(io, struct half, readable));
}

static void connection_begin(struct connection *connection)
{
	struct ev_loop *loop = connection->relay->loop;
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(connection->halves[0].to, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		connection_reset(connection);
		return;
	}
	connection->is_connected = true;
	ev_io_stop(loop, &connection->halves[0].writable);
	for (size_t i = 0; i < COUNT(connection->halves); i++)
		ev_io_start(loop, &connection->halves[i].readable);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	struct half *half = container_of(io, struct half, writable);

	(void)loop;
	(void)events;
	if (half->connection->is_connected)
		pump(half);
	else
		connection_begin(half->connection);
}

static void half_init(struct half *half, struct connection *connection, int from, int to)
{
	const int on = 1;

	half->connection = connection;
	half->from = from;
	half->to = to;
	if (pipe2(half->pipe, O_NONBLOCK | O_CLOEXEC) < 0)
		half->pipe[0] = half->pipe[1] = -1;
	setsockopt(from, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	ev_io_init(&half->readable, on_readable, from, EV_READ);
	ev_io_init(&half->writable, on_writable, to, EV_WRITE);
}

static void relay_connection(struct tcp_relay_listener *listener, int client)
{
	struct tcp_relay *relay = listener->relay;
	struct connection *connection;
	int target;

	if (relay->count == relay->limit) {
		reset_on_close(client);
		close(client);
		return;
	}
	target = socket_name_connect(&listener->target, SOCK_STREAM);
	connection = memory_allocate(sizeof(*connection));
	connection->relay = relay;
	half_init(&connection->halves[0], connection, client, target);
	half_init(&connection->halves[1], connection, target, client);
	DL_APPEND2(relay->connections, connection, previous, next);
	relay->count++;
	if (target < 0 || connection->halves[0].pipe[0] < 0 || connection->halves[1].pipe[0] < 0)
		connection_reset(connection);
	else
		ev_io_start(relay->loop, &connection->halves[0].writable);
}

static void on_accepted(void *owner, int client, const struct socket_name *peer)
{
	(void)peer;
	relay_connection(owner, client);
}

int tcp_relay_listen(struct tcp_relay *relay, const struct socket_name *name,
		     const struct socket_name *target, struct tcp_relay_listener **ret)
{
	struct tcp_relay_listener *listener;
	int fd = socket_name_bind(name, SOCK_STREAM);

	if (fd < 0)
		return fd;
	if (listen(fd, SOMAXCONN) < 0) {
		int code = -errno;

		close(fd);
		return code;
	}
	listener = memory_allocate(sizeof(*listener));
	listener->relay = relay;
	listener->target = *target;
	listener->acceptor = acceptor_new(relay->loop, fd, on_accepted, listener);
	*ret = listener;
	return 0;
}

void tcp_relay_close(struct tcp_relay_listener *listener)
{
	if (!listener)
		return;
	acceptor_free(listener->acceptor);
	free(listener);
}

size_t tcp_relay_connection_count(const struct tcp_relay *relay)
{
	return relay->count;
}

struct tcp_relay *tcp_relay_new(struct ev_loop *loop, size_t limit)
{
	struct tcp_relay *relay = memory_allocate(sizeof(*relay));

	relay->loop = loop;
	relay->limit = limit;
	return relay;
}

void tcp_relay_free(struct tcp_relay *relay)
{
	if (!relay)
		return;
	while (relay->connections)
		connection_reset(relay->connections);
	free(relay);
}
