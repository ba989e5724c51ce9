/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINK_H
#define KERNEL_LINK_H

#include "lib/base/error.h"
#include "lib/plan/changes.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct link - the dummy interface that holds the virtual IPs, and the node's other addresses
 *
 * One per network namespace. Two sockets: one for requests, one that listens for changes.
 */
struct link;

/**
 * link_open() - connect; the interface itself need not exist yet
 * @name:  "kube-ipvs0"
 */
int link_open(const char *name, struct link **ret, struct error *err);
void link_close(struct link *link);

/** link_reopen() - connect the socket for requests again, after a failure that may be its own */
int link_reopen(struct link *link, struct error *err);

/**
 * enum link_ensured - what it took to have the interface
 *   NOTHING  it was there
 *   CREATED  it was not
 *   RENAMED  another program had renamed it; it has its name again, and kept its addresses
 *   CLEARED  it was there; the one that another program had renamed, and that could not get its
 *            name again, is deleted with the VIPs that it still had
 */
enum link_ensured {
	LINK_ENSURED_NOTHING,
	LINK_ENSURED_CREATED,
	LINK_ENSURED_RENAMED,
	LINK_ENSURED_CLEARED,
};

/**
 * link_ensure() - create the dummy interface if it is missing
 *
 * Like kube-proxy: NOARP is a property of dummy, the interface stays DOWN. @ret may be NULL.
 * -EOPNOTSUPP without the dummy module; -EEXIST if a link of that name is not a dummy.
 *
 * An interface that had the name in an earlier call gets it again. If that cannot be, since another
 * one has the name or the kernel refuses, the call after the next observation deletes it, when the
 * other one has its addresses.
 */
int link_ensure(struct link *link, enum link_ensured *ret, struct error *err);

/** link_remove() - delete the interface with its addresses; a missing one is fine */
int link_remove(struct link *link, struct error *err);

/** struct node_address - an address of another interface of this network namespace */
struct node_address {
	struct address address;
	uint16_t prefix_length;
	char interface[16];
};

/**
 * link_observe() - read all addresses of the network namespace
 * @on_bound:  for each on the dummy interface
 * @on_node:   for each on any other interface, loopback and link-local included, but not of one
 *             that was renamed; may be NULL
 */
int link_observe(struct link *link, void (*on_bound)(void *owner, const struct address *address),
		 void (*on_node)(void *owner, const struct node_address *address), void *owner,
		 struct error *err);

/**
 * link_observe_begin() - read the addresses of the dummy interface in steps
 *
 * link_observe_step() follows until it does not return 1; meanwhile changes may be applied. One
 * that was begun before and has not ended is given up.
 */
int link_observe_begin(struct link *link, struct error *err);

/**
 * link_observe_step() - about a thousand of them
 * @on_bound:  for some of them once all have been read, in the last steps
 * Return: 1 if there are more; 0 at the end; -EINTR if addresses changed before all were read:
 * begin again. Those that changed afterwards are told as they were.
 */
int link_observe_step(struct link *link,
		      void (*on_bound)(void *owner, const struct address *address), void *owner,
		      struct error *err);

/** link_apply() - carry out ADDRESS_* changes in batches; contract as ipvs_apply()
 *
 * IPv4 as /32 scope global, IPv6 as /128 without duplicate address detection, and deprecated: the
 * kernel takes such an address as the source of a connection or of masquerading only if there is no
 * other. (For IPv4 it takes one of the interface that a packet leaves by.) Adding what is there and
 * removing what is not are successes.
 */
int link_apply(struct link *link, struct change *changes, size_t count, struct error *err);

/**
 * link_deprecate() - make IPv6 addresses of the dummy interface so that others bound differently
 * @ret_count:  on success, how many had to be changed
 *
 * Goes by the last link_observe(). Each is edited where it is, so it serves all the time; what
 * kube-proxy has bound is taken over in this way. After an error some may be left.
 */
int link_deprecate(struct link *link, size_t *ret_count, struct error *err);

/** link_monitor_descriptor() - becomes readable when addresses or links change */
int link_monitor_descriptor(const struct link *link);

/** link_monitor_reopen() - listen with another socket, and so with another descriptor; everything
 *  has to be observed again. Return: 0, or a negative errno with the former one still open */
int link_monitor_reopen(struct link *link, struct error *err);

/** enum link_event - what the monitor saw; bits
 *   BOUND    addresses of the dummy interface, or the interface itself, changed by others
 *   NODE     addresses of other interfaces changed, link-local ones excepted (each new pod has one)
 *   LOST     messages were lost (ENOBUFS): observe everything again
 */
enum link_event { LINK_EVENT_BOUND = 1, LINK_EVENT_NODE = 2, LINK_EVENT_LOST = 4 };

/**
 * link_monitor_read() - take what waits; never blocks
 *
 * Our own requests are recognised (by the netlink port of the request socket) and do not count,
 * nor does what comes from anybody but the kernel. Return: bits of enum link_event; or a negative
 * errno: link_monitor_reopen() is needed
 */
int link_monitor_read(struct link *link, struct error *err);

#endif
