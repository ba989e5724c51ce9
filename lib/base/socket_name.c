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

struct address socket_name_address(const struct socket_name *name)
{
	struct address address;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(&address, 0, sizeof(address));
	if (name->storage.ss_family == AF_INET) {
		memcpy(&in, &name->storage, sizeof(in));
		address.family = AF_INET;
		memcpy(address.bytes, &in.sin_addr, sizeof(in.sin_addr));
	} else if (name->storage.ss_family == AF_INET6) {
		memcpy(&in6, &name->storage, sizeof(in6));
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
			address.family = AF_INET;
			memcpy(address.bytes, in6.sin6_addr.s6_addr + 12, 4);
		} else {
			address.family = AF_INET6;
			memcpy(address.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
		}
	}
	return address;
}

static int fail(int fd)
{
	int code = -errno;

	close(fd);
	return code;
}

/* @is_single: of IPv6, whether IPv4 stays out; the default of a host is a matter of its sysctls */
static int bind_name(const struct socket_name *name, int type, int is_single)
{
	int fd = socket(name->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (name->storage.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_single, sizeof(is_single));
	if (bind(fd, (const struct sockaddr *)&name->storage, name->length) < 0)
		return fail(fd);
	return fd;
}

int socket_name_bind(const struct socket_name *name, int type)
{
	return bind_name(name, type, 1);
}

static int listen_at(const struct address *address, uint16_t port)
{
	struct socket_name name = socket_name_of(address, port);
	int fd = bind_name(&name, SOCK_STREAM, address->family != 0);

	if (fd >= 0 && listen(fd, SOMAXCONN) < 0)
		return fail(fd);
	return fd;
}

int socket_name_listen(const struct address *address, uint16_t port)
{
	static const struct address any4 = {.family = AF_INET};
	int fd = listen_at(address, port);

	/* A host without IPv6 has only the other family to listen on. */
	if (fd == -EAFNOSUPPORT && !address->family)
		fd = listen_at(&any4, port);
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
