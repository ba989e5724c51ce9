/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve PORT SERVICES ENDPOINTS SOCKET {stream|list}: an API server on 127.0.0.1, over HTTP, with
 * that many Services of that many endpoints each and one Node. It answers lists and watches as an
 * API server does which has everything in its watch cache, with or without streaming lists.
 * Commands come as datagrams to SOCKET (see feed) and become events at once:
 *
 *   set SERVICE FIRST LAST COUNT READY    as objects_write_slice(); the Service too if it was
 * removed remove SERVICE
 *
 * The time of the first request goes to stdout, in seconds of the monotonic clock.
 *
 * The lists stay as they were at the start. What it sends first is prepared, so that in a kernel
 * with one processor little of its work falls into what is measured.
 */
#include "objects.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MOST 16
#define REQUEST_SIZE	 8192
#define VERSION		 "9000000"

enum kind { KIND_SERVICES, KIND_SLICES, KIND_NODES, KIND_COUNT };

static const char *const kind_paths[KIND_COUNT] = {
	"/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/nodes"};
static const char *const kind_names[KIND_COUNT] = {"Service", "EndpointSlice", "Node"};
static const char *const kind_versions[KIND_COUNT] = {"v1", "discovery.k8s.io/v1", "v1"};

struct text {
	char *bytes;
	size_t length;
};

struct connection {
	int fd; /* -1: free */
	char request[REQUEST_SIZE];
	size_t request_length;
	struct text prepared; /* to be sent first, not ours */
	struct text output;
	size_t sent; /* of the two */
	bool is_watch;
	enum kind kind;
};

struct server {
	size_t services;
	size_t endpoints;
	bool *is_removed;
	bool has_streaming;
	bool is_asked;
	struct text lists[KIND_COUNT];
	struct text streams[KIND_COUNT];
	struct connection connections[CONNECTIONS_MOST];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void append(struct text *text, const char *bytes, size_t length)
{
	text->bytes = realloc(text->bytes, text->length + length + 1);
	if (!text->bytes)
		abort();
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

static FILE *open_text(struct text *text)
{
	FILE *stream = open_memstream(&text->bytes, &text->length);

	if (!stream)
		abort();
	return stream;
}

static void append_chunk(struct text *text, const char *bytes, size_t length)
{
	char size[32];

	append(text, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", length));
	append(text, bytes, length);
	append(text, "\r\n", 2);
}

static void write_node(FILE *stream)
{
	fputs("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" OBJECTS_NODE_NAME
	      "\",\"resourceVersion\":\"1\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
	      "\"address\":\"192.168.77.10\"}]}}",
	      stream);
}

static size_t count_of(const struct server *server, enum kind kind)
{
	return kind == KIND_NODES ? 1 : server->services;
}

static void write_object(const struct server *server, FILE *stream, enum kind kind, size_t number)
{
	size_t count = server->endpoints;

	switch (kind) {
	case KIND_SERVICES:
		objects_write_service(stream, number);
		break;
	case KIND_SLICES:
		objects_write_slice(stream, number, number * count, (number + 1) * count - 1, count,
				    count);
		break;
	case KIND_NODES:
	case KIND_COUNT:
		write_node(stream);
		break;
	}
}

static void prepare_list(struct server *server, enum kind kind)
{
	struct text body = {0};
	FILE *stream = open_text(&body);
	char header[256];
	int length;

	fprintf(stream,
		"{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
		"\"" VERSION "\"},\"items\":[",
		kind_names[kind], kind_versions[kind]);
	for (size_t i = 0; i < count_of(server, kind); i++) {
		if (i)
			putc(',', stream);
		write_object(server, stream, kind, i);
	}
	fputs("]}\n", stream);
	fclose(stream);
	length = snprintf(header, sizeof(header),
			  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			  "Content-Length: %zu\r\n\r\n",
			  body.length);
	append(&server->lists[kind], header, (size_t)length);
	append(&server->lists[kind], body.bytes, body.length);
	free(body.bytes);
}

static void write_event(FILE *stream, const struct text *event)
{
	fprintf(stream, "%zx\r\n", event->length);
	fwrite(event->bytes, 1, event->length, stream);
	fputs("\r\n", stream);
}

static void prepare_stream(struct server *server, enum kind kind)
{
	FILE *stream = open_text(&server->streams[kind]);

	for (size_t i = 0; i <= count_of(server, kind); i++) {
		struct text event = {0};
		FILE *single = open_text(&event);

		if (i < count_of(server, kind)) {
			fputs("{\"type\":\"ADDED\",\"object\":", single);
			write_object(server, single, kind, i);
			fputs("}\n", single);
		} else {
			fprintf(single,
				"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":"
				"\"%s\","
				"\"metadata\":{\"resourceVersion\":\"" VERSION
				"\",\"annotations\":{"
				"\"k8s.io/initial-events-end\":\"true\"}}}}\n",
				kind_names[kind], kind_versions[kind]);
		}
		fclose(single);
		write_event(stream, &event);
		free(event.bytes);
	}
	fclose(stream);
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

static void answer(struct server *server, struct connection *connection)
{
	static const char watch[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				    "Transfer-Encoding: chunked\r\n\r\n";
	static const char unknown[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	static const char refusal[] =
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\","
		"\"metadata\":{},\"status\":\"Failure\",\"reason\":\"InternalError\",\"code\":500}}"
		"\n";
	const char *path = connection->request + strlen("GET ");
	size_t kind = 0;
	bool is_streaming = strstr(path, "sendInitialEvents=true");

	while (kind < KIND_COUNT &&
	       (strncmp(path, kind_paths[kind], strlen(kind_paths[kind])) != 0 ||
		path[strlen(kind_paths[kind])] != '?'))
		kind++;
	if (kind == KIND_COUNT) {
		append(&connection->output, unknown, strlen(unknown));
		return;
	}
	connection->kind = (enum kind)kind;
	if (!strstr(path, "watch=true")) {
		connection->prepared = server->lists[kind];
		return;
	}
	if (is_streaming && !server->has_streaming) {
		append(&connection->output, watch, strlen(watch));
		append_chunk(&connection->output, refusal, strlen(refusal));
		append(&connection->output, "0\r\n\r\n", 5);
		return;
	}
	connection->is_watch = true;
	if (send(connection->fd, watch, strlen(watch), MSG_NOSIGNAL) < 0)
		die("send");
	if (is_streaming)
		connection->prepared = server->streams[kind];
}

static void broadcast(struct server *server, enum kind kind, const struct text *event)
{
	for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
		struct connection *connection = &server->connections[i];

		if (connection->fd >= 0 && connection->is_watch && connection->kind == kind)
			append_chunk(&connection->output, event->bytes, event->length);
	}
}

/* @slice: what follows "set SERVICE" in a command, NULL for the initial slice */
static void tell(struct server *server, const char *type, enum kind kind, size_t service,
		 const char *slice)
{
	struct text event = {0};
	FILE *stream = open_text(&event);
	size_t first, last, count, ready;

	fprintf(stream, "{\"type\":\"%s\",\"object\":", type);
	if (slice && sscanf(slice, "%zu %zu %zu %zu", &first, &last, &count, &ready) == 4)
		objects_write_slice(stream, service, first, last, count, ready);
	else
		write_object(server, stream, kind, service);
	fputs("}\n", stream);
	fclose(stream);
	broadcast(server, kind, &event);
	free(event.bytes);
}

static void obey(struct server *server, const char *command)
{
	int used = 0;
	size_t service;

	if (sscanf(command, "set %zu %n", &service, &used) == 1 && service < server->services) {
		bool was_removed = server->is_removed[service];

		if (was_removed)
			tell(server, "ADDED", KIND_SERVICES, service, NULL);
		tell(server, was_removed ? "ADDED" : "MODIFIED", KIND_SLICES, service,
		     command + used);
		server->is_removed[service] = false;
	} else if (sscanf(command, "remove %zu", &service) == 1 && service < server->services) {
		tell(server, "DELETED", KIND_SERVICES, service, NULL);
		tell(server, "DELETED", KIND_SLICES, service, NULL);
		server->is_removed[service] = true;
	} else {
		fprintf(stderr, "serve: what is \"%s\"?\n", command);
		exit(1);
	}
}

static bool has_output(const struct connection *connection)
{
	return connection->sent < connection->prepared.length + connection->output.length;
}

static void drop(struct connection *connection)
{
	close(connection->fd);
	free(connection->output.bytes);
	memset(connection, 0, sizeof(*connection));
	connection->fd = -1;
}

static void write_out(struct connection *connection)
{
	while (has_output(connection)) {
		bool is_prepared = connection->sent < connection->prepared.length;
		const struct text *text = is_prepared ? &connection->prepared : &connection->output;
		size_t at = connection->sent - (is_prepared ? 0 : connection->prepared.length);
		ssize_t count = send(connection->fd, text->bytes + at, text->length - at,
				     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count < 0 && errno == EAGAIN)
			return;
		if (count < 0) {
			drop(connection);
			return;
		}
		connection->sent += (size_t)count;
	}
	connection->prepared = (struct text){0};
	connection->output.length = 0;
	connection->sent = 0;
}

static void read_in(struct server *server, struct connection *connection)
{
	ssize_t count = recv(connection->fd, connection->request + connection->request_length,
			     REQUEST_SIZE - 1 - connection->request_length, 0);

	if (count <= 0) {
		drop(connection);
		return;
	}
	connection->request_length += (size_t)count;
	connection->request[connection->request_length] = '\0';
	if (!strstr(connection->request, "\r\n\r\n"))
		return;
	note_first_request(server);
	answer(server, connection);
	connection->request_length = 0;
}

static void accept_one(struct server *server, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
		if (server->connections[i].fd >= 0)
			continue;
		server->connections[i].fd = fd;
		return;
	}
	close(fd);
}

static void run(struct server *server, int listener, int commands)
{
	struct pollfd polls[CONNECTIONS_MOST + 2];
	char command[256];
	ssize_t length;

	for (;;) {
		polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		polls[1] = (struct pollfd){.fd = commands, .events = POLLIN};
		for (size_t i = 0; i < CONNECTIONS_MOST; i++)
			polls[i + 2] = (struct pollfd){.fd = server->connections[i].fd,
						       .events = has_output(&server->connections[i])
									 ? POLLIN | POLLOUT
									 : POLLIN};
		if (poll(polls, CONNECTIONS_MOST + 2, -1) < 0)
			die("poll");
		if (polls[1].revents) {
			length = recv(commands, command, sizeof(command) - 1, 0);
			command[length > 0 ? length : 0] = '\0';
			obey(server, command);
		}
		for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
			struct connection *connection = &server->connections[i];

			if (polls[i + 2].fd >= 0 && polls[i + 2].revents & (POLLIN | POLLHUP))
				read_in(server, connection);
			if (connection->fd >= 0)
				write_out(connection);
		}
		if (polls[0].revents)
			accept_one(server, listener);
	}
}

static int listen_on(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
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
	int listener;

	if (argc != 6) {
		fputs("serve PORT SERVICES ENDPOINTS SOCKET {stream|list}\n", stderr);
		return 2;
	}
	listener = listen_on(argv[1]);
	server.services = strtoul(argv[2], NULL, 10);
	server.endpoints = strtoul(argv[3], NULL, 10);
	server.has_streaming = strcmp(argv[5], "stream") == 0;
	server.is_removed = calloc(server.services, sizeof(*server.is_removed));
	if (!server.is_removed)
		abort();
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		prepare_list(&server, (enum kind)kind);
		prepare_stream(&server, (enum kind)kind);
	}
	for (size_t i = 0; i < CONNECTIONS_MOST; i++)
		server.connections[i].fd = -1;
	/* Whoever waits for the socket knows that everything is prepared. */
	run(&server, listener, open_commands(argv[4]));
	return 0;
}
