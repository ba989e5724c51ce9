/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of an HTTP server that ask for nothing: "crowd ADDRESS PORT COUNT SECONDS". Opens COUNT
 * connections, prints "connected", sends one byte of a header on each every second for SECONDS, and
 * opens those again that the server has ended; then closes all.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD_MAX = 1000 };

static struct addrinfo *server;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_one(void)
{
	static const char begin[] = "GET / HTTP/1.1\r\nX: ";
	int fd = socket(server->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (connect(fd, server->ai_addr, server->ai_addrlen) < 0)
		die("connect");
	send(fd, begin, strlen(begin), MSG_NOSIGNAL);
	return fd;
}

static int is_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || send(fd, "x", 1, MSG_NOSIGNAL) < 0;
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	int sockets[CROWD_MAX];
	long count, seconds;

	if (argc != 5 || getaddrinfo(argv[1], argv[2], &hints, &server) != 0) {
		fprintf(stderr, "usage: crowd ADDRESS PORT COUNT SECONDS\n");
		return 2;
	}
	count = strtol(argv[3], NULL, 10);
	seconds = strtol(argv[4], NULL, 10);
	if (count > CROWD_MAX)
		count = CROWD_MAX;

	for (long i = 0; i < count; i++)
		sockets[i] = open_one();
	puts("connected");
	fflush(stdout);
	for (; seconds > 0; seconds--) {
		sleep(1);
		for (long i = 0; i < count; i++) {
			if (!is_ended(sockets[i]))
				continue;
			close(sockets[i]);
			sockets[i] = open_one();
		}
	}
	for (long i = 0; i < count; i++)
		close(sockets[i]);
	freeaddrinfo(server);
	return 0;
}
