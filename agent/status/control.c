/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include "lib/base/acceptor.h"
#include "lib/base/listen_retry.h"
#include "lib/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#define CLIENTS_MAX  16
#define REQUEST_SIZE 600 /* "status ", two names of 253 characters, and their slash */

/* A client that neither asks nor reads for so long gives its place up. */
#define PATIENCE_SECONDS 10.

/* Until a path is tried again at which no socket could be made. */
#define RETRY_SECONDS 5.

/* A piece of an answer ends at whichever comes first; it has a part of a Service at least. */
#define PIECE_BYTES   32768
#define PIECE_SECONDS 0.002

struct client {
	struct client *previous, *next;
	struct control *control;
	int fd;
	ev_io readable;
	ev_io writable;
	ev_timer patience;
	char request[REQUEST_SIZE];
	size_t request_length;
	const struct answer_kind *kind; /* of what is asked for */
	const char *filter;		/* in @request: which part of it */
	char *keys;			/* of the lines of the answer, once @has_keys */
	const char *next_key;
	size_t keys_left;
	void *report; /* of @next_key, once it was begun */
	bool has_keys;
	bool is_complete; /* nothing is to be produced any more, only to be sent */
	char *output;
	size_t output_length, output_sent, output_capacity;
};

struct control {
	struct ev_loop *loop;
	struct answer_kind *kinds;
	size_t kind_count;
	char *path;
	struct acceptor *acceptor; /* NULL: no socket could be made yet */
	struct listen_retry retry;
	int failure;
	struct client *clients;
	size_t client_count;
};

static void client_drop(struct client *client)
{
	struct control *control = client->control;

	ev_io_stop(control->loop, &client->readable);
	ev_io_stop(control->loop, &client->writable);
	ev_timer_stop(control->loop, &client->patience);
	DL_DELETE2(control->clients, client, previous, next);
	control->client_count--;
	close(client->fd);
	free(client->keys);
	if (client->report)
		client->kind->end(client->report);
	free(client->output);
	free(client);
}

static int append_output(const char *data, size_t size, void *owner)
{
	struct client *client = owner;

	if (client->output_length + size > client->output_capacity) {
		client->output_capacity = 2 * (client->output_length + size);
		client->output = memory_resize(client->output, client->output_capacity, 1);
	}
	memcpy(client->output + client->output_length, data, size);
	client->output_length += size;
	return 0;
}

/* Consumes @json. */
static void append_line(struct client *client, json_t *json)
{
	json_dump_callback(json, append_output, client, JSON_COMPACT);
	append_output("\n", 1, client);
	json_decref(json);
}

static void append_error(struct client *client, const char *text)
{
	append_line(client, json_pack("{s:s}", "error", text));
	client->is_complete = true;
}

/* A part of a line. What went away since the keys were gathered is left out. */
static void produce_part(struct client *client)
{
	const struct answer_kind *kind = client->kind;

	if (!client->report)
		client->report = kind->begin(kind->owner, client->next_key);
	if (client->report && kind->step(client->report, append_output, client))
		return;
	if (client->report) {
		append_output("\n", 1, client);
		kind->end(take(&client->report));
	}
	client->next_key += strlen(client->next_key) + 1;
	client->keys_left--;
}

static void gather_keys(struct client *client)
{
	const struct answer_kind *kind = client->kind;

	if (kind->keys)
		client->keys = kind->keys(kind->owner, client->filter, &client->keys_left);
	client->next_key = client->keys;
	client->has_keys = true;
}

static void produce_piece(struct client *client)
{
	double begin = ev_now(client->control->loop);

	client->output_length = 0;
	client->output_sent = 0;
	/* Not in the turn that says how the agent is: with many Services, either takes long. */
	if (!client->has_keys)
		gather_keys(client);
	while (client->keys_left) {
		produce_part(client);
		/* Counted from the begin of the loop's turn, which all clients share. */
		if (client->output_length >= PIECE_BYTES || ev_time() - begin > PIECE_SECONDS)
			return;
	}
	append_line(client, json_pack("{s:b}", "complete", 1));
	client->is_complete = true;
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = container_of(io, struct client, writable);
	ssize_t sent;

	(void)events;
	if (client->output_sent == client->output_length && !client->is_complete)
		produce_piece(client);
	sent = send(client->fd, client->output + client->output_sent,
		    client->output_length - client->output_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client_drop(client);
		return;
	}
	client->output_sent += (size_t)sent;
	if (client->output_sent == client->output_length && client->is_complete) {
		client_drop(client);
		return;
	}
	ev_timer_again(loop, &client->patience);
}

static void answer(struct client *client)
{
	const struct control *control = client->control;

	ev_io_stop(control->loop, &client->readable);
	ev_io_start(control->loop, &client->writable);
	client->kind =
		answers_find(control->kinds, control->kind_count, client->request, &client->filter);
	if (!client->kind) {
		append_error(client, "unknown request");
		return;
	}
	append_line(client, client->kind->head(client->kind->owner, client->filter));
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = container_of(io, struct client, readable);
	size_t room = sizeof(client->request) - client->request_length;
	ssize_t got =
		recv(client->fd, client->request + client->request_length, room, MSG_DONTWAIT);
	char *end;

	(void)loop;
	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_drop(client);
		return;
	}
	client->request_length += (size_t)got;
	end = memchr(client->request, '\n', client->request_length);
	if (end) {
		*end = '\0';
		answer(client);
	} else if (client->request_length == sizeof(client->request)) {
		ev_io_stop(client->control->loop, &client->readable);
		ev_io_start(client->control->loop, &client->writable);
		append_error(client, "request too long");
	}
}

static void on_patience_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	client_drop(container_of(timer, struct client, patience));
}

static void client_add(struct control *control, int fd)
{
	struct client *client = memory_allocate(sizeof(*client));

	client->control = control;
	client->fd = fd;
	ev_io_init(&client->readable, on_readable, fd, EV_READ);
	ev_io_init(&client->writable, on_writable, fd, EV_WRITE);
	ev_timer_init(&client->patience, on_patience_over, 0., PATIENCE_SECONDS);
	DL_APPEND2(control->clients, client, previous, next);
	control->client_count++;
	ev_timer_again(control->loop, &client->patience);
	ev_io_start(control->loop, &client->readable);
}

/* Beside the mode of the socket, which somebody may change. */
static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void refuse(int fd, const char *answer)
{
	(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void on_accepted(void *owner, int fd, const struct socket_name *peer)
{
	struct control *control = owner;

	(void)peer;
	if (!is_allowed(fd))
		refuse(fd, "{\"error\":\"permission denied: only root may read the status\"}\n");
	else if (control->client_count >= CLIENTS_MAX)
		refuse(fd, "{\"error\":\"too many status clients\"}\n");
	else
		client_add(control, fd);
}

static int make_directory(const char *path, struct error *err)
{
	auto_memory char *directory = string_dup(path);
	char *slash = strrchr(directory, '/');

	if (!slash || slash == directory)
		return 0;
	*slash = '\0';
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return error_set(err, -errno, "creating the directory %s: %s", directory,
				 strerror(errno));
	return 0;
}

/* Whether the path is free for us: removes a socket that nobody listens at. */
static int remove_stale(int fd, const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0
				       : error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return error_set(err, -EEXIST,
				 "%s exists and is not a socket; choose another with --socket",
				 path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return error_set(err, -EADDRINUSE, "another ipvsagent already listens at %s", path);
	if (errno != ECONNREFUSED)
		return error_set(err, -errno, "looking up the owner of %s: %s", path,
				 strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(err, -errno, "removing the stale %s: %s", path, strerror(errno));
	return 0;
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int listen_at(const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int probe, fd, r;
	mode_t mask;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(
			err, -ENAMETOOLONG,
			"%s: longer than %zu characters, the limit of a UNIX socket's path", path,
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	r = make_directory(path, err);
	if (r < 0)
		return r;
	probe = open_socket();
	if (probe < 0)
		return error_set(err, -errno, "opening a socket: %s", strerror(errno));
	r = remove_stale(probe, &address, err);
	close(probe);
	if (r < 0)
		return r;

	fd = open_socket();
	if (fd < 0)
		return error_set(err, -errno, "opening a socket: %s", strerror(errno));
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (r == 0)
		r = listen(fd, CLIENTS_MAX);
	if (r < 0)
		r = error_set(err, -errno, "listening at %s: %s", path, strerror(errno));
	umask(mask);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* The node is to be served all the same, and what has no room or is read-only may change. */
static bool may_pass(int r)
{
	return r == -ENOSPC || r == -EROFS || r == -EDQUOT;
}

/* @r: the socket, or a negative errno */
static void note_try(struct control *control, int r, const struct error *err)
{
	enum listen_news news = listen_retry_note(&control->retry, &control->failure, r);

	if (r >= 0)
		control->acceptor = acceptor_new(control->loop, r, on_accepted, control);
	if (news == LISTEN_NEWS_FAILED)
		log_warning("status socket: %s; retrying", err->text);
	else if (news == LISTEN_NEWS_LISTENS)
		log_info("status socket: listening at %s", control->path);
}

static void on_retry(void *owner)
{
	struct control *control = owner;
	struct error err = {0};
	int r = listen_at(control->path, &err);

	note_try(control, r, &err);
}

int control_open(struct ev_loop *loop, const char *path, const struct answer_kind *kinds,
		 size_t kind_count, struct control **ret, struct error *err)
{
	struct control *control;
	int r = listen_at(path, err);

	if (r < 0 && !may_pass(r))
		return r;
	control = memory_allocate(sizeof(*control));
	control->loop = loop;
	control->kinds = memory_array(kind_count, sizeof(*kinds));
	memcpy(control->kinds, kinds, kind_count * sizeof(*kinds));
	control->kind_count = kind_count;
	control->path = string_dup(path);
	listen_retry_init(&control->retry, loop, RETRY_SECONDS, on_retry, control);
	note_try(control, r, err);
	*ret = control;
	return 0;
}

void control_close(struct control *control)
{
	struct client *client, *next;

	if (!control)
		return;
	DL_FOREACH_SAFE2(control->clients, client, next, next)
	{
		client_drop(client);
	}
	listen_retry_stop(&control->retry);
	if (control->acceptor)
		unlink(control->path);
	acceptor_free(control->acceptor);
	free(control->path);
	free(control->kinds);
	free(control);
}
