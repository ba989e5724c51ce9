/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP proxy that knows CONNECT alone, to addresses, not names: "connect_proxy PORT". Prints
 * "CONNECT ADDRESS:PORT AUTHORIZATION" for each connection, "-" without authorization. The first
 * line is "listening". A process serves each connection.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_SIZE = 8192 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_at(const char *port)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
	const int on = 1, off = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 64) < 0)
		die("listen");
	return fd;
}

/* Up to the empty line, which is where the client waits. */
static void read_head(int client, char head[HEAD_SIZE])
{
	size_t used = 0;

	while (used < HEAD_SIZE - 1 && !strstr(head, "\r\n\r\n")) {
		ssize_t part = read(client, head + used, HEAD_SIZE - 1 - used);

		if (part <= 0)
			exit(1);
		used += (size_t)part;
		head[used] = '\0';
	}
}

/* @target: "10.0.0.1:443" or "[fd00::1]:443" */
static int connect_to(char *target)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	char *colon = strrchr(target, ':'), *host = target;
	struct addrinfo *found = NULL;
	int fd = -1;

	if (!colon)
		return -1;
	*colon = '\0';
	if (*host == '[') {
		host++;
		colon[-1] = '\0';
	}
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static bool pass_on(int from, int to)
{
	char buffer[16384];
	ssize_t size = read(from, buffer, sizeof(buffer));

	for (ssize_t done = 0; done < size;) {
		ssize_t part = write(to, buffer + done, (size_t)(size - done));

		if (part <= 0)
			return false;
		done += part;
	}
	return size > 0;
}

static void serve(int client)
{
	static const char *const answers[] = {"HTTP/1.1 502 Bad Gateway\r\n\r\n",
					      "HTTP/1.1 200 OK\r\n\r\n"};
	char head[HEAD_SIZE] = "", target[256] = "", authorization[256] = "-";
	const char *header;
	int server;

	read_head(client, head);
	if (sscanf(head, "CONNECT %255s ", target) != 1)
		exit(1);
	header = strcasestr(head, "\r\nProxy-Authorization: ");
	if (header)
		sscanf(header, " %*s %255[^\r]", authorization);
	printf("CONNECT %s %s\n", target, authorization);
	fflush(stdout);
	server = connect_to(target);
	if (write(client, answers[server >= 0], strlen(answers[server >= 0])) < 0 || server < 0)
		exit(1);
	for (;;) {
		struct pollfd polled[2] = {{.fd = client, .events = POLLIN},
					   {.fd = server, .events = POLLIN}};

		if (poll(polled, 2, -1) < 0 || (polled[0].revents && !pass_on(client, server)) ||
		    (polled[1].revents && !pass_on(server, client)))
			exit(0);
	}
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 2) {
		fputs("usage: connect_proxy PORT\n", stderr);
		return 2;
	}
	listener = listen_at(argv[1]);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	puts("listening");
	fflush(stdout);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			die("accept");
		if (fork() == 0) {
			close(listener);
			serve(client);
		}
		close(client);
	}
}
