/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To be preloaded into the agent: receiving from netlink sockets fails while the file that
 * FAILING_RECEIVE names says so, with lines "PROTOCOL ERRNO COUNT" (numbers). Each failure counts its
 * line down; what was to be received stays in the socket, as if memory had been short.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES_MAX 8

static int protocol_of(int descriptor)
{
	int domain = -1, protocol = -1;
	socklen_t length = sizeof(int);

	if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 ||
	    domain != AF_NETLINK ||
	    getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0)
		return -1;
	return protocol;
}

/* Return: the errno that is due now, or 0 */
static int take(int protocol)
{
	const char *path = getenv("FAILING_RECEIVE");
	int protocols[LINES_MAX], codes[LINES_MAX], counts[LINES_MAX], lines = 0, code = 0;
	FILE *stream = path ? fopen(path, "r+e") : NULL;

	if (!stream)
		return 0;
	while (lines < LINES_MAX &&
	       fscanf(stream, "%d %d %d", &protocols[lines], &codes[lines], &counts[lines]) == 3)
		lines++;
	for (int i = 0; i < lines && !code; i++)
		if (protocols[i] == protocol && counts[i] > 0) {
			counts[i]--;
			code = codes[i];
		}
	if (code && ftruncate(fileno(stream), 0) == 0) {
		rewind(stream);
		for (int i = 0; i < lines; i++)
			fprintf(stream, "%d %d %d\n", protocols[i], codes[i], counts[i]);
	}
	fclose(stream);
	return code;
}

static bool fails(int descriptor)
{
	int protocol = protocol_of(descriptor), before = errno, code;

	code = protocol < 0 ? 0 : take(protocol);
	errno = code ? code : before;
	return code;
}

/* The function of libc that one of ours hides. */
static void *hidden(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

ssize_t recv(int descriptor, void *buffer, size_t size, int flags)
{
	ssize_t (*next)(int, void *, size_t, int) = hidden("recv");

	return fails(descriptor) ? -1 : next(descriptor, buffer, size, flags);
}

ssize_t recvfrom(int descriptor, void *restrict buffer, size_t size, int flags,
		 struct sockaddr *restrict sender, socklen_t *restrict length)
{
	ssize_t (*next)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
		hidden("recvfrom");

	return fails(descriptor) ? -1 : next(descriptor, buffer, size, flags, sender, length);
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
	ssize_t (*next)(int, struct msghdr *, int) = hidden("recvmsg");

	return fails(descriptor) ? -1 : next(descriptor, message, flags);
}

int recvmmsg(int descriptor, struct mmsghdr *messages, unsigned int count, int flags,
	     struct timespec *timeout)
{
	int (*next)(int, struct mmsghdr *, unsigned int, int, struct timespec *) =
		hidden("recvmmsg");

	return fails(descriptor) ? -1 : next(descriptor, messages, count, flags, timeout);
}
