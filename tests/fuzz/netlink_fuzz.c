/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/kernel/address_listing.h"
#include "lib/kernel/link.h"
#include "lib/kernel/link_device.h"
#include "lib/kernel/nftables.h"
#include "lib/kernel/set_listing.h"

#include <errno.h>
#include <libipset/linux_ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * What the kernel answers and announces: rtnetlink, ipset, nftables. (IPVS has
 * ipvs_message_fuzz.) Whatever it is: no memory error, and nothing out of range is told.
 *
 * The input is a byte that says who listens, and then messages: a byte for the type, two for the
 * length, and that much after the header. Netlink itself is here, instead of lib/kernel/netlink.c.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = {
	RTM_NEWLINK,
	RTM_DELLINK,
	RTM_NEWADDR,
	RTM_DELADDR,
	NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELCHAIN,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELRULE,
	NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN,
};

static const uint8_t *input;
static size_t input_size;

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Return: the next message, which ends where its memory ends; NULL at the end of the input */
static struct nlmsghdr *next_message(void)
{
	struct nlmsghdr *message;
	size_t length;

	if (input_size < 3)
		return NULL;
	length = (size_t)input[1] | (size_t)input[2] << 8;
	if (length > input_size - 3)
		length = input_size - 3;
	message = memory_allocate(NLMSG_HDRLEN + length);
	message->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length);
	message->nlmsg_type = types[input[0] % COUNT(types)];
	if (length)
		memcpy(nlmsg_data(message), input + 3, length);
	input += 3 + length;
	input_size -= 3 + length;
	return message;
}

struct netlink {
	struct nl_msg *message;
	int (*on_message)(void *owner, const struct nlmsghdr *message);
	void *owner;
};

int netlink_open(int protocol, struct netlink **ret, struct error *err)
{
	(void)protocol;
	(void)err;
	*ret = memory_allocate(sizeof(**ret));
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	nlmsg_free(netlink->message);
	free(netlink);
}

struct nl_sock *netlink_socket(struct netlink *netlink)
{
	(void)netlink;
	return NULL;
}

uint32_t netlink_port(const struct netlink *netlink)
{
	(void)netlink;
	return 1;
}

struct nl_msg *netlink_message(struct netlink *netlink)
{
	nlmsg_free(netlink->message);
	netlink->message = nlmsg_alloc();
	return netlink->message;
}

struct nl_msg *netlink_last_message(struct netlink *netlink)
{
	return netlink->message;
}

bool netlink_batch_add(struct netlink *netlink, const struct nl_msg *message, int *result)
{
	(void)netlink;
	(void)message;
	*result = 0;
	return true;
}

int netlink_batch_send(struct netlink *netlink, struct error *err)
{
	(void)netlink;
	(void)err;
	return 0;
}

int netlink_ask(struct netlink *netlink, struct nl_msg *request,
		int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		struct error *err)
{
	struct nlmsghdr *message;
	int r = 0;

	(void)netlink;
	(void)request;
	while (r >= 0 && (message = next_message())) {
		r = on_message ? on_message(owner, message) : 0;
		free(message);
	}
	return r < 0 ? error_set(err, r, "%s", strerror(-r)) : 0;
}

int netlink_dump_begin(struct netlink *netlink, struct nl_msg *request,
		       int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		       struct error *err)
{
	(void)request;
	(void)err;
	netlink->on_message = on_message;
	netlink->owner = owner;
	return 0;
}

int netlink_dump_step(struct netlink *netlink, size_t parts, struct error *err)
{
	(void)parts;
	return netlink_ask(netlink, NULL, netlink->on_message, netlink->owner, err);
}

void netlink_dump_end(struct netlink *netlink)
{
	(void)netlink;
}

void netlink_set_receive_buffer(int descriptor, int bytes)
{
	(void)descriptor;
	(void)bytes;
}

ssize_t netlink_receive_notification(int descriptor, void *buffer, size_t size)
{
	struct nlmsghdr *message = next_message();
	size_t length;

	(void)descriptor;
	if (!message)
		return -EAGAIN;
	length = message->nlmsg_len < size ? message->nlmsg_len : size;
	memcpy(buffer, message, length);
	free(message);
	return (ssize_t)length;
}

static bool is_ip(const struct address *address)
{
	return address->family == AF_INET || address->family == AF_INET6;
}

static void on_member(void *owner, const struct set_member *member, uint32_t mark)
{
	(void)owner;
	(void)mark;
	require(member->kind < SET_KIND_COUNT);
	if (set_kind_type(member->kind) != SET_TYPE_BITMAP_PORT)
		require(is_ip(&member->address));
}

static void hear_members(struct netlink *netlink)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct set_listing listing;
	struct error err = {0};
	enum set_kind kind;

	if (!input_size)
		return;
	kind = (enum set_kind)(input[0] / 2 % SET_KIND_COUNT);
	set_listing_begin(&listing, netlink, kind, families[input[0] % 2], on_member, NULL, &err);
	set_listing_step(&listing, &err);
}

static void on_header(void *owner, const char *name, const struct set_header *header)
{
	*(size_t *)owner += strlen(name);
	require(strnlen(header->type, sizeof(header->type)) < sizeof(header->type));
}

static void hear_headers(struct netlink *netlink)
{
	struct error err = {0};
	size_t length = 0;

	set_listing_headers(netlink, on_header, &length, &err);
}

static void hear_header(struct netlink *netlink)
{
	struct set_header header;
	struct error err = {0};

	set_listing_header(netlink, "KUBE-CLUSTER-IP", &header, &err);
	require(strnlen(header.type, sizeof(header.type)) < sizeof(header.type));
}

static void hear_addresses(struct netlink *netlink)
{
	struct address_listing listing = {0};
	struct error err = {0};

	address_listing_read(&listing, netlink, &err);
	for (size_t i = 0; i < listing.count; i++)
		require(is_ip(&listing.items[i].address));
	address_listing_clear(&listing);
}

static void hear_device(struct netlink *netlink)
{
	struct link_device device;
	struct error err = {0};

	if (link_device_find(netlink, "kube-ipvs0", &device, &err) == 0)
		require(strnlen(device.name, sizeof(device.name)) < sizeof(device.name));
}

/* Of the first device that is told; what follows are notifications. */
static void hear_link(struct netlink *netlink)
{
	static struct link *link;
	struct error err = {0};

	(void)netlink;
	if (!link)
		require(link_open("kube-ipvs0", &link, &err) == 0);
	require(link_monitor_read(link, &err) >= 0);
}

static void hear_changes_of_rules(struct netlink *netlink)
{
	static struct nftables_monitor *monitor;
	struct nftables_change change;
	struct error err = {0};

	(void)netlink;
	if (!monitor && nftables_monitor_open(&monitor, &err) < 0)
		return;
	require(nftables_monitor_read(monitor, &change, &err) == 0);
	require(strnlen(change.writer, sizeof(change.writer)) < sizeof(change.writer));
}

static void hear_rules(struct netlink *netlink)
{
	struct nftables_view view;
	struct error err = {0};

	(void)netlink;
	if (nftables_look(AF_INET, "nat", &view, &err) == 0)
		require(strnlen(view.native, sizeof(view.native)) < sizeof(view.native));
}

static void hear_chains(struct netlink *netlink)
{
	struct nftables_chain chain;
	struct error err = {0};

	(void)netlink;
	if (nftables_find(AF_INET, &chain, &err) > 0)
		require(*chain.name && *chain.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const listeners[])(struct netlink * netlink) = {
		hear_members, hear_headers, hear_header,	   hear_addresses, hear_device,
		hear_link,    hear_rules,   hear_changes_of_rules, hear_chains,
	};
	struct netlink *netlink;
	struct error err = {0};

	if (!size)
		return 0;
	input = data + 1;
	input_size = size - 1;
	require(netlink_open(NETLINK_NETFILTER, &netlink, &err) == 0);
	listeners[data[0] % COUNT(listeners)](netlink);
	netlink_close(netlink);
	return 0;
}
