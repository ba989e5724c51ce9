/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_server.h"

#include "lib/base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client that says nothing for so long is dropped. */
#define IDLE_SECONDS 10U

/* Health checkers and scrapers are few; more connections than this are somebody's mistake. */
#define CONNECTION_LIMIT 64U

struct http_server {
	struct ev_loop *loop;
	void (*handler)(void *user, const struct http_request *request, struct http_reply *reply);
	void *user;
	struct MHD_Daemon *daemon;
	ev_io ready;
	ev_timer timeout;
};

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct http_reply *reply)
{
	size_t size = reply->body ? strlen(reply->body) : 0;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		size, reply->body ? reply->body : string_dup(""), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	for (size_t i = 0; i < HTTP_REPLY_HEADERS; i++) {
		if (!reply->headers[i].name)
			continue;
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
		free(reply->headers[i].value);
	}
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result note_argument(void *user, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	struct http_request *request = user;

	(void)kind;
	(void)value;
	request->is_verbose |= strcmp(name, "verbose") == 0;
	return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *data_size, void **state)
{
	struct http_server *server = user;
	struct http_reply reply = {.status = MHD_HTTP_NOT_FOUND};
	struct http_request request = {.path = path};

	(void)version;
	(void)data;
	if (!*state) {
		/* The first call has the headers only; the answer belongs to the second. */
		*state = server;
		return MHD_YES;
	}
	if (*data_size) {
		*data_size = 0;
		return MHD_YES;
	}
	request.accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	if (!request.accept)
		request.accept = "";
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, note_argument, &request);
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		server->handler(server->user, &request, &reply);
	else
		reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
	return send_reply(connection, &reply);
}

static void run(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	MHD_run(server->daemon);
	ev_timer_stop(server->loop, &server->timeout);
	if (MHD_get_timeout(server->daemon, &milliseconds) == MHD_YES) {
		ev_timer_set(&server->timeout, (double)milliseconds / 1000, 0.);
		ev_timer_start(server->loop, &server->timeout);
	}
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	run(container_of(io, struct http_server, ready));
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	run(container_of(timer, struct http_server, timeout));
}

/* Fills @storage; Return: its size in use */
static socklen_t socket_address(const struct address *address, uint16_t port,
				struct sockaddr_storage *storage)
{
	memset(storage, 0, sizeof(*storage));
	if (address->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)storage;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static int listen_at(const struct address *address, uint16_t port)
{
	struct sockaddr_storage storage;
	socklen_t size = socket_address(address, port, &storage);
	int on = 1, both = 0;
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (storage.ss_family == AF_INET6) {
		both = address->family != 0;
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both));
	}
	if (bind(fd, (struct sockaddr *)&storage, size) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static int listen_anywhere(const struct address *address, uint16_t port)
{
	static const struct address any4 = {.family = AF_INET};
	int fd = listen_at(address, port);

	/* A host without IPv6 has only the other family to listen on. */
	if (fd == -EAFNOSUPPORT && !address->family)
		fd = listen_at(&any4, port);
	return fd;
}

int http_server_open(struct ev_loop *loop, const struct address *address, uint16_t port,
		     void (*handler)(void *user, const struct http_request *request,
				     struct http_reply *reply),
		     void *user, struct http_server **ret, struct error *err)
{
	struct http_server *server;
	char text[ADDRESS_TEXT_SIZE];
	int fd = listen_anywhere(address, port);

	if (fd < 0)
		return error_set(err, fd, "listening on %s: %s",
				 address_port_text(address, port, text), strerror(-fd));
	server = memory_allocate(sizeof(*server));
	server->loop = loop;
	server->handler = handler;
	server->user = user;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, port, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTION_LIMIT, MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		free(server);
		return error_set(err, -EIO, "libmicrohttpd cannot serve %s",
				 address_port_text(address, port, text));
	}
	ev_timer_init(&server->timeout, on_timeout, 0., 0.);
	ev_io_init(&server->ready, on_ready,
		   MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		   EV_READ);
	ev_io_start(loop, &server->ready);
	*ret = server;
	return 0;
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	ev_io_stop(server->loop, &server->ready);
	ev_timer_stop(server->loop, &server->timeout);
	MHD_stop_daemon(server->daemon);
	free(server);
}
