/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_writer.h"

#include "objects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_SIZE 512

struct object_writer {
	char directory[PATH_SIZE - 64];
	int socket; /* -1: there is a directory */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

struct object_writer *object_writer_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct object_writer *writer = calloc(1, sizeof(*writer));
	struct stat status;

	if (!writer)
		abort();
	writer->socket = -1;
	snprintf(writer->directory, sizeof(writer->directory), "%s", path);
	if (stat(path, &status) < 0)
		die(path);
	if (S_ISDIR(status.st_mode))
		return writer;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	writer->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (writer->socket < 0 ||
	    connect(writer->socket, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return writer;
}

static void command(struct object_writer *writer, const char *text)
{
	if (send(writer->socket, text, strlen(text), 0) < 0)
		die("the server");
}

static void path_of(const struct object_writer *writer, size_t service, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%zu.json", writer->directory, service);
}

void object_writer_set(struct object_writer *writer, size_t service, size_t first, size_t last,
		       size_t count, size_t ready)
{
	char path[PATH_SIZE], new_path[PATH_SIZE];
	FILE *stream;

	if (writer->socket >= 0) {
		snprintf(path, sizeof(path), "set %zu %zu %zu %zu %zu", service, first, last, count,
			 ready);
		command(writer, path);
		return;
	}
	path_of(writer, service, path);
	snprintf(new_path, sizeof(new_path), "%s/.new", writer->directory);
	stream = fopen(new_path, "w");
	if (!stream)
		die(new_path);
	objects_write_service(stream, service);
	objects_write_slice(stream, service, first, last, count, ready);
	if (fclose(stream) || rename(new_path, path) < 0)
		die(path);
}

void object_writer_remove(struct object_writer *writer, size_t service)
{
	char path[PATH_SIZE];

	if (writer->socket >= 0) {
		snprintf(path, sizeof(path), "remove %zu", service);
		command(writer, path);
		return;
	}
	path_of(writer, service, path);
	if (unlink(path) < 0)
		die(path);
}
