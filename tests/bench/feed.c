/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include "objects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_SIZE 512

struct feed {
	char directory[PATH_SIZE - 64];
	int socket; /* -1: there is a directory */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

struct feed *feed_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct feed *feed = calloc(1, sizeof(*feed));
	struct stat status;

	if (!feed)
		abort();
	feed->socket = -1;
	snprintf(feed->directory, sizeof(feed->directory), "%s", path);
	if (stat(path, &status) < 0)
		die(path);
	if (S_ISDIR(status.st_mode))
		return feed;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	feed->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (feed->socket < 0 ||
	    connect(feed->socket, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return feed;
}

static void command(struct feed *feed, const char *text)
{
	if (send(feed->socket, text, strlen(text), 0) < 0)
		die("the server");
}

static void path_of(const struct feed *feed, size_t service, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%zu.json", feed->directory, service);
}

void feed_set(struct feed *feed, size_t service, size_t first, size_t last, size_t count,
	      size_t ready)
{
	char path[PATH_SIZE], new_path[PATH_SIZE];
	FILE *stream;

	if (feed->socket >= 0) {
		snprintf(path, sizeof(path), "set %zu %zu %zu %zu %zu", service, first, last, count,
			 ready);
		command(feed, path);
		return;
	}
	path_of(feed, service, path);
	snprintf(new_path, sizeof(new_path), "%s/.new", feed->directory);
	stream = fopen(new_path, "w");
	if (!stream)
		die(new_path);
	objects_write_service(stream, service);
	objects_write_slice(stream, service, first, last, count, ready);
	if (fclose(stream) || rename(new_path, path) < 0)
		die(path);
}

void feed_remove(struct feed *feed, size_t service)
{
	char path[PATH_SIZE];

	if (feed->socket >= 0) {
		snprintf(path, sizeof(path), "remove %zu", service);
		command(feed, path);
		return;
	}
	path_of(feed, service, path);
	if (unlink(path) < 0)
		die(path);
}
