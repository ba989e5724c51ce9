/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include "address_listing.h"
#include "bound_addresses.h"
#include "link_device.h"
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the notifications of some ten thousand IPv6 addresses that we bind in one go. */
#define MONITOR_BUFFER_BYTES (8 * 1024 * 1024)

/* So many notifications with one call, for the sake of others in the event loop. */
#define MONITOR_BURST 1000

/*
 * What a step of an observation takes in or tells, each of which may be new to the ledger: 3 ms in
 * the test kernel. About 400 addresses are a part.
 */
#define PARTS_PER_STEP 4
#define TOLD_PER_STEP  1000

/* Never more: a notification is about one object. */
#define NOTIFICATION_BYTES 16384

/*
 * @observer: for a dump that is read in steps, so that others can be asked meanwhile; from the
 * first one on. @observed: that dump. @told: so many of it have been told
 * @index:  0 = there is no interface, as far as we know
 * @held:   the interface of the last link_ensure(), whatever its name is by now; 0 = none
 * @former: one that was held before, and may have VIPs; 0 = none
 * @bound:  the IPv6 addresses that we believe it to have. The kernel names the requester in
 *          notifications of IPv4 addresses, but not of IPv6 ones, which it sends from a work queue.
 */
struct link {
	char name[IFNAMSIZ];
	struct netlink *netlink;
	struct netlink *observer;
	struct address_listing observed;
	size_t told;
	bool is_telling; /* the dump is complete */
	struct nl_sock *monitor;
	int index, held, former;
	struct bound_addresses bound;
};

/*
 * Notifications of what the request socket did are dropped before they wake anybody. Filters load
 * numbers in network byte order.
 */
static int attach_filter(int descriptor, uint32_t own_port)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog filter = {.len = COUNT(instructions), .filter = instructions};

	return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static int listen_to_changes(struct nl_sock *monitor, uint32_t own_port, struct error *err)
{
	int descriptor;

	errno = 0;
	if (nl_connect(monitor, NETLINK_ROUTE) < 0)
		return error_set(err, errno ? -errno : -EIO, "opening a netlink socket: %s",
				 strerror(errno ? errno : EIO));
	descriptor = nl_socket_get_fd(monitor);
	netlink_set_receive_buffer(descriptor, MONITOR_BUFFER_BYTES);
	errno = 0;
	if (attach_filter(descriptor, own_port) < 0 ||
	    nl_socket_add_memberships(monitor, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, 0) < 0)
		return error_set(err, errno ? -errno : -EIO, "listening to rtnetlink: %s",
				 strerror(errno ? errno : EIO));
	return 0;
}

int link_monitor_reopen(struct link *link, struct error *err)
{
	struct nl_sock *monitor = nl_socket_alloc();
	int r;

	if (!monitor)
		return error_set(err, -ENOMEM, "opening a netlink socket: %s", strerror(ENOMEM));
	r = listen_to_changes(monitor, netlink_port(link->netlink), err);
	if (r < 0) {
		nl_socket_free(monitor);
		return r;
	}
	nl_socket_free(link->monitor);
	link->monitor = monitor;
	return 0;
}

int link_open(const char *name, struct link **ret, struct error *err)
{
	struct link *link;
	int r;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return error_set(err, -EINVAL, "\"%s\" is not an interface name", name);

	link = memory_allocate(sizeof(*link));
	memcpy(link->name, name, strlen(name));
	r = netlink_open(NETLINK_ROUTE, &link->netlink, err);
	if (r >= 0)
		r = link_monitor_reopen(link, err);
	if (r < 0) {
		link_close(link);
		return r;
	}
	*ret = link;
	return 0;
}

int link_reopen(struct link *link, struct error *err)
{
	struct netlink *netlink;
	int r = netlink_open(NETLINK_ROUTE, &netlink, err);

	if (r < 0)
		return r;
	netlink_close(link->netlink);
	netlink_close(take(&link->observer));
	link->netlink = netlink;
	/* Else the monitor would take what we do for changes by others. */
	if (attach_filter(link_monitor_descriptor(link), netlink_port(netlink)) < 0)
		return error_set(err, -errno, "listening to rtnetlink: %s", strerror(errno));
	return 0;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	bound_addresses_clear(&link->bound);
	nl_socket_free(link->monitor);
	netlink_close(link->netlink);
	netlink_close(link->observer);
	address_listing_clear(&link->observed);
	free(link);
}

/* Finds the interface by its name; Return: 0, with index 0 if there is none */
static int look_up(struct link *link, struct link_device *ret, struct error *err)
{
	int r = link_device_find(link->netlink, link->name, ret, err);

	if (r < 0)
		return r;
	if (ret->index != link->index)
		bound_addresses_clear(&link->bound);
	link->index = ret->index;
	return 0;
}

/* Return: 0, with @ret as it was if the interface that was held is gone, or cannot get its name */
static int take_back(struct link *link, struct link_device *ret, struct error *err)
{
	struct link_device held;
	int r = link_device_find_again(link->netlink, link->held, &held, err);

	if (r < 0)
		return r;
	if (!held.is_dummy) {
		link->held = 0;
		return 0;
	}
	if (link_device_rename(link->netlink, held.index, link->name, NULL) < 0)
		return 0;
	return look_up(link, ret, err);
}

/* What became of the one that cannot get its name again; Return: whether it was deleted now */
static bool clear_former(struct link *link)
{
	struct link_device former;
	bool is_deleted = false;

	if (!link->former)
		return false;
	if (link_device_find_again(link->netlink, link->former, &former, NULL) < 0)
		return false;
	if (former.is_dummy)
		is_deleted = link_device_delete(link->netlink, former.name, NULL) == 0;
	link->former = 0;
	return is_deleted;
}

/* Remembers which interface has the name now. */
static void hold(struct link *link, int index)
{
	if (link->held && link->held != index) {
		clear_former(link);
		link->former = link->held;
	}
	link->held = index;
}

int link_ensure(struct link *link, enum link_ensured *ret, struct error *err)
{
	enum link_ensured ensured = LINK_ENSURED_NOTHING;
	struct link_device found;
	int r = look_up(link, &found, err);

	if (r >= 0 && !found.index && link->held) {
		r = take_back(link, &found, err);
		if (found.index)
			ensured = LINK_ENSURED_RENAMED;
	}
	if (r >= 0 && !found.index) {
		ensured = LINK_ENSURED_CREATED;
		r = link_device_create(link->netlink, link->name, err);
		if (r >= 0)
			r = look_up(link, &found, err);
	}
	if (r < 0)
		return r;
	if (!found.is_dummy)
		return error_set(err, -EEXIST, "interface %s exists and is not a dummy interface",
				 link->name);
	if (found.index == link->held && clear_former(link))
		ensured = LINK_ENSURED_CLEARED;
	hold(link, found.index);
	if (ret)
		*ret = ensured;
	return 0;
}

int link_remove(struct link *link, struct error *err)
{
	int r = link_device_delete(link->netlink, link->name, err);

	if (r < 0)
		return r;
	link->index = link->held = 0;
	bound_addresses_clear(&link->bound);
	return 0;
}

static void tell_node_address(const struct listed_address *seen,
			      void (*on_node)(void *owner, const struct node_address *address),
			      void *owner)
{
	struct node_address address = {.address = seen->address,
				       .prefix_length = seen->prefix_length};

	_Static_assert(sizeof(address.interface) >= IF_NAMESIZE, "names of interfaces do not fit");
	/* The interface may be gone by now, and its addresses with it. */
	if (if_indextoname((unsigned int)seen->index, address.interface))
		on_node(owner, &address);
}

/* Tells the next of @listing, as many as @limit allows; Return: whether there are more */
static bool tell(struct link *link, const struct address_listing *listing, size_t *told,
		 size_t limit, void (*on_bound)(void *owner, const struct address *address),
		 void (*on_node)(void *owner, const struct node_address *address), void *owner)
{
	for (size_t i = 0; i < limit && *told < listing->count; i++) {
		const struct listed_address *seen = &listing->items[(*told)++];

		if (seen->index == link->index) {
			if (seen->address.family == AF_INET6)
				bound_addresses_get(&link->bound, &seen->address)->is_preferred =
					seen->is_preferred;
			on_bound(owner, &seen->address);
		} else if (on_node && seen->index != link->held && seen->index != link->former) {
			tell_node_address(seen, on_node, owner);
		}
	}
	if (*told < listing->count)
		return true;
	bound_addresses_look_end(&link->bound);
	return false;
}

static int wrap(struct error *err, int r)
{
	return error_wrap(err, r, "reading the addresses of this node");
}

int link_observe(struct link *link, void (*on_bound)(void *owner, const struct address *address),
		 void (*on_node)(void *owner, const struct node_address *address), void *owner,
		 struct error *err)
{
	struct address_listing listing = {0};
	struct link_device found;
	size_t told = 0;
	int r = look_up(link, &found, err);

	if (r < 0)
		return r;
	bound_addresses_look_begin(&link->bound);
	r = address_listing_read(&listing, link->netlink, err);
	if (r < 0)
		wrap(err, r);
	else
		tell(link, &listing, &told, SIZE_MAX, on_bound, on_node, owner);
	address_listing_clear(&listing);
	return r;
}

int link_observe_begin(struct link *link, struct error *err)
{
	struct link_device found;
	int r = look_up(link, &found, err);

	if (r >= 0 && !link->observer)
		r = netlink_open(NETLINK_ROUTE, &link->observer, err);
	if (r < 0)
		return r;
	bound_addresses_look_begin(&link->bound);
	link->told = 0;
	link->is_telling = false;
	r = address_listing_begin(&link->observed, link->observer, err);
	return r < 0 ? wrap(err, r) : 0;
}

int link_observe_step(struct link *link,
		      void (*on_bound)(void *owner, const struct address *address), void *owner,
		      struct error *err)
{
	int r = 0;

	if (!link->is_telling) {
		r = netlink_dump_step(link->observer, PARTS_PER_STEP, err);
		if (r < 0)
			wrap(err, r);
		link->is_telling = r == 0;
	} else if (tell(link, &link->observed, &link->told, TOLD_PER_STEP, on_bound, NULL, owner)) {
		r = 1;
	} else {
		link->is_telling = false;
	}
	if (r > 0 || link->is_telling)
		return 1;
	address_listing_clear(&link->observed);
	return r;
}

/* @type: RTM_NEWADDR or RTM_DELADDR */
static void build(struct link *link, struct nl_msg *message, const struct address *address,
		  int type, int flags)
{
	/*
	 * A deprecated IPv6 address serves, but is nobody's source as long as there is another. Of
	 * several addresses the kernel takes the one most like the destination, which would be the
	 * VIP for masquerading and for what the node itself sends to pods.
	 */
	const struct ifa_cacheinfo deprecated = {.ifa_prefered = 0, .ifa_valid = UINT32_MAX};
	size_t length = address_length(address->family);
	struct ifaddrmsg header = {.ifa_family = (uint8_t)address->family,
				   .ifa_prefixlen = (uint8_t)(8 * length),
				   .ifa_scope = RT_SCOPE_UNIVERSE,
				   .ifa_index = (uint32_t)link->index};

	/*
	 * IFA_F_NODAD is not needed: there is no duplicate address detection on an interface
	 * without ARP, and the flag would tell our addresses from those that kube-proxy binds.
	 */
	nlmsg_put(message, 0, 0, type, 0, flags);
	nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put(message, IFA_LOCAL, (int)length, address->bytes);
	nla_put(message, IFA_ADDRESS, (int)length, address->bytes);
	if (type == RTM_NEWADDR && address->family == AF_INET6)
		nla_put(message, IFA_CACHEINFO, sizeof(deprecated), &deprecated);
}

static void build_change(struct link *link, struct nl_msg *message, const struct change *change)
{
	if (change->kind == CHANGE_KIND_ADDRESS_ADD)
		build(link, message, &change->address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	else
		build(link, message, &change->address, RTM_DELADDR, 0);
}

/* Puts changes into the batch until it is full; Return: how many are done with */
static size_t fill_batch(struct link *link, struct change *changes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct nl_msg *message;

		if (change_facility(changes[i].kind) != FACILITY_LINK)
			continue;
		message = netlink_message(link->netlink);
		build_change(link, message, &changes[i]);
		if (!netlink_batch_add(link->netlink, message, &changes[i].result))
			break;
	}
	return i;
}

static void settle(struct link *link, struct change *change)
{
	bool is_add = change->kind == CHANGE_KIND_ADDRESS_ADD;

	if (change_facility(change->kind) != FACILITY_LINK)
		return;
	if (is_add && change->result == -EEXIST)
		change->result = 0;
	if (!is_add && (change->result == -EADDRNOTAVAIL || change->result == -ENODEV))
		change->result = 0;
	if (change->result != 0 || change->address.family != AF_INET6)
		return;
	if (is_add)
		bound_addresses_get(&link->bound, &change->address);
	else
		bound_addresses_drop(&link->bound, &change->address);
}

int link_apply(struct link *link, struct change *changes, size_t count, struct error *err)
{
	size_t done = 0, taken;
	struct link_device found;
	int r = 0;

	if (!link->index)
		r = look_up(link, &found, err);
	while (done < count && r >= 0) {
		taken = fill_batch(link, changes + done, count - done);
		r = netlink_batch_send(link->netlink, err);
		for (size_t i = done; r >= 0 && i < done + taken; i++)
			settle(link, &changes[i]);
		done += taken;
	}
	if (r >= 0)
		return 0;

	for (size_t i = done; i < count; i++)
		if (change_facility(changes[i].kind) == FACILITY_LINK)
			changes[i].result = r;
	return error_wrap(err, r, "changing the addresses of %s", link->name);
}

/* One of them at a time in the batch until it is full, and again */
static int edit_all(struct link *link, const struct address *addresses, int *results, size_t count,
		    struct error *err)
{
	size_t added = 0;

	while (added < count) {
		size_t first = added;
		int r;

		while (added < count) {
			struct nl_msg *message = netlink_message(link->netlink);

			build(link, message, &addresses[added], RTM_NEWADDR, NLM_F_REPLACE);
			if (!netlink_batch_add(link->netlink, message, &results[added]))
				break;
			added++;
		}
		r = netlink_batch_send(link->netlink, err);
		if (r < 0)
			return r;
		for (size_t i = first; i < added; i++)
			if (results[i] < 0)
				return error_set(err, results[i], "%s", strerror(-results[i]));
	}
	return 0;
}

int link_deprecate(struct link *link, size_t *ret_count, struct error *err)
{
	size_t capacity = HASH_COUNT(link->bound.by_address), count = 0;
	auto_memory struct address *addresses = memory_array(capacity, sizeof(*addresses));
	auto_memory int *results = memory_array(capacity, sizeof(*results));
	struct bound_address *bound, *next;
	int r;

	HASH_ITER (hh, link->bound.by_address, bound, next)
		if (bound->is_preferred)
			addresses[count++] = bound->address;
	r = edit_all(link, addresses, results, count, err);
	if (r < 0)
		return error_wrap(err, r, "deprecating the IPv6 addresses of %s", link->name);
	for (size_t i = 0; i < count; i++)
		bound_addresses_get(&link->bound, &addresses[i])->is_preferred = false;
	*ret_count = count;
	return 0;
}

int link_monitor_descriptor(const struct link *link)
{
	return nl_socket_get_fd(link->monitor);
}

static int link_notification(struct link *link, const struct nlmsghdr *message)
{
	struct nlattr *attributes[IFLA_MAX + 1];
	const struct ifinfomsg *header;
	bool is_ours, has_our_name;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, IFLA_MAX, NULL))
		return 0;
	header = nlmsg_data(message);
	/* Of another family: what a bridge says about its ports. */
	if (header->ifi_family != AF_UNSPEC)
		return 0;
	is_ours = link->index && header->ifi_index == link->index;
	has_our_name = message->nlmsg_type == RTM_NEWLINK && attributes[IFLA_IFNAME] &&
		       nla_strcmp(attributes[IFLA_IFNAME], link->name) == 0;
	if (is_ours == has_our_name)
		return 0;
	if (is_ours) {
		link->index = 0;
		bound_addresses_clear(&link->bound);
	}
	return LINK_EVENT_BOUND;
}

static int address_notification(struct link *link, const struct nlmsghdr *message)
{
	bool is_add = message->nlmsg_type == RTM_NEWADDR;
	struct listed_address seen;

	if (!address_listing_parse(message, &seen))
		return 0;
	if (link->index && seen.index == link->index) {
		if (seen.address.family == AF_INET6 && !link->bound.is_learning &&
		    is_add == (bound_addresses_find(&link->bound, &seen.address) != NULL))
			return 0;
		return LINK_EVENT_BOUND;
	}
	/* The kernel tells IPv4 addresses again when their interface is renamed. */
	if (seen.index == link->held || seen.index == link->former)
		return LINK_EVENT_BOUND;
	/* Each pod that starts brings one, on the host's end of its interface; nobody is told. */
	return address_is_link_local(&seen.address) ? 0 : LINK_EVENT_NODE;
}

static int notification(struct link *link, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return link_notification(link, message);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return address_notification(link, message);
	default:
		return 0;
	}
}

int link_monitor_read(struct link *link, struct error *err)
{
	int events = 0;

	for (int i = 0; i < MONITOR_BURST; i++) {
		_Alignas(struct nlmsghdr) char buffer[NOTIFICATION_BYTES];
		struct nlmsghdr *message = (void *)buffer;
		ssize_t length = netlink_receive_notification(link_monitor_descriptor(link), buffer,
							      sizeof(buffer));
		int rest = (int)length;

		if (length == -EAGAIN)
			break;
		if (length == -ENOBUFS) {
			events |= LINK_EVENT_LOST;
			continue;
		}
		if (length < 0)
			return error_set(err, rest, "listening to rtnetlink: %s", strerror(-rest));
		for (; nlmsg_ok(message, rest); message = nlmsg_next(message, &rest))
			events |= notification(link, message);
	}
	return events;
}
