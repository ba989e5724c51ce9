/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netfilter/ct.h>
#include <netlink/netlink.h>
#include <string.h>
#include <uthash.h>

/* Changes come in bursts; one walk serves all of them. */
#define GATHER_SECONDS 0.1

/* Datagrams (of up to 32 KB) read per loop turn. */
#define SLICE_DATAGRAMS 8

/* All stale flows to one address and port. */
struct stale_target {
	UT_hash_handle hh;
	struct stale_target_key {
		struct address destination;
		uint16_t port;
	} key;
	struct address *endpoints; /* family 0 = whoever answers */
	size_t endpoint_count;
};

struct conntrack {
	struct ev_loop *loop;
	void (*on_done)(void *user, long deleted, const struct error *err);
	void *user;
	struct nl_sock *dump;
	struct nl_sock *requests;
	struct stale_target *gathered;
	struct stale_target *walking; /* what the walk under way looks for; NULL = none */
	ev_io readable;
	ev_timer start;
	long deleted;
};

static void free_targets(struct stale_target **targets)
{
	struct stale_target *target, *next;

	HASH_ITER (hh, *targets, target, next) {
		HASH_DEL(*targets, target);
		free(target->endpoints);
		free(target);
	}
}

static struct stale_target *find(struct stale_target *targets, const struct address *destination,
				 uint16_t port)
{
	struct stale_target_key key;
	struct stale_target *target;

	memset(&key, 0, sizeof(key));
	key.destination = *destination;
	key.port = port;
	HASH_FIND(hh, targets, &key, sizeof(key), target);
	return target;
}

static void read_address(const struct nl_addr *from, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!from)
		return;
	ret->family = (uint16_t)nl_addr_get_family(from);
	memcpy(ret->bytes, nl_addr_get_binary_addr(from),
	       nl_addr_get_len(from) > sizeof(ret->bytes) ? sizeof(ret->bytes)
							  : nl_addr_get_len(from));
}

static bool is_stale(const struct conntrack *conntrack, const struct nfnl_ct *entry)
{
	struct address destination, answering;
	const struct stale_target *target;

	if (nfnl_ct_get_proto(entry) != IPPROTO_UDP)
		return false;
	read_address(nfnl_ct_get_dst(entry, 0), &destination);
	target = find(conntrack->walking, &destination, nfnl_ct_get_dst_port(entry, 0));
	if (!target)
		return false;
	read_address(nfnl_ct_get_src(entry, 1), &answering);
	for (size_t i = 0; i < target->endpoint_count; i++)
		if (!target->endpoints[i].family ||
		    address_is_equal(&target->endpoints[i], &answering))
			return true;
	return false;
}

static void visit(struct conntrack *conntrack, struct nlmsghdr *header)
{
	struct nfnl_ct *entry = NULL;

	if (nfnlmsg_ct_parse(header, &entry) < 0)
		return;

	/* One that is gone already is as good as deleted by us. */
	if (is_stale(conntrack, entry) && nfnl_ct_del(conntrack->requests, entry, 0) >= 0)
		conntrack->deleted++;
	nfnl_ct_put(entry);
}

/* A timer that is due waits, stopped, for its turn among the others of this round of the loop. */
static bool is_scheduled(const struct conntrack *conntrack)
{
	return ev_is_active(&conntrack->start) || ev_is_pending(&conntrack->start);
}

static void schedule(struct conntrack *conntrack)
{
	if (conntrack->walking || !conntrack->gathered || is_scheduled(conntrack))
		return;
	ev_timer_set(&conntrack->start, GATHER_SECONDS, 0.);
	ev_timer_start(conntrack->loop, &conntrack->start);
}

static void finish(struct conntrack *conntrack, int code)
{
	struct error err = {0};

	ev_io_stop(conntrack->loop, &conntrack->readable);
	free_targets(&conntrack->walking);
	if (code < 0)
		error_set(&err, code, "reading the conntrack table: %s", strerror(-code));
	conntrack->on_done(conntrack->user, code < 0 ? code : conntrack->deleted, &err);
	schedule(conntrack);
}

/* Return: 1 at the end of the dump, 0 if there is more, or a negative errno */
static int visit_datagram(struct conntrack *conntrack, unsigned char *datagram, int size)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)datagram;

	for (; nlmsg_ok(header, size); header = nlmsg_next(header, &size)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = nlmsg_data(header);

			return error->error ? error->error : 1;
		}
		visit(conntrack, header);
	}
	return 0;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct conntrack *conntrack = container_of(io, struct conntrack, readable);

	(void)loop;
	(void)events;
	for (int i = 0; i < SLICE_DATAGRAMS; i++) {
		struct sockaddr_nl sender = {0};
		unsigned char *datagram = NULL;
		int size = nl_recv(conntrack->dump, &sender, &datagram, NULL);
		int r;

		if (size == 0 || size == -NLE_AGAIN)
			return;
		r = size < 0 ? -EIO : visit_datagram(conntrack, datagram, size);
		free(datagram);
		if (r) {
			finish(conntrack, r < 0 ? r : 0);
			return;
		}
	}
}

static void on_start(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct conntrack *conntrack = container_of(timer, struct conntrack, start);

	(void)events;
	conntrack->walking = conntrack->gathered;
	conntrack->gathered = NULL;
	conntrack->deleted = 0;
	if (nfnl_ct_dump_request(conntrack->dump) < 0) {
		finish(conntrack, -EIO);
		return;
	}
	ev_io_start(loop, &conntrack->readable);
}

void conntrack_clear(struct conntrack *conntrack, const struct stale_flow *flow)
{
	struct stale_target *target = find(conntrack->gathered, &flow->destination, flow->port);

	if (!target) {
		target = memory_allocate(sizeof(*target));
		target->key.destination = flow->destination;
		target->key.port = flow->port;
		HASH_ADD(hh, conntrack->gathered, key, sizeof(target->key), target);
	}
	for (size_t i = 0; i < target->endpoint_count; i++)
		if (address_is_equal(&target->endpoints[i], &flow->endpoint))
			return;
	target->endpoints = memory_resize(target->endpoints, target->endpoint_count + 1,
					  sizeof(*target->endpoints));
	target->endpoints[target->endpoint_count++] = flow->endpoint;
	schedule(conntrack);
}

static int open_socket(struct nl_sock **ret, struct error *err)
{
	struct nl_sock *socket = nl_socket_alloc();
	int r;

	if (!socket)
		return error_set(err, -ENOMEM, "netlink socket: out of memory");
	r = nl_connect(socket, NETLINK_NETFILTER);
	if (r < 0) {
		nl_socket_free(socket);
		return error_set(err, -EIO, "netfilter netlink: %s", nl_geterror(r));
	}
	*ret = socket;
	return 0;
}

int conntrack_open(struct ev_loop *loop,
		   void (*on_done)(void *user, long deleted, const struct error *err), void *user,
		   struct conntrack **ret, struct error *err)
{
	struct conntrack *conntrack = memory_allocate(sizeof(*conntrack));
	int r = open_socket(&conntrack->dump, err);

	if (r >= 0)
		r = open_socket(&conntrack->requests, err);
	conntrack->loop = loop;
	conntrack->on_done = on_done;
	conntrack->user = user;
	ev_timer_init(&conntrack->start, on_start, 0., 0.);
	ev_io_init(&conntrack->readable, on_readable,
		   conntrack->dump ? nl_socket_get_fd(conntrack->dump) : -1, EV_READ);
	if (r < 0) {
		conntrack_close(conntrack);
		return r;
	}
	nl_socket_set_nonblocking(conntrack->dump);
	*ret = conntrack;
	return 0;
}

void conntrack_close(struct conntrack *conntrack)
{
	if (!conntrack)
		return;
	ev_timer_stop(conntrack->loop, &conntrack->start);
	ev_io_stop(conntrack->loop, &conntrack->readable);
	free_targets(&conntrack->gathered);
	free_targets(&conntrack->walking);
	if (conntrack->dump)
		nl_socket_free(conntrack->dump);
	if (conntrack->requests)
		nl_socket_free(conntrack->requests);
	free(conntrack);
}
