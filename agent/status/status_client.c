/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_client.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path, struct error *err)
{
	static const struct timeval patience = {.tv_sec = 10};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(
			err, -ENAMETOOLONG,
			"--socket: longer than %zu characters, the limit of a UNIX socket's path",
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, -errno, "opening a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = errno;

		close(fd);
		if (code == ENOENT || code == ENOTDIR || code == ECONNREFUSED)
			return error_set(err, -ECONNREFUSED,
					 "the agent is not running: no answer at %s", path);
		if (code == EACCES || code == EPERM)
			return error_set(err, -EACCES,
					 "no permission to connect to %s; run as root", path);
		return error_set(err, -code, "connecting to the agent at %s: %s", path,
				 strerror(code));
	}
	return fd;
}

static int send_request(int fd, const char *verb, const char *filter, struct error *err)
{
	auto_memory char *request = string_printf("%s%s%s\n", verb, *filter ? " " : "", filter);
	size_t length = strlen(request);
	ssize_t sent = send(fd, request, length, MSG_NOSIGNAL);

	/*
	 * An agent that refuses us hangs up before it reads, and what it says is still to be read.
	 */
	if (sent < 0 && errno != EPIPE)
		return error_set(err, -errno, "sending the request: %s", strerror(errno));
	if (sent >= 0 && (size_t)sent != length)
		return error_set(err, -EPROTO, "sending the request: incomplete write");
	return 0;
}

/* Return: 1 when @line ended the answer. */
static int take_line(json_t *document, const char *line, size_t length, struct error *err)
{
	json_t *json = json_loadb(line, length, 0, NULL);
	const char *refusal = json_string_value(json_object_get(json, "error"));
	int r = 0;

	if (!json_is_object(json))
		r = error_set(err, -EPROTO, "malformed reply from the agent");
	else if (refusal)
		r = error_set(err, -EPROTO, "the agent refused the request: %s", refusal);
	else if (json_object_get(json, "complete"))
		r = 1;
	else if (json_is_null(json_object_get(document, "agent")))
		json_object_set(document, "agent", json);
	else
		json_array_append(json_object_get(document, "services"), json);
	json_decref(json);
	return r;
}

static int read_answer(FILE *stream, json_t *document, struct error *err)
{
	auto_memory char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	int r = 0;

	while (r == 0 && (length = getline(&line, &capacity, stream)) > 0)
		r = take_line(document, line, (size_t)length, err);
	if (r < 0)
		return r;
	if (r == 1 && json_is_object(json_object_get(document, "agent")))
		return 0;
	if (ferror(stream) && (errno == EAGAIN || errno == EWOULDBLOCK))
		return error_set(err, -ETIMEDOUT,
				 "no reply from the agent for 10 s; it is stopped or stuck");
	return error_set(err, -EPROTO,
			 "the agent closed the connection before the end of its reply");
}

int status_client_ask(const char *socket_path, const char *verb, const char *filter, json_t **ret,
		      struct error *err)
{
	int fd = connect_to(socket_path, err);
	json_t *document;
	FILE *stream;
	int r;

	if (fd < 0)
		return fd;
	stream = fdopen(fd, "r");
	if (!stream) {
		r = error_set(err, -errno, "reading from a socket: %s", strerror(errno));
		close(fd);
		return r;
	}
	document = json_pack("{s:n, s:[]}", "agent", "services");
	r = send_request(fd, verb, filter, err);
	if (r >= 0)
		r = read_answer(stream, document, err);
	fclose(stream);
	if (r < 0)
		json_decref(document);
	else
		*ret = document;
	return r;
}

int status_client_question(const char *socket_path, const char *question, json_t **ret,
			   struct error *err)
{
	json_t *document = NULL;
	int r = status_client_ask(socket_path, question, "", &document, err);

	if (r < 0)
		return r;
	*ret = json_incref(json_object_get(document, "agent"));
	json_decref(document);
	return 0;
}
