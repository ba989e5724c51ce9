/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_server.h"

#include "lib/base/acceptor.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

/* Bytes for the header of a request and that of its answer. */
#define CONNECTION_MEMORY ((size_t)16384)

/* Never reached: http_clients knows an own, lower limit. */
#define CONNECTION_LIMIT 4096U

/* What came behind the header of a request; a PUT's is a word or a number. */
struct body {
	size_t used;
	char text[64];
};

struct http_server {
	struct ev_loop *loop;
	struct http_clients *clients;
	struct acceptor *acceptor;
	void (*handler)(void *owner, const struct http_request *request, struct http_reply *reply);
	void (*put_handler)(void *owner, const struct http_request *request,
			    struct http_reply *reply);
	void *owner;
	struct MHD_Daemon *daemon;
	ev_io ready;
	struct timer again;
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

static enum MHD_Result note_argument(void *owner, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	struct http_request *request = owner;

	(void)kind;
	(void)value;
	request->is_verbose |= strcmp(name, "verbose") == 0;
	return MHD_YES;
}

const char *http_request_argument(const struct http_request *request, const char *name)
{
	const char *value = NULL;

	if (request->connection)
		value = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND,
						    name);
	return value ? value : "";
}

static struct http_client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void append(struct body *body, const char *data, size_t size)
{
	size_t room = sizeof(body->text) - 1 - body->used;
	size_t taken = size < room ? size : room;

	memcpy(body->text + body->used, data, taken);
	body->used += taken;
}

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *data_size, void **state)
{
	struct http_server *server = owner;
	struct http_reply reply = {.status = MHD_HTTP_NOT_FOUND};
	struct http_request request = {.path = path, .connection = connection};
	struct body *body = *state;

	(void)version;
	if (!body) {
		/* The first call has the headers only; the answer belongs to the last. */
		*state = memory_allocate(sizeof(*body));
		http_client_asked(client_of(connection));
		return MHD_YES;
	}
	if (*data_size) {
		append(body, data, *data_size);
		*data_size = 0;
		return MHD_YES;
	}
	request.body = body->text;
	request.accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	if (!request.accept)
		request.accept = "";
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, note_argument, &request);
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		server->handler(server->owner, &request, &reply);
	else if (server->put_handler && strcmp(method, MHD_HTTP_METHOD_PUT) == 0)
		server->put_handler(server->owner, &request, &reply);
	else
		reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
	return send_reply(connection, &reply);
}

static void on_answered(void *owner, struct MHD_Connection *connection, void **state,
			enum MHD_RequestTerminationCode code)
{
	(void)owner;
	(void)code;
	free(take(state));
	http_client_answered(client_of(connection));
}

static void on_connection(void *owner, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = owner;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = http_clients_find(
			server->clients, server,
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd);
	else
		http_client_free(take(context));
}

static void run(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &milliseconds) == MHD_YES)
		timer_start(&server->again, (double)milliseconds / 1000);
	else
		timer_stop(&server->again);
}

static void on_again(void *owner)
{
	run(owner);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	run(container_of(io, struct http_server, ready));
}

/* Whether the other end is on this host: it has the address that it talks to, or a loopback one. */
static bool is_from_here(int fd, const struct address *peer)
{
	struct socket_name own = {.length = sizeof(own.storage)};
	struct address address;

	if (address_is_loopback(peer))
		return true;
	if (getsockname(fd, (struct sockaddr *)&own.storage, &own.length) < 0)
		return false;
	address = socket_name_address(&own);
	return address_is_equal(&address, peer);
}

static void on_accepted(void *owner, int fd, const struct socket_name *peer)
{
	struct http_server *server = owner;
	struct address address = socket_name_address(peer);

	http_clients_add(server->clients, server, fd, &address, is_from_here(fd, &address));
	/* Where libmicrohttpd cannot take it, it closes the socket, and may or may not tell. */
	if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&peer->storage,
			       peer->length) != MHD_YES)
		http_client_free(http_clients_find(server->clients, server, fd));
	timer_start(&server->again, 0);
}

static int start_daemon(struct http_server *server, struct error *err)
{
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_answered, server, MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
	if (!server->daemon)
		return error_set(err, -EIO, "libmicrohttpd does not start");
	ev_io_init(&server->ready, on_ready,
		   MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		   EV_READ);
	ev_io_start(server->loop, &server->ready);
	return 0;
}

int http_server_open(struct ev_loop *loop, struct http_clients *clients,
		     const struct address *address, uint16_t port,
		     void (*handler)(void *owner, const struct http_request *request,
				     struct http_reply *reply),
		     void *owner, struct http_server **ret, struct error *err)
{
	struct http_server *server;
	char text[ADDRESS_TEXT_SIZE];
	int fd = socket_name_listen(address, port), r;

	if (fd < 0)
		return error_set(err, fd, "listening on %s: %s",
				 address_port_text(address, port, text), strerror(-fd));
	server = memory_allocate(sizeof(*server));
	server->loop = loop;
	server->clients = clients;
	server->handler = handler;
	server->owner = owner;
	timer_init(&server->again, loop, on_again, server);
	r = start_daemon(server, err);
	if (r < 0) {
		close(fd);
		free(server);
		return error_wrap(err, r, "serving %s", address_port_text(address, port, text));
	}
	server->acceptor = acceptor_new(loop, fd, on_accepted, server);
	*ret = server;
	return 0;
}

void http_server_set_put_handler(struct http_server *server,
				 void (*handler)(void *owner, const struct http_request *request,
						 struct http_reply *reply))
{
	server->put_handler = handler;
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	acceptor_free(server->acceptor);
	ev_io_stop(server->loop, &server->ready);
	timer_stop(&server->again);
	MHD_stop_daemon(server->daemon);
	free(server);
}
