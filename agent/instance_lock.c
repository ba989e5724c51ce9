/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "instance_lock.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/kernel/namespace_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/run/ipvsagent"

/* @file: -1 where the kernel has the lock */
struct instance_lock {
	struct namespace_lock *kernel;
	int file;
};

static struct instance_lock *lock_new(struct namespace_lock *kernel, int file)
{
	struct instance_lock *lock = memory_allocate(sizeof(*lock));

	lock->kernel = kernel;
	lock->file = file;
	return lock;
}

static int busy(struct error *err)
{
	auto_memory char *who = string_dup(err->text);

	return error_set(
		err, -EBUSY,
		"another ipvsagent is running in this network namespace (%s); stop it first", who);
}

/* Whoever else could write there could have made the file, and lock it. */
static int open_directory(const char *path, struct error *err)
{
	struct stat status;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set(err, -errno, "creating %s: %s", path, strerror(errno));
	fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "opening %s: %s", path, strerror(errno));
	if (fstat(fd, &status) == 0 && (status.st_uid == 0 || status.st_uid == geteuid()) &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return error_set(err, -EACCES, "%s belongs to somebody else, or others may write there",
			 path);
}

static int open_file(const char *directory, struct error *err)
{
	struct stat namespace;
	auto_memory char *name = NULL;
	int at, fd, r;

	if (stat("/proc/self/ns/net", &namespace) < 0)
		return error_set(err, -errno, "/proc/self/ns/net: %s", strerror(errno));
	at = open_directory(directory, err);
	if (at < 0)
		return at;
	name = string_printf("lock.%lu", (unsigned long)namespace.st_ino);
	fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? error_set(err, -errno, "%s/%s: %s", directory, name, strerror(errno)) : fd;
	close(at);
	return r;
}

int instance_lock_take_file(const char *directory, struct instance_lock **ret, struct error *err)
{
	int fd = open_file(directory, err);

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int code = -errno;

		close(fd);
		error_set(err, code, "%s: %s", directory, strerror(-code));
		return code == -EWOULDBLOCK ? busy(err) : code;
	}
	*ret = lock_new(NULL, fd);
	return 0;
}

int instance_lock_take(struct instance_lock **ret, struct error *err)
{
	struct namespace_lock *kernel = NULL;
	int r = namespace_lock_take(&kernel, err);

	if (r >= 0) {
		*ret = lock_new(kernel, -1);
		return 0;
	}
	if (r == -EBUSY)
		return busy(err);
	if (r != -EOPNOTSUPP)
		return r;
	log_debug("%s; using a lock file in %s", err->text, DIRECTORY);
	return instance_lock_take_file(DIRECTORY, ret, err);
}

void instance_lock_release(struct instance_lock *lock)
{
	if (!lock)
		return;
	namespace_lock_release(lock->kernel);
	if (lock->file >= 0)
		close(lock->file);
	free(lock);
}
