/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "set_listing.h"

#include <endian.h>
#include <errno.h>
#include <libipset/linux_ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

/* About a thousand members, each of which may be new to the ledger: 3 ms in the test kernel. */
#define PARTS_PER_STEP 1

static struct nla_policy command_policy[IPSET_ATTR_CMD_MAX + 1] = {
	[IPSET_ATTR_SETNAME] = {.type = NLA_STRING},
	[IPSET_ATTR_TYPENAME] = {.type = NLA_STRING},
	[IPSET_ATTR_FAMILY] = {.type = NLA_U8},
};

static uint32_t attribute_u32(struct nlattr *attribute)
{
	if (!attribute || nla_len(attribute) != (int)sizeof(uint32_t))
		return 0;
	return ntohl(nla_get_u32(attribute));
}

/* An address is nested once more, in an attribute that tells its family. */
static bool read_address(struct nlattr *attribute, struct address *ret)
{
	struct nlattr *inner;

	if (!attribute)
		return false;
	inner = nla_data(attribute);
	if (!nla_ok(inner, nla_len(attribute)))
		return false;
	switch (nla_type(inner)) {
	case IPSET_ATTR_IPADDR_IPV4:
		ret->family = AF_INET;
		break;
	case IPSET_ATTR_IPADDR_IPV6:
		ret->family = AF_INET6;
		break;
	default:
		return false;
	}
	if (nla_len(inner) != (int)address_length(ret->family))
		return false;
	memcpy(ret->bytes, nla_data(inner), address_length(ret->family));
	return true;
}

static bool read_port(struct nlattr *attribute, uint16_t *ret)
{
	if (!attribute || nla_len(attribute) != (int)sizeof(uint16_t))
		return false;
	*ret = ntohs(nla_get_u16(attribute));
	return true;
}

static bool read_byte(struct nlattr *attribute, uint8_t *ret)
{
	if (!attribute || nla_len(attribute) != (int)sizeof(uint8_t))
		return false;
	*ret = nla_get_u8(attribute);
	return true;
}

/* Marks come with the mask of what they replace in the lower half. */
static uint32_t read_mark(struct nlattr *attribute)
{
	if (!attribute || nla_len(attribute) != (int)sizeof(uint64_t))
		return 0;
	return (uint32_t)(be64toh(nla_get_u64(attribute)) >> 32);
}

static bool read_member(const struct set_listing *listing, struct nlattr *attribute,
			struct set_member *ret, uint32_t *ret_mark)
{
	struct nlattr *fields[IPSET_ATTR_ADT_MAX + 1];

	if (nla_parse_nested(fields, IPSET_ATTR_ADT_MAX, attribute, NULL) < 0)
		return false;
	/* An exception from a wider member; never one of ours, adding ours puts it right. */
	if (attribute_u32(fields[IPSET_ATTR_CADT_FLAGS]) & IPSET_FLAG_NOMATCH)
		return false;

	*ret_mark = read_mark(fields[IPSET_ATTR_SKBMARK]);
	memset(ret, 0, sizeof(*ret));
	ret->kind = (uint8_t)listing->kind;
	ret->family = (uint8_t)listing->family;
	switch (set_kind_type(listing->kind)) {
	case SET_TYPE_BITMAP_PORT:
		return read_port(fields[IPSET_ATTR_PORT], &ret->port);
	case SET_TYPE_HASH_IP:
		return read_address(fields[IPSET_ATTR_IP], &ret->address);
	case SET_TYPE_HASH_IP_PORT:
		break;
	case SET_TYPE_HASH_IP_PORT_IP:
		if (!read_address(fields[IPSET_ATTR_IP2], &ret->source))
			return false;
		break;
	case SET_TYPE_HASH_IP_PORT_NET:
		if (!read_address(fields[IPSET_ATTR_IP2], &ret->source) ||
		    !read_byte(fields[IPSET_ATTR_CIDR2], &ret->prefix_length))
			return false;
		break;
	}
	return read_address(fields[IPSET_ATTR_IP], &ret->address) &&
	       read_port(fields[IPSET_ATTR_PORT], &ret->port) &&
	       read_byte(fields[IPSET_ATTR_PROTO], &ret->protocol);
}

static void read_header(struct nlattr *const *command, struct set_header *header)
{
	struct nlattr *fields[IPSET_ATTR_CREATE_MAX + 1];

	nla_strlcpy(header->type, command[IPSET_ATTR_TYPENAME], sizeof(header->type));
	if (command[IPSET_ATTR_FAMILY])
		header->family = nla_get_u8(command[IPSET_ATTR_FAMILY]);
	if (nla_parse_nested(fields, IPSET_ATTR_CREATE_MAX, command[IPSET_ATTR_DATA], NULL) < 0)
		return;
	header->capacity = attribute_u32(fields[IPSET_ATTR_MAXELEM]);
	header->hash_size = attribute_u32(fields[IPSET_ATTR_HASHSIZE]);
	header->member_count = attribute_u32(fields[IPSET_ATTR_ELEMENTS]);
	header->has_marks = attribute_u32(fields[IPSET_ATTR_CADT_FLAGS]) & IPSET_FLAG_WITH_SKBINFO;
}

static int on_message(void *owner, const struct nlmsghdr *message)
{
	struct set_listing *listing = owner;
	struct nlattr *command[IPSET_ATTR_CMD_MAX + 1], *attribute;
	struct set_member member;
	uint32_t mark;
	int rest;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(struct nfgenmsg), command,
			IPSET_ATTR_CMD_MAX, command_policy) < 0)
		return -EBADMSG;
	/* Only the first part of a listing carries what the set was created with. */
	if (listing->header && command[IPSET_ATTR_TYPENAME] && command[IPSET_ATTR_DATA])
		read_header(command, listing->header);
	if (!listing->on_member || !command[IPSET_ATTR_ADT])
		return 0;
	nla_for_each_nested (attribute, command[IPSET_ATTR_ADT], rest) {
		if (read_member(listing, attribute, &member, &mark))
			listing->on_member(listing->owner, &member, mark);
	}
	return 0;
}

static int wrap(const char *name, struct error *err, int r)
{
	return error_wrap(err, r, "listing set %s", name);
}

/* @name: NULL = all sets */
static int put_request(struct nl_msg *request, const char *name, bool has_members)
{
	const struct nfgenmsg family = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};

	if (!nlmsg_put(request, 0, 0, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST, 0,
		       NLM_F_REQUEST | NLM_F_DUMP) ||
	    nlmsg_append(request, (void *)&family, sizeof(family), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u8(request, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL_MIN) < 0 ||
	    (name && nla_put_string(request, IPSET_ATTR_SETNAME, name) < 0) ||
	    (!has_members && nla_put_u32(request, IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER,
					 htonl(IPSET_FLAG_LIST_HEADER)) < 0))
		return -EMSGSIZE;
	return 0;
}

/* @listing without @header or without @on_member */
static int ask(struct netlink *netlink, const char *name, struct set_listing *listing,
	       int (*send)(struct netlink *netlink, struct nl_msg *request,
			   int (*on_message)(void *owner, const struct nlmsghdr *message),
			   void *owner, struct error *err),
	       struct error *err)
{
	struct nl_msg *request = netlink_message(netlink);
	int r;

	if (put_request(request, name, listing->on_member != NULL) < 0)
		return error_set(err, -EMSGSIZE, "listing set %s: message too long", name);
	r = send(netlink, request, on_message, listing, err);
	return r < 0 ? wrap(name, err, r) : 0;
}

int set_listing_header(struct netlink *netlink, const char *name, struct set_header *ret,
		       struct error *err)
{
	struct set_listing listing = {.header = ret};

	memset(ret, 0, sizeof(*ret));
	return ask(netlink, name, &listing, netlink_ask, err);
}

struct header_visitor {
	void (*visit)(void *owner, const char *name, const struct set_header *header);
	void *owner;
};

static int on_header(void *owner, const struct nlmsghdr *message)
{
	const struct header_visitor *visitor = owner;
	struct nlattr *command[IPSET_ATTR_CMD_MAX + 1];
	struct set_header header = {0};

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(struct nfgenmsg), command,
			IPSET_ATTR_CMD_MAX, command_policy) < 0)
		return -EBADMSG;
	if (!command[IPSET_ATTR_SETNAME] || !command[IPSET_ATTR_TYPENAME] ||
	    !command[IPSET_ATTR_DATA])
		return 0;
	read_header(command, &header);
	visitor->visit(visitor->owner, nla_get_string(command[IPSET_ATTR_SETNAME]), &header);
	return 0;
}

int set_listing_headers(struct netlink *netlink,
			void (*visit)(void *owner, const char *name,
				      const struct set_header *header),
			void *owner, struct error *err)
{
	struct header_visitor visitor = {visit, owner};
	struct nl_msg *request = netlink_message(netlink);
	int r;

	if (put_request(request, NULL, false) < 0)
		return error_set(err, -EMSGSIZE, "listing sets: message too long");
	r = netlink_ask(netlink, request, on_header, &visitor, err);
	return r < 0 ? error_wrap(err, r, "listing sets") : 0;
}

int set_listing_begin(struct set_listing *listing, struct netlink *netlink, enum set_kind kind,
		      uint16_t family, set_listing_visit *on_member, void *owner, struct error *err)
{
	*listing = (struct set_listing){.netlink = netlink,
					.kind = kind,
					.family = family,
					.on_member = on_member,
					.owner = owner};
	return ask(netlink, set_kind_name(kind, family), listing, netlink_dump_begin, err);
}

int set_listing_step(struct set_listing *listing, struct error *err)
{
	int r = netlink_dump_step(listing->netlink, PARTS_PER_STEP, err);

	return r < 0 ? wrap(set_kind_name(listing->kind, listing->family), err, r) : r;
}
