/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api_server PORT SERVICES ENDPOINTS SOCKET {stream|list|pages} {json|protobuf} [NODES]: an API
 * server on 127.0.0.1, over HTTP, with that many Services of that many endpoints each and one Node, or
 * for who asks for all of them, NODES. It answers lists and watches in one encoding only, as an API
 * server does which has everything in its watch cache:
 *
 *   stream    with streaming lists
 *   list      without; a list comes in one piece
 *   pages     without; a list comes in pages if the client wants them
 *
 * A list of 128 KiB or more is compressed for who accepts that, as by a real one, only that this
 * here does it once. Commands come as datagrams to SOCKET (see object_writer) and become events at once:
 *
 *   set SERVICE FIRST LAST COUNT READY  as objects_write_slice(); the Service too if it was removed
 *   remove SERVICE
 *
 * The time of the first request goes to stdout, in seconds of the monotonic clock. GET /counters
 * tells, as "connections N requests N bytes N compressing SECONDS", what was received and sent
 * so far, that itself left out, and what compressing takes once.
 *
 * GET /end ends it: its connections are closed from its side.
 *
 * The lists stay as they were at the start. What it sends first is prepared, so that in a kernel
 * with one processor little of its work falls into what is measured.
 */
#include "api_answers.h"
#include "objects.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_SIZE	2048
#define EVENTS_PER_TURN 256

static const char *const kind_paths[KIND_COUNT] = {"/api/v1/services",
						   "/apis/discovery.k8s.io/v1/endpointslices",
						   "/api/v1/nodes", "/api/v1/nodes"};

struct connection {
	int fd;
	size_t number; /* in server->connections */
	char request[REQUEST_SIZE];
	size_t request_length;
	struct text prepared; /* to be sent first, not ours */
	struct text output;
	size_t sent; /* of the two */
	bool is_watch;
	bool is_polled_for_output;
	bool is_counted;
	enum kind kind;
};

struct counters {
	size_t connections;
	size_t requests;
	size_t bytes;
};

struct server {
	struct api_answers answers;
	bool *is_removed;
	bool has_streaming;
	bool has_pages;
	bool is_asked;
	struct connection **connections;
	size_t connection_count;
	size_t connection_capacity;
	struct counters counters;
	int epoll;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void note_first_request(struct server *server)
{
	struct timespec time;

	if (server->is_asked)
		return;
	server->is_asked = true;
	clock_gettime(CLOCK_MONOTONIC, &time);
	printf("%ld.%09ld\n", (long)time.tv_sec, time.tv_nsec);
	fflush(stdout);
}

/* Return: the number behind NAME= in the request, or @otherwise */
static size_t query_number(const char *request, const char *name, size_t otherwise)
{
	const char *at = strstr(request, name);

	return at ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static void answer_list(struct server *server, struct connection *connection, enum kind kind)
{
	const char *request = connection->request;
	size_t limit = query_number(request, "limit=", 0);
	size_t first = query_number(request, "continue=", 0), end;
	struct text body;

	if (server->has_pages && limit) {
		end = first + limit;
		if (end > api_answers_count(&server->answers, kind))
			end = api_answers_count(&server->answers, kind);
		body = api_answers_list(&server->answers, kind, first, end);
		api_answers_append(&connection->output, &body,
				   api_answers_type(&server->answers, false), "");
		free(body.bytes);
	} else {
		connection->prepared = api_answers_prepared_list(&server->answers, kind,
								 strstr(request, "gzip") != NULL);
	}
}

static void answer_counters(const struct server *server, struct connection *connection)
{
	const struct counters *counters = &server->counters;
	struct text body = {0};
	FILE *stream = text_open(&body);

	fprintf(stream, "connections %zu requests %zu bytes %zu compressing %.6f\n",
		counters->connections, counters->requests, counters->bytes,
		server->answers.compressing);
	fclose(stream);
	api_answers_append(&connection->output, &body, "text/plain", "");
	free(body.bytes);
}

/* Return: whether it goes on; else streaming was refused */
static bool begin_watch(struct server *server, struct connection *connection, bool is_streaming)
{
	static const char refusal[] =
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\","
		"\"metadata\":{},\"status\":\"Failure\",\"reason\":\"InternalError\",\"code\":500}}"
		"\n";
	char header[256];

	snprintf(header, sizeof(header),
		 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n",
		 api_answers_type(&server->answers, true));
	if (is_streaming && !server->has_streaming) {
		struct text event = {0};

		text_append(&event, refusal, strlen(refusal));
		api_answers_encode(&server->answers, &event, true);
		text_append(&connection->output, header, strlen(header));
		text_append_chunk(&connection->output, event.bytes, event.length);
		text_append(&connection->output, "0\r\n\r\n", 5);
		free(event.bytes);
		return false;
	}
	if (send(connection->fd, header, strlen(header), MSG_NOSIGNAL) < 0)
		die("send");
	server->counters.bytes += strlen(header);
	return true;
}

/* What is written from here on counts, and the connection too. */
static void count_request(struct server *server, struct connection *connection)
{
	server->counters.requests++;
	server->counters.connections += !connection->is_counted;
	connection->is_counted = true;
}

static void answer(struct server *server, struct connection *connection)
{
	static const char unknown[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	const char *path = connection->request + strlen("GET ");
	size_t kind = 0;
	bool is_streaming = strstr(path, "sendInitialEvents=true");

	if (strncmp(path, "/counters ", 10) == 0) {
		answer_counters(server, connection);
		return;
	}
	if (strncmp(path, "/end ", 5) == 0)
		exit(0);
	count_request(server, connection);
	while (kind < KIND_COUNT &&
	       (strncmp(path, kind_paths[kind], strlen(kind_paths[kind])) != 0 ||
		path[strlen(kind_paths[kind])] != '?'))
		kind++;
	if (kind == KIND_COUNT ||
	    (server->answers.is_protobuf && !strstr(path, API_ANSWERS_PROTOBUF))) {
		text_append(&connection->output, unknown, strlen(unknown));
		return;
	}
	if (kind == KIND_NODES && !strstr(path, "fieldSelector="))
		kind = KIND_ALL_NODES;
	connection->kind = (enum kind)kind;
	if (!strstr(path, "watch=true")) {
		answer_list(server, connection, (enum kind)kind);
		return;
	}
	connection->is_watch = begin_watch(server, connection, is_streaming);
	if (is_streaming && connection->is_watch)
		connection->prepared = server->answers.streams[kind];
}

static bool has_output(const struct connection *connection)
{
	return connection->sent < connection->prepared.length + connection->output.length;
}

/* Asks to be woken for what the connection needs now. */
static void poll_connection(struct server *server, struct connection *connection, int operation)
{
	struct epoll_event event = {.events = has_output(connection) ? EPOLLIN | EPOLLOUT : EPOLLIN,
				    .data.ptr = connection};

	if (operation == EPOLL_CTL_MOD &&
	    connection->is_polled_for_output == has_output(connection))
		return;
	connection->is_polled_for_output = has_output(connection);
	if (epoll_ctl(server->epoll, operation, connection->fd, &event) < 0)
		die("epoll");
}

static void drop(struct server *server, struct connection *connection)
{
	struct connection *last = server->connections[--server->connection_count];

	last->number = connection->number;
	server->connections[last->number] = last;
	close(connection->fd);
	free(connection->output.bytes);
	free(connection);
}

/* A connection that is broken is dropped when it is read. */
static void write_out(struct server *server, struct connection *connection)
{
	while (has_output(connection)) {
		bool is_prepared = connection->sent < connection->prepared.length;
		const struct text *text = is_prepared ? &connection->prepared : &connection->output;
		size_t at = connection->sent - (is_prepared ? 0 : connection->prepared.length);
		ssize_t count = send(connection->fd, text->bytes + at, text->length - at,
				     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count < 0 && errno == EAGAIN) {
			poll_connection(server, connection, EPOLL_CTL_MOD);
			return;
		}
		if (count < 0)
			break;
		connection->sent += (size_t)count;
		if (connection->is_counted)
			server->counters.bytes += (size_t)count;
	}
	connection->prepared = (struct text){0};
	connection->output.length = 0;
	connection->sent = 0;
	poll_connection(server, connection, EPOLL_CTL_MOD);
}

static void broadcast(struct server *server, enum kind kind, const struct text *event)
{
	for (size_t i = server->connection_count; i-- > 0;) {
		struct connection *connection = server->connections[i];

		if (!connection->is_watch || connection->kind != kind)
			continue;
		text_append_chunk(&connection->output, event->bytes, event->length);
		write_out(server, connection);
	}
}

/* @slice: what follows "set SERVICE" in a command, NULL for the initial slice */
static void tell(struct server *server, const char *type, enum kind kind, size_t service,
		 const char *slice)
{
	struct text event = {0};
	FILE *stream = text_open(&event);
	size_t first, last, count, ready;

	fprintf(stream, "{\"type\":\"%s\",\"object\":", type);
	if (slice && sscanf(slice, "%zu %zu %zu %zu", &first, &last, &count, &ready) == 4)
		objects_write_slice(stream, service, first, last, count, ready);
	else
		api_answers_write_object(&server->answers, stream, kind, service);
	fputs("}\n", stream);
	fclose(stream);
	api_answers_encode(&server->answers, &event, true);
	broadcast(server, kind, &event);
	free(event.bytes);
}

static void obey(struct server *server, const char *command)
{
	int used = 0;
	size_t service;

	if (sscanf(command, "set %zu %n", &service, &used) == 1 &&
	    service < server->answers.services) {
		bool was_removed = server->is_removed[service];

		if (was_removed)
			tell(server, "ADDED", KIND_SERVICES, service, NULL);
		tell(server, was_removed ? "ADDED" : "MODIFIED", KIND_SLICES, service,
		     command + used);
		server->is_removed[service] = false;
	} else if (sscanf(command, "remove %zu", &service) == 1 &&
		   service < server->answers.services) {
		tell(server, "DELETED", KIND_SERVICES, service, NULL);
		tell(server, "DELETED", KIND_SLICES, service, NULL);
		server->is_removed[service] = true;
	} else {
		fprintf(stderr, "serve: what is \"%s\"?\n", command);
		exit(1);
	}
}

static void read_in(struct server *server, struct connection *connection)
{
	ssize_t count = recv(connection->fd, connection->request + connection->request_length,
			     REQUEST_SIZE - 1 - connection->request_length, 0);

	if (count <= 0) {
		drop(server, connection);
		return;
	}
	connection->request_length += (size_t)count;
	connection->request[connection->request_length] = '\0';
	if (!strstr(connection->request, "\r\n\r\n"))
		return;
	note_first_request(server);
	answer(server, connection);
	connection->request_length = 0;
	write_out(server, connection);
}

static void accept_one(struct server *server, int listener)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int on = 1;

	if (!connection)
		abort();
	if (server->connection_count == server->connection_capacity) {
		server->connection_capacity = 2 * server->connection_capacity + 16;
		server->connections =
			realloc(server->connections,
				server->connection_capacity * sizeof(struct connection *));
		if (!server->connections)
			abort();
	}
	connection->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	/* As an API server does; without, an event waits until the one before is acknowledged. */
	if (connection->fd < 0 ||
	    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		die("accept");
	connection->number = server->connection_count;
	server->connections[server->connection_count++] = connection;
	poll_connection(server, connection, EPOLL_CTL_ADD);
}

static void read_command(struct server *server, int commands)
{
	char command[256];
	ssize_t length = recv(commands, command, sizeof(command) - 1, 0);

	command[length > 0 ? length : 0] = '\0';
	obey(server, command);
}

static void run(struct server *server, int listener, int commands)
{
	struct epoll_event events[EVENTS_PER_TURN];
	struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &listener};
	struct epoll_event commanded = {.events = EPOLLIN, .data.ptr = &commands};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, listener, &listening) < 0 ||
	    epoll_ctl(server->epoll, EPOLL_CTL_ADD, commands, &commanded) < 0)
		die("epoll");
	for (;;) {
		/* Of one connection there is one event at a time, so none is gone before it. */
		int count = epoll_wait(server->epoll, events, EVENTS_PER_TURN, -1);

		if (count < 0)
			die("epoll");
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (events[i].data.ptr == &listener)
				accept_one(server, listener);
			else if (events[i].data.ptr == &commands)
				read_command(server, commands);
			else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				read_in(server, connection);
			else
				write_out(server, connection);
		}
	}
}

static int listen_on(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
		die(port);
	return fd;
}

static int open_commands(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	static struct server server;
	struct rlimit files;
	int listener;

	if (argc != 7 && argc != 8) {
		fputs("api_server PORT SERVICES ENDPOINTS SOCKET {stream|list|pages} "
		      "{json|protobuf} [NODES]\n",
		      stderr);
		return 2;
	}
	listener = listen_on(argv[1]);
	server.answers.services = strtoul(argv[2], NULL, 10);
	server.answers.endpoints = strtoul(argv[3], NULL, 10);
	server.answers.nodes = argc == 8 ? strtoul(argv[7], NULL, 10) : 0;
	server.answers.is_protobuf = strcmp(argv[6], "protobuf") == 0;
	server.has_streaming = strcmp(argv[5], "stream") == 0;
	server.has_pages = strcmp(argv[5], "pages") == 0;
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server.epoll < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
		die("starting");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		die("raising the limit of open files");
	server.is_removed = calloc(server.answers.services, sizeof(*server.is_removed));
	if (!server.is_removed)
		abort();
	api_answers_prepare(&server.answers);
	/* Whoever waits for the socket knows that everything is prepared. */
	run(&server, listener, open_commands(argv[4]));
	return 0;
}
