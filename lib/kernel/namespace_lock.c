/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "namespace_lock.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <netlink/netfilter/log.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/netlink.h>
#include <stdio.h>

/* "iv"; what logs packets uses low numbers. */
#define GROUP 0x6976

#define LISTING "/proc/self/net/netfilter/nfnetlink_log"

struct namespace_lock {
	struct nl_sock *socket;
};

static int bind_group(struct nl_sock *socket)
{
	struct nfnl_log *log = nfnl_log_alloc();
	int r;

	if (!log)
		return -NLE_NOMEM;
	nfnl_log_set_group(log, GROUP);
	nfnl_log_set_copy_mode(log, NFNL_LOG_COPY_NONE);
	r = nfnl_log_create(socket, log);
	nfnl_log_put(log);
	return r;
}

/* The netlink port that has the group, the process id of its owner as a rule; 0 = nobody */
static unsigned int find_holder(void)
{
	FILE *stream = fopen(LISTING, "re");
	unsigned int group, port, holder = 0;

	if (!stream)
		return 0;
	while (fscanf(stream, "%u %u %*[^\n]", &group, &port) == 2)
		if (group == GROUP)
			holder = port;
	fclose(stream);
	return holder;
}

/* A group of somebody else's is refused as is one without CAP_NET_ADMIN. */
static int refusal(int r, struct error *err)
{
	unsigned int holder = find_holder();

	if (holder)
		return error_set(err, -EBUSY, "netlink port %u has NFLOG group %d", holder, GROUP);
	if (r == -NLE_PERM)
		return error_set(err, -EPERM, "binding NFLOG group %d: %s", GROUP, nl_geterror(r));
	return error_set(err, -EOPNOTSUPP, "binding NFLOG group %d: %s", GROUP, nl_geterror(r));
}

int namespace_lock_take(struct namespace_lock **ret, struct error *err)
{
	struct namespace_lock *lock = memory_allocate(sizeof(*lock));
	int r;

	lock->socket = nl_socket_alloc();
	if (!lock->socket) {
		free(lock);
		return error_set(err, -ENOMEM, "no memory for a netlink socket");
	}
	r = nfnl_connect(lock->socket);
	if (r >= 0)
		r = bind_group(lock->socket);
	if (r < 0) {
		r = refusal(r, err);
		namespace_lock_release(lock);
		return r;
	}
	*ret = lock;
	return 0;
}

void namespace_lock_release(struct namespace_lock *lock)
{
	if (!lock)
		return;
	nl_socket_free(lock->socket);
	free(lock);
}
