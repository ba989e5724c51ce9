/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_FILE_CONTENT_H
#define SOURCE_FILE_CONTENT_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

/**
 * struct file_content - the bytes of a file, taken in a piece at a time; {0} is none
 * @hash:  of all of them, when they are complete
 *
 * The memory serves one file after the other.
 */
struct file_content {
	char *bytes;
	size_t size;
	size_t expected; /* plus one */
	size_t capacity;
	uint64_t hash;
	size_t hashed;
	int fd;
};

/**
 * file_content_open() - file_content_step() follows, until it does not return 1
 *
 * Return: 0, -ENOENT, -EFBIG over 64 MiB, -EINVAL if it is no regular file, or why opening failed.
 */
int file_content_open(struct file_content *content, const char *path, struct error *err);

/**
 * file_content_step() - the next piece, of 256 KiB
 *
 * Return: 1 if there is more; 0 when it is complete; -EAGAIN if the file grows meanwhile; or why
 * reading failed. The file is closed unless there is more.
 */
int file_content_step(struct file_content *content, struct error *err);

/** file_content_clear() - closes the file, if it is open, and gives the memory back */
void file_content_clear(struct file_content *content);

#endif
