/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_cost SERVER-NAMESPACE CLIENT-NAMESPACE ADDRESS PORT TARGET-PORT COUNT ROUNDS
 *
 * What an operation costs all of the machine, where its clock counts instructions (boot
 * --count-instructions): one process is client and server, with sockets in two network namespaces,
 * so that nobody waits for anybody and no processor is idle. Asked are TCP and UDP at ADDRESS and
 * PORT; whatever is between leads to TARGET-PORT of the server.
 *
 *   conn  connect, a byte there and back, reset
 *   rr    a byte there and back on a connection that is open
 *   udp   a new socket, a byte there and back
 *
 * Prints "OPERATION VALUE" ROUNDS times for each, nanoseconds of an operation, each the mean of
 * COUNT operations, after as many that do not count. A port 0 leaves the protocol out:
 * PORT is TCP[,UDP], TARGET-PORT likewise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct bench {
	int client_namespace;
	sa_family_t family;
	struct sockaddr_storage tcp, udp; /* what is asked */
	socklen_t name_length;
	int listener, datagrams; /* the server's */
	int client, server;	 /* both ends of the open connection of rr */
};

static void die(const char *what)
{
	fprintf(stderr, "packet_cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

/* An address of the family, with that port; NULL is any address. */
static struct sockaddr_storage name_of(sa_family_t family, const char *address, uint16_t port)
{
	struct sockaddr_storage name = {.ss_family = family};
	struct sockaddr_in *in = (struct sockaddr_in *)&name;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&name;

	if (family == AF_INET)
		in->sin_port = htons(port);
	else
		in6->sin6_port = htons(port);
	if (address &&
	    inet_pton(family, address,
		      family == AF_INET ? (void *)&in->sin_addr : (void *)&in6->sin6_addr) != 1)
		die(address);
	return name;
}

static int open_server(const struct bench *bench, int type, uint16_t port)
{
	const struct sockaddr_storage name = name_of(bench->family, NULL, port);
	int fd = socket(bench->family, type, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&name, bench->name_length) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 16) < 0)
		die("listen");
	return fd;
}

/*
 * Whoever sends hands the packet over at once, through all namespaces, so that it is there; where
 * something took a detour nevertheless, this waits for it.
 */
static void expect(int fd, short events)
{
	struct pollfd polled = {.fd = fd, .events = events};

	if (poll(&polled, 1, 5000) != 1)
		die("nothing came");
}

static void send_byte(int fd)
{
	if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
		die("send");
}

static void receive_byte(int fd)
{
	char byte;

	expect(fd, POLLIN);
	if (recv(fd, &byte, 1, 0) != 1)
		die("recv");
}

/* A byte there and back. */
static void exchange(int client, int server)
{
	send_byte(client);
	receive_byte(server);
	send_byte(server);
	receive_byte(client);
}

static void connect_both(struct bench *bench, int *client, int *server)
{
	const struct linger at_once = {.l_onoff = 1};

	*client = socket(bench->family, SOCK_STREAM, 0);
	if (*client < 0)
		die("socket");
	setsockopt(*client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(*client, (const struct sockaddr *)&bench->tcp, bench->name_length) < 0)
		die("connect");
	expect(bench->listener, POLLIN);
	*server = accept(bench->listener, NULL, NULL);
	if (*server < 0)
		die("accept");
}

static void operate_conn(struct bench *bench)
{
	int client, server;

	connect_both(bench, &client, &server);
	exchange(client, server);
	close(client); /* a reset, as said above */
	close(server);
}

static void operate_rr(struct bench *bench)
{
	exchange(bench->client, bench->server);
}

static void operate_udp(struct bench *bench)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof(peer);
	char byte;
	int fd = socket(bench->family, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&bench->udp, bench->name_length) < 0)
		die("udp");
	send_byte(fd);
	expect(bench->datagrams, POLLIN);
	if (recvfrom(bench->datagrams, &byte, 1, 0, (struct sockaddr *)&peer, &length) != 1 ||
	    sendto(bench->datagrams, &byte, 1, 0, (const struct sockaddr *)&peer, length) != 1)
		die("udp answer");
	receive_byte(fd);
	close(fd);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void measure(struct bench *bench, const char *name, void (*operate)(struct bench *),
		    long count, long rounds)
{
	for (long round = 0; round <= rounds; round++) {
		int64_t start = now();

		for (long i = 0; i < count; i++)
			operate(bench);
		if (round)
			printf("%s %.1f\n", name, (double)(now() - start) / (double)count);
	}
}

/* The two numbers of "TCP,UDP". */
static void parse_ports(const char *text, uint16_t ports[2])
{
	unsigned tcp, udp;

	if (sscanf(text, "%u,%u", &tcp, &udp) != 2 || tcp > UINT16_MAX || udp > UINT16_MAX) {
		errno = EINVAL;
		die(text);
	}
	ports[0] = (uint16_t)tcp;
	ports[1] = (uint16_t)udp;
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	uint16_t ports[2], target_ports[2];

	if (argc != 8) {
		fputs("usage: packet_cost SERVER-NAMESPACE CLIENT-NAMESPACE ADDRESS "
		      "TCP-PORT,UDP-PORT "
		      "TARGET-TCP-PORT,TARGET-UDP-PORT COUNT ROUNDS\n",
		      stderr);
		return 2;
	}
	parse_ports(argv[4], ports);
	parse_ports(argv[5], target_ports);
	bench.family = strchr(argv[3], ':') ? AF_INET6 : AF_INET;
	bench.name_length =
		bench.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	bench.tcp = name_of(bench.family, argv[3], ports[0]);
	bench.udp = name_of(bench.family, argv[3], ports[1]);
	long count = strtol(argv[6], NULL, 10), rounds = strtol(argv[7], NULL, 10);

	enter(argv[1]);
	bench.listener = open_server(&bench, SOCK_STREAM, target_ports[0]);
	bench.datagrams = open_server(&bench, SOCK_DGRAM, target_ports[1]);
	enter(argv[2]);
	measure(&bench, "conn", operate_conn, count, rounds);
	connect_both(&bench, &bench.client, &bench.server);
	measure(&bench, "rr", operate_rr, count, rounds);
	measure(&bench, "udp", operate_udp, count, rounds);
	return 0;
}
