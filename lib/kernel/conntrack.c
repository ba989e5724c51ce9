/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"
#include "netlink.h"

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

/* A walk that fails is done again after 1, 2, 4 s and so on: for 6 minutes in all. */
#define RETRY_SECONDS_MAX 60.0
#define FAILURES_MAX	  12

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

/**
 * struct conntrack
 * @dump, @requests:  NULL until they are needed, and again after a failure, since a socket may be
 *                    what failed
 * @walking:          what the walk under way looks for; NULL = none
 * @began:            clock_now() when it did
 * @failures:         in a row
 * @failure:          of the walk under way: an entry that could not be deleted
 */
struct conntrack {
	struct ev_loop *loop;
	void (*on_done)(void *owner, const struct conntrack_report *report);
	void *owner;
	struct netlink *dump;
	struct netlink *requests;
	struct stale_target *gathered;
	struct stale_target *walking;
	struct timer start;
	struct timer slice;
	size_t deleted[IP_FAMILY_COUNT];
	double began;
	unsigned int failures;
	struct error failure;
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

static enum ip_family family_of(const struct nfnl_ct *entry)
{
	return nfnl_ct_get_family(entry) == AF_INET6 ? IP_FAMILY_IPV6 : IP_FAMILY_IPV4;
}

static void delete (struct conntrack *conntrack, const struct nfnl_ct *entry)
{
	struct error err = {0};
	struct nl_msg *request;
	int r;

	if (nfnl_ct_build_delete_request(entry, 0, &request) < 0) {
		error_set(&conntrack->failure, -ENOMEM, "%s", strerror(ENOMEM));
		return;
	}
	r = netlink_ask(conntrack->requests, request, NULL, NULL, &err);
	nlmsg_free(request);
	if (r >= 0)
		conntrack->deleted[family_of(entry)]++;
	else if (r != -ENOENT) /* one that is gone already is as good as deleted */
		conntrack->failure = err;
}

static int on_entry(void *owner, const struct nlmsghdr *message)
{
	struct conntrack *conntrack = owner;
	struct nfnl_ct *entry = NULL;

	if (nfnlmsg_ct_parse((struct nlmsghdr *)message, &entry) < 0)
		return 0;
	if (is_stale(conntrack, entry))
		delete (conntrack, entry);
	nfnl_ct_put(entry);
	return 0;
}

/* A timer that is due waits, stopped, for its turn among the others of this round of the loop. */
static bool is_scheduled(const struct conntrack *conntrack)
{
	return timer_is_running(&conntrack->start);
}

static double retry_seconds(const struct conntrack *conntrack)
{
	double seconds = (double)(1U << (conntrack->failures - 1));

	return seconds < RETRY_SECONDS_MAX ? seconds : RETRY_SECONDS_MAX;
}

static void schedule(struct conntrack *conntrack)
{
	double after = conntrack->failures ? retry_seconds(conntrack) : GATHER_SECONDS;

	if (conntrack->walking || !conntrack->gathered || is_scheduled(conntrack))
		return;
	timer_start(&conntrack->start, after);
}

static void gather(struct conntrack *conntrack, const struct address *destination, uint16_t port,
		   const struct address *endpoint)
{
	struct stale_target *target = find(conntrack->gathered, destination, port);

	if (!target) {
		target = memory_allocate(sizeof(*target));
		target->key.destination = *destination;
		target->key.port = port;
		HASH_ADD(hh, conntrack->gathered, key, sizeof(target->key), target);
	}
	for (size_t i = 0; i < target->endpoint_count; i++)
		if (address_is_equal(&target->endpoints[i], endpoint))
			return;
	target->endpoints = memory_resize(target->endpoints, target->endpoint_count + 1,
					  sizeof(*target->endpoints));
	target->endpoints[target->endpoint_count++] = *endpoint;
}

/* What the walk looked for, the next one looks for again. */
static void gather_again(struct conntrack *conntrack)
{
	const struct stale_target *target;

	for (target = conntrack->walking; target; target = target->hh.next)
		for (size_t i = 0; i < target->endpoint_count; i++)
			gather(conntrack, &target->key.destination, target->key.port,
			       &target->endpoints[i]);
}

static void close_sockets(struct conntrack *conntrack)
{
	netlink_close(take(&conntrack->dump));
	netlink_close(take(&conntrack->requests));
}

static struct conntrack_report report_of(const struct conntrack *conntrack, const struct error *err)
{
	struct conntrack_report report = {.seconds = clock_now() - conntrack->began, .error = err};
	const struct stale_target *target;

	memcpy(report.deleted, conntrack->deleted, sizeof(report.deleted));
	for (target = conntrack->walking; target; target = target->hh.next)
		report.families |= ip_family_bit(target->key.destination.family);
	return report;
}

static void finish(struct conntrack *conntrack, const struct error *err)
{
	struct conntrack_report report = report_of(conntrack, err);
	bool has_failed = err->code < 0;

	conntrack->failures = has_failed ? conntrack->failures + 1 : 0;
	if (has_failed)
		close_sockets(conntrack);
	if (has_failed && conntrack->failures < FAILURES_MAX) {
		report.retry_seconds = retry_seconds(conntrack);
		gather_again(conntrack);
	} else {
		conntrack->failures = 0;
	}
	free_targets(&conntrack->walking);
	conntrack->on_done(conntrack->owner, &report);
	schedule(conntrack);
}

static void on_slice(void *owner)
{
	struct conntrack *conntrack = owner;
	struct error err = {0};
	int r = netlink_dump_step(conntrack->dump, SLICE_DATAGRAMS, &err);

	if (r > 0) {
		timer_start(&conntrack->slice, 0.);
		return;
	}
	if (r == 0)
		err = conntrack->failure;
	if (err.code < 0)
		error_wrap(&err, err.code, "reading the conntrack table");
	finish(conntrack, &err);
}

static int open_sockets(struct conntrack *conntrack, struct error *err)
{
	int r = 0;

	if (!conntrack->dump)
		r = netlink_open(NETLINK_NETFILTER, &conntrack->dump, err);
	if (r >= 0 && !conntrack->requests)
		r = netlink_open(NETLINK_NETFILTER, &conntrack->requests, err);
	return r;
}

static int begin_walk(struct conntrack *conntrack, struct error *err)
{
	struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	struct nl_msg *request;
	int r = open_sockets(conntrack, err);

	if (r < 0)
		return r;
	request = netlink_message(conntrack->dump);
	nlmsg_put(request, 0, 0, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, 0, NLM_F_DUMP);
	nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO);
	return netlink_dump_begin(conntrack->dump, request, on_entry, conntrack, err);
}

static void on_start(void *owner)
{
	struct conntrack *conntrack = owner;
	struct error err = {0};

	conntrack->walking = take(&conntrack->gathered);
	memset(conntrack->deleted, 0, sizeof(conntrack->deleted));
	conntrack->began = clock_now();
	conntrack->failure = (struct error){0};
	if (begin_walk(conntrack, &err) < 0) {
		finish(conntrack, &err);
		return;
	}
	timer_start(&conntrack->slice, 0.);
}

void conntrack_clear(struct conntrack *conntrack, const struct stale_flow *flow)
{
	gather(conntrack, &flow->destination, flow->port, &flow->endpoint);
	schedule(conntrack);
}

int conntrack_open(struct ev_loop *loop,
		   void (*on_done)(void *owner, const struct conntrack_report *report), void *owner,
		   struct conntrack **ret, struct error *err)
{
	struct conntrack *conntrack = memory_allocate(sizeof(*conntrack));
	int r;

	conntrack->loop = loop;
	conntrack->on_done = on_done;
	conntrack->owner = owner;
	timer_init(&conntrack->start, conntrack->loop, on_start, conntrack);
	timer_init(&conntrack->slice, conntrack->loop, on_slice, conntrack);
	r = open_sockets(conntrack, err);
	if (r < 0) {
		conntrack_close(conntrack);
		return r;
	}
	*ret = conntrack;
	return 0;
}

void conntrack_close(struct conntrack *conntrack)
{
	if (!conntrack)
		return;
	timer_stop(&conntrack->start);
	timer_stop(&conntrack->slice);
	free_targets(&conntrack->gathered);
	free_targets(&conntrack->walking);
	close_sockets(conntrack);
	free(conntrack);
}
