/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socket_name.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct socket_name socket_name_of(const struct address *address, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct socket_name name;

	memset(&name, 0, sizeof(name));
	if (address->family == AF_INET) {
		memcpy(&in.sin_addr, address->bytes, sizeof(in.sin_addr));
		memcpy(&name.storage, &in, sizeof(in));
		name.length = sizeof(in);
	} else {
		memcpy(&in6.sin6_addr, address->bytes, sizeof(in6.sin6_addr));
		memcpy(&name.storage, &in6, sizeof(in6));
		name.length = sizeof(in6);
	}
	return name;
}

static int fail(int fd)
{
	int code = -errno;

	close(fd);
	return code;
}

int socket_name_bind(const struct socket_name *name, int type)
{
	int fd = socket(name->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&name->storage, name->length) < 0)
		return fail(fd);
	return fd;
}

int socket_name_connect(const struct socket_name *name, int type)
{
	int fd = socket(name->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&name->storage, name->length) < 0 &&
	    errno != EINPROGRESS)
		return fail(fd);
	return fd;
}
