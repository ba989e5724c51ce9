/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file_content.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)64 << 20)
#define PIECE_SIZE ((size_t)128 << 10)

static int end(struct file_content *content, int r)
{
	close(content->fd);
	content->fd = 0;
	return r;
}

static int prepare(struct file_content *content, struct error *err)
{
	struct stat status;

	if (fstat(content->fd, &status) < 0)
		return error_set(err, -errno, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "not a regular file");
	if ((uint64_t)status.st_size > SIZE_LIMIT)
		return error_set(err, -EFBIG, "larger than 64 MiB; split it into several files");
	/* One byte more than expected shows whether the file grew meanwhile. */
	content->expected = (size_t)status.st_size + 1;
	if (content->capacity < content->expected) {
		free(content->bytes);
		content->capacity = content->expected;
		content->bytes = memory_allocate(content->capacity);
	}
	content->size = content->hashed = 0;
	content->hash = 0xcbf29ce484222325;
	return 0;
}

int file_content_open(struct file_content *content, const char *path, struct error *err)
{
	int r;

	/* Without O_NONBLOCK a named pipe would stop the program here. */
	content->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (content->fd < 0) {
		content->fd = 0;
		return error_set(err, -errno, "cannot be read: %s", strerror(errno));
	}
	r = prepare(content, err);
	return r < 0 ? end(content, r) : 0;
}

/* FNV-1a, of words instead of bytes; their upper halves are folded in lest they count for little.
 * What is no whole word waits for the end. */
static void hash_on(struct file_content *content, bool is_complete)
{
	uint64_t hash = content->hash;

	while (content->hashed < content->size) {
		size_t rest = content->size - content->hashed;
		uint64_t word = 0;

		if (rest < sizeof(word) && !is_complete)
			break;
		if (rest > sizeof(word))
			rest = sizeof(word);
		memcpy(&word, content->bytes + content->hashed, rest);
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 32;
		content->hashed += rest;
	}
	content->hash = is_complete ? hash ^ content->size : hash;
}

int file_content_step(struct file_content *content, struct error *err)
{
	size_t rest = content->expected - content->size;
	ssize_t count;

	if (!rest)
		return end(content, error_set(err, -EAGAIN, "still being written"));
	count = read(content->fd, content->bytes + content->size,
		     rest < PIECE_SIZE ? rest : PIECE_SIZE);
	if (count < 0 && errno == EINTR)
		return 1;
	if (count < 0)
		return end(content, error_set(err, -errno, "cannot be read: %s", strerror(errno)));
	content->size += (size_t)count;
	hash_on(content, count == 0);
	return count ? 1 : end(content, 0);
}

void file_content_clear(struct file_content *content)
{
	if (content->fd)
		close(content->fd);
	free(content->bytes);
	*content = (struct file_content){0};
}
