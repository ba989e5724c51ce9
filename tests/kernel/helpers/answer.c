/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that says its name and who asked: the pod of the kernel tests.
 *
 * A datagram is answered with "NAME peer=ADDRESS:PORT". A TCP or SCTP connection is greeted with
 * that line; then each line received comes back as "NAME LINE", until the client closes.
 */
#include "transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SOCKETS_MAX = 4096,
	LINE_SIZE = 4096, /* more than a packet takes: what comes in one is sent in one */
};

/**
 * enum role - what a readable socket means
 *   LISTENER    a connection waits to be accepted; stays
 *   DATAGRAM    a datagram waits to be answered; stays
 *   CONNECTION  lines to echo, or the client's end; goes with the client
 */
enum role { ROLE_LISTENER, ROLE_DATAGRAM, ROLE_CONNECTION };

struct server {
	const char *name;
	nfds_t count;
	struct pollfd polled[SOCKETS_MAX];
	enum role roles[SOCKETS_MAX];
};

static void usage(void)
{
	fputs("usage: answer [--detach] NAME {tcp|udp|sctp} ADDRESS PORT [...]\n"
	      "--detach returns once all sockets listen; the server goes on in the background.\n",
	      stderr);
	exit(2);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void server_add(struct server *server, int fd, enum role role)
{
	if (server->count == SOCKETS_MAX) {
		close(fd);
		return;
	}
	server->polled[server->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	server->roles[server->count] = role;
	server->count++;
}

/* IPv6 without IPv4, which can be listened to besides, if @is_alone. */
static void listen_on(struct server *server, const struct transport *transport, int is_alone)
{
	const int on = 1;
	int fd = socket(transport->name.ss_family, transport->type, transport->protocol);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (transport->name.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_alone, sizeof(is_alone));
	if (bind(fd, (const struct sockaddr *)&transport->name, transport->name_length) < 0)
		die("bind");
	if (transport->type == SOCK_STREAM && listen(fd, 512) < 0)
		die("listen");
	server_add(server, fd, transport->type == SOCK_STREAM ? ROLE_LISTENER : ROLE_DATAGRAM);
}

/* Each family of SCTP has a socket of its own, for the reason that transport_socket() has. */
static void server_listen(struct server *server, const struct transport *transport)
{
	const bool is_sctp6 =
		transport->protocol == IPPROTO_SCTP && transport->name.ss_family == AF_INET6;
	struct transport ipv4 = *transport;
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6;

	listen_on(server, transport, is_sctp6);
	if (!is_sctp6)
		return;
	memcpy(&in6, &transport->name, sizeof(in6));
	if (!IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr))
		return;
	in.sin_port = in6.sin6_port;
	memcpy(&ipv4.name, &in, sizeof(in));
	ipv4.name_length = sizeof(in);
	listen_on(server, &ipv4, false);
}

static int greeting(const struct server *server, const struct sockaddr_storage *peer, char *line)
{
	char name[TRANSPORT_TEXT_SIZE];

	transport_print_name(peer, name);
	return snprintf(line, LINE_SIZE, "%s peer=%s\n", server->name, name);
}

static void accept_connection(struct server *server, int listener)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof(peer);
	char line[LINE_SIZE];
	int fd = accept(listener, (struct sockaddr *)&peer, &length);

	if (fd < 0)
		return;
	if (send(fd, line, (size_t)greeting(server, &peer, line), MSG_NOSIGNAL) < 0)
		close(fd);
	else
		server_add(server, fd, ROLE_CONNECTION);
}

static void answer_datagram(const struct server *server, int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof(peer);
	char line[LINE_SIZE];

	if (recvfrom(fd, line, sizeof(line), 0, (struct sockaddr *)&peer, &length) < 0)
		return;
	/* A client that went away meanwhile is no concern of the server. */
	(void)!sendto(fd, line, (size_t)greeting(server, &peer, line), MSG_NOSIGNAL,
		      (const struct sockaddr *)&peer, length);
}

/* The clients send one short line and wait for its echo, so that one read is one line. */
static bool echo_line(const struct server *server, int fd)
{
	char line[LINE_SIZE], echo[2 * LINE_SIZE];
	ssize_t length = recv(fd, line, sizeof(line), 0);

	if (length <= 0)
		return false;
	int size = snprintf(echo, sizeof(echo), "%s %.*s", server->name, (int)length, line);
	return send(fd, echo, (size_t)size, MSG_NOSIGNAL) >= 0;
}

static void server_remove(struct server *server, nfds_t i)
{
	close(server->polled[i].fd);
	server->count--;
	server->polled[i] = server->polled[server->count];
	server->roles[i] = server->roles[server->count];
}

static void server_run(struct server *server)
{
	for (;;) {
		if (poll(server->polled, server->count, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("poll");
		}
		/* Backwards: removing moves the last socket, which has been looked at, into the
		 * gap. */
		for (nfds_t i = server->count; i-- > 0;) {
			int fd = server->polled[i].fd;

			if (!server->polled[i].revents)
				continue;
			switch (server->roles[i]) {
			case ROLE_LISTENER:
				accept_connection(server, fd);
				break;
			case ROLE_DATAGRAM:
				answer_datagram(server, fd);
				break;
			case ROLE_CONNECTION:
				if (!echo_line(server, fd))
					server_remove(server, i);
				break;
			}
		}
	}
}

static void detach(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child > 0)
		exit(0);
	setsid();
	if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) ||
	    !freopen("/dev/null", "w", stderr))
		exit(1);
}

int main(int argc, char **argv)
{
	static struct server server;
	bool detached = argc > 1 && strcmp(argv[1], "--detach") == 0;
	int first = detached ? 2 : 1;

	if (argc - first < 4 || (argc - first) % 3 != 1)
		usage();
	server.name = argv[first];
	for (int i = first + 1; i < argc; i += 3) {
		struct transport transport;

		if (!transport_parse(argv[i], argv[i + 1], argv[i + 2], &transport))
			usage();
		server_listen(&server, &transport);
	}

	if (detached)
		detach();
	server_run(&server);
}
