/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "instance_lock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int instance_lock_take(int *ret, struct error *err)
{
	static const char name[] = "ipvsagent";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
	int lock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (lock < 0)
		return error_set(err, -errno, "instance lock: opening a UNIX socket: %s",
				 strerror(errno));

	/* The byte before the name stays 0, which makes the address abstract. */
	memcpy(address.sun_path + 1, name, sizeof(name) - 1);
	if (bind(lock, (struct sockaddr *)&address, size) == 0) {
		*ret = lock;
		return 0;
	}
	r = -errno;
	close(lock);
	if (r == -EADDRINUSE)
		return error_set(
			err, -EBUSY,
			"another ipvsagent is running in this network namespace; stop it first");
	return error_set(err, r, "instance lock: %s", strerror(-r));
}

void instance_lock_release(int lock)
{
	if (lock >= 0)
		close(lock);
}
