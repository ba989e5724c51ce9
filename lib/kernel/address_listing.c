/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address_listing.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

/* A dump that others disturb is repeated so often. */
#define ATTEMPTS 5

static bool is_preferred(const struct ifaddrmsg *header, struct nlattr *flags)
{
	return !((flags ? nla_get_u32(flags) : header->ifa_flags) & IFA_F_DEPRECATED);
}

static struct nla_policy policy[IFA_MAX + 1] = {[IFA_FLAGS] = {.type = NLA_U32}};

bool address_listing_parse(const struct nlmsghdr *message, struct listed_address *ret)
{
	struct nlattr *attributes[IFA_MAX + 1], *local;
	const struct ifaddrmsg *header;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, IFA_MAX, policy))
		return false;
	header = nlmsg_data(message);
	/* On a point-to-point interface the other attribute is the peer's address. */
	local = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	if ((header->ifa_family != AF_INET && header->ifa_family != AF_INET6) || !local ||
	    (size_t)nla_len(local) < address_length(header->ifa_family))
		return false;

	memset(ret, 0, sizeof(*ret));
	ret->index = (int)header->ifa_index;
	ret->prefix_length = header->ifa_prefixlen;
	ret->is_preferred = is_preferred(header, attributes[IFA_FLAGS]);
	ret->address.family = header->ifa_family;
	memcpy(ret->address.bytes, nla_data(local), address_length(header->ifa_family));
	return true;
}

static int on_address(void *owner, const struct nlmsghdr *message)
{
	struct address_listing *listing = owner;

	listing->items = memory_grow(listing->items, listing->count, &listing->capacity,
				     sizeof(*listing->items));
	if (message->nlmsg_type == RTM_NEWADDR &&
	    address_listing_parse(message, &listing->items[listing->count]))
		listing->count++;
	return 0;
}

static struct nl_msg *build(struct address_listing *listing, struct netlink *netlink)
{
	struct ifaddrmsg header = {.ifa_family = AF_UNSPEC};
	struct nl_msg *request = netlink_message(netlink);

	listing->count = 0;
	nlmsg_put(request, 0, 0, RTM_GETADDR, 0, NLM_F_DUMP);
	nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO);
	return request;
}

int address_listing_read(struct address_listing *listing, struct netlink *netlink,
			 struct error *err)
{
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < ATTEMPTS; i++)
		r = netlink_ask(netlink, build(listing, netlink), on_address, listing, err);
	return r;
}

int address_listing_begin(struct address_listing *listing, struct netlink *netlink,
			  struct error *err)
{
	return netlink_dump_begin(netlink, build(listing, netlink), on_address, listing, err);
}

void address_listing_clear(struct address_listing *listing)
{
	free(listing->items);
	*listing = (struct address_listing){0};
}
