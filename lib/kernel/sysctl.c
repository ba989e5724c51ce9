/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ROOT	  "/proc/sys/"
#define TEXT_SIZE 64

static int open_name(const char *name, int flags, struct error *err)
{
	char path[PATH_MAX];
	int descriptor;

	if ((size_t)snprintf(path, sizeof(path), ROOT "%s", name) >= sizeof(path))
		return error_set(err, -ENAMETOOLONG, "%s: %s", name, strerror(ENAMETOOLONG));
	descriptor = open(path, flags | O_CLOEXEC);
	if (descriptor < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	return descriptor;
}

int sysctl_get_text(const char *name, char *text, size_t size, struct error *err)
{
	int descriptor = open_name(name, O_RDONLY, err);
	ssize_t length;

	if (descriptor < 0)
		return descriptor;
	length = read(descriptor, text, size);
	if (length < 0) {
		int r = error_set(err, -errno, ROOT "%s: %s", name, strerror(errno));

		close(descriptor);
		return r;
	}
	close(descriptor);
	if ((size_t)length == size)
		return error_set(err, -EMSGSIZE, ROOT "%s is longer than expected", name);
	if (length > 0 && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return 0;
}

int sysctl_set_text(const char *name, const char *text, struct error *err)
{
	int descriptor = open_name(name, O_WRONLY, err), r = 0;

	if (descriptor < 0)
		return descriptor;
	if (dprintf(descriptor, "%s\n", text) < 0)
		r = error_set(err, -errno, "writing %s to " ROOT "%s: %s", text, name,
			      strerror(errno));
	close(descriptor);
	return r;
}

bool sysctl_is_writable(const char *name)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof(path), ROOT "%s", name) < sizeof(path) &&
	       access(path, W_OK) == 0;
}

int sysctl_get(const char *name, int *ret, struct error *err)
{
	char text[TEXT_SIZE], *end = NULL;
	long value;
	int r = sysctl_get_text(name, text, sizeof(text), err);

	if (r < 0 && r != -EMSGSIZE)
		return r;
	errno = 0;
	value = r < 0 ? 0 : strtol(text, &end, 10);
	if (r < 0 || end == text || *end || errno || value < INT_MIN || value > INT_MAX)
		return error_set(err, -EBADMSG, ROOT "%s does not contain an integer", name);
	*ret = (int)value;
	return 0;
}

int sysctl_ensure(const char *name, int value, struct error *err)
{
	char text[TEXT_SIZE];
	int current = 0, r;

	r = sysctl_get(name, &current, err);
	if (r < 0)
		return r;
	if (current == value)
		return 0;

	snprintf(text, sizeof(text), "%d", value);
	r = sysctl_set_text(name, text, err);
	return r < 0 ? r : 1;
}

int sysctl_read_number(const char *path, int *ret)
{
	FILE *stream = fopen(path, "re");
	int r;

	if (!stream)
		return -errno;
	r = fscanf(stream, "%d", ret) == 1 ? 0 : -EBADMSG;
	fclose(stream);
	return r;
}

int sysctl_write_number(const char *path, int value)
{
	FILE *stream = fopen(path, "we");
	int r = 0;

	if (!stream)
		return -errno;
	if (fprintf(stream, "%d\n", value) < 0)
		r = -EIO;
	if (fclose(stream) != 0)
		r = -errno;
	return r;
}

unsigned int sysctl_kernel_version(void)
{
	struct utsname name;
	unsigned int major, minor;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major << 16 | (minor & 0xffff);
}
