/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/base/socket_name.h"
#include "lib/http/http_server.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What a client sends to the HTTP servers of probes, metrics and health checks. Whatever it is: no
 * memory error, texts that end for whoever answers, and an answer that is HTTP, if there is one.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to read a request and to write its answer. */
#define TURNS 6

static struct ev_loop *loop;
static struct socket_name name;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void answer(void *owner, const struct http_request *request, struct http_reply *reply)
{
	(void)owner;
	reply->status = 200;
	reply->body =
		string_printf("%s %s %s %s %d\n", request->path, request->accept, request->body,
			      http_request_argument(request, "service"), request->is_verbose);
	reply->headers[0].name = "Content-Type";
	reply->headers[0].value = string_dup("text/plain");
}

/* On a port that was free a moment ago. */
static void set_up(void)
{
	const struct http_limits limits = http_limits_default(1024);
	struct sockaddr_in in;
	socklen_t length = sizeof(in);
	struct http_server *server;
	struct address address;
	struct error err = {0};
	int fd;

	require(address_parse("127.0.0.1", &address));
	name = socket_name_of(&address, 0);
	fd = socket_name_bind(&name, SOCK_STREAM);
	require(fd >= 0 && getsockname(fd, (struct sockaddr *)&in, &length) == 0);
	close(fd);
	loop = ev_loop_new(EVFLAG_AUTO);
	name = socket_name_of(&address, ntohs(in.sin_port));
	require(http_server_open(loop, http_clients_new(loop, &limits), &address,
				 ntohs(in.sin_port), answer, NULL, &server, &err) == 0);
	http_server_set_put_handler(server, answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char text[4096];
	ssize_t got;
	int fd;

	if (!loop)
		set_up();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Else the ports of this machine would be used up by connections that have ended. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	require(connect(fd, (const struct sockaddr *)&name.storage, name.length) == 0);
	(void)!send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < TURNS; i++)
		ev_run(loop, EVRUN_NOWAIT);
	got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	require(got <= 0 || (got > 9 && strncmp(text, "HTTP/1.", 7) == 0));
	close(fd);
	ev_run(loop, EVRUN_NOWAIT);
	return 0;
}
