/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

_Static_assert(SCHEDULER_NAME_SIZE == IP_VS_SCHEDNAME_MAXLEN, "scheduler names of another size");

/* union nf_inet_addr: IPv4 in its first four bytes */
#define ADDRESS_BYTES 16

/* Not const: libnl's functions take the policies without it. */
static struct nla_policy command_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE] = {.type = NLA_NESTED},
	[IPVS_CMD_ATTR_DEST] = {.type = NLA_NESTED},
	[IPVS_CMD_ATTR_TIMEOUT_TCP] = {.type = NLA_U32},
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = {.type = NLA_U32},
	[IPVS_CMD_ATTR_TIMEOUT_UDP] = {.type = NLA_U32},
};

static struct nla_policy server_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_PROTOCOL] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_ADDR] = {.minlen = ADDRESS_BYTES},
	[IPVS_SVC_ATTR_PORT] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_FWMARK] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_SCHED_NAME] = {.type = NLA_STRING, .maxlen = IP_VS_SCHEDNAME_MAXLEN},
	[IPVS_SVC_ATTR_FLAGS] = {.minlen = sizeof(struct ip_vs_flags)},
	[IPVS_SVC_ATTR_TIMEOUT] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_NETMASK] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_STATS64] = {.type = NLA_NESTED},
};

static struct nla_policy traffic_policy[IPVS_STATS_ATTR_MAX + 1] = {
	[IPVS_STATS_ATTR_CONNS] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_INPKTS] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_OUTPKTS] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_INBYTES] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_OUTBYTES] = {.type = NLA_U64},
};

static struct nla_policy destination_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = {.minlen = ADDRESS_BYTES},
	[IPVS_DEST_ATTR_PORT] = {.type = NLA_U16},
	[IPVS_DEST_ATTR_FWD_METHOD] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_WEIGHT] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_ACTIVE_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_INACT_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_PERSIST_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_ADDR_FAMILY] = {.type = NLA_U16},
};

static int put_header(struct nl_msg *message, uint16_t family, uint8_t command, int flags)
{
	if (!genlmsg_put(message, 0, 0, family, 0, flags, command, IPVS_GENL_VERSION))
		return -EMSGSIZE;
	return 0;
}

static int put_key(struct nl_msg *message, const struct virtual_server_key *key)
{
	if (nla_put_u16(message, IPVS_SVC_ATTR_AF, key->address.family))
		return -EMSGSIZE;
	if (key->firewall_mark)
		return nla_put_u32(message, IPVS_SVC_ATTR_FWMARK, key->firewall_mark) ? -EMSGSIZE
										      : 0;
	if (nla_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, key->protocol) ||
	    nla_put(message, IPVS_SVC_ATTR_ADDR, ADDRESS_BYTES, key->address.bytes) ||
	    nla_put_u16(message, IPVS_SVC_ATTR_PORT, htons(key->port)))
		return -EMSGSIZE;
	return 0;
}

/* The kernel keeps an IPv4 netmask in network byte order, and an IPv6 prefix length as a number. */
static uint32_t netmask_on_the_wire(uint32_t netmask, uint16_t family)
{
	return family == AF_INET ? htonl(netmask) : netmask;
}

static int put_attributes(struct nl_msg *message, const struct virtual_server *server)
{
	/* With all bits in the mask, an edit also clears those that are not wanted any more. */
	struct ip_vs_flags flags = {.flags = server->flags, .mask = ~0U};

	if (server->persistence_seconds)
		flags.flags |= IP_VS_SVC_F_PERSISTENT;
	if (nla_put_string(message, IPVS_SVC_ATTR_SCHED_NAME, server->scheduler) ||
	    nla_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags) ||
	    nla_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, server->persistence_seconds) ||
	    nla_put_u32(message, IPVS_SVC_ATTR_NETMASK,
			netmask_on_the_wire(server->netmask, server->key.address.family)))
		return -EMSGSIZE;
	return 0;
}

int ipvs_message_plain(struct nl_msg *message, uint16_t family, uint8_t command, int flags)
{
	return put_header(message, family, command, flags);
}

int ipvs_message_server(struct nl_msg *message, uint16_t family, uint8_t command,
			const struct virtual_server *server)
{
	struct nlattr *nest;

	if (put_header(message, family, command, 0))
		return -EMSGSIZE;
	nest = nla_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	if (!nest || put_key(message, &server->key) || put_attributes(message, server))
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

int ipvs_message_server_key(struct nl_msg *message, uint16_t family, uint8_t command, int flags,
			    const struct virtual_server_key *key)
{
	struct nlattr *nest;

	if (put_header(message, family, command, flags))
		return -EMSGSIZE;
	nest = nla_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	if (!nest || put_key(message, key))
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

int ipvs_message_destination(struct nl_msg *message, uint16_t family, uint8_t command,
			     const struct virtual_server_key *key,
			     const struct destination *destination)
{
	struct nlattr *nest;

	if (ipvs_message_server_key(message, family, command, 0, key))
		return -EMSGSIZE;
	nest = nla_nest_start(message, IPVS_CMD_ATTR_DEST);
	if (!nest ||
	    nla_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY, destination->address.family) ||
	    nla_put(message, IPVS_DEST_ATTR_ADDR, ADDRESS_BYTES, destination->address.bytes) ||
	    nla_put_u16(message, IPVS_DEST_ATTR_PORT, htons(destination->port)))
		return -EMSGSIZE;
	if (command != IPVS_CMD_DEL_DEST &&
	    (nla_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ) ||
	     nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, destination->weight) ||
	     nla_put_u32(message, IPVS_DEST_ATTR_U_THRESH, 0) ||
	     nla_put_u32(message, IPVS_DEST_ATTR_L_THRESH, 0)))
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

void ipvs_message_replace_destination(struct nl_msg *message, const struct destination *destination)
{
	uint16_t family = destination->address.family, port = htons(destination->port);
	uint32_t weight = destination->weight;
	struct nlattr *nest, *attribute;
	int rest;

	nest = nlmsg_find_attr(nlmsg_hdr(message), GENL_HDRLEN, IPVS_CMD_ATTR_DEST);
	nla_for_each_nested (attribute, nest, rest) {
		switch (nla_type(attribute)) {
		case IPVS_DEST_ATTR_ADDR_FAMILY:
			memcpy(nla_data(attribute), &family, sizeof(family));
			break;
		case IPVS_DEST_ATTR_ADDR:
			memcpy(nla_data(attribute), destination->address.bytes, ADDRESS_BYTES);
			break;
		case IPVS_DEST_ATTR_PORT:
			memcpy(nla_data(attribute), &port, sizeof(port));
			break;
		case IPVS_DEST_ATTR_WEIGHT:
			memcpy(nla_data(attribute), &weight, sizeof(weight));
			/* Behind it are the same thresholds for all. */
			return;
		default:
			break;
		}
	}
}

int ipvs_message_timeouts(struct nl_msg *message, uint16_t family,
			  const struct ipvs_timeouts *timeouts)
{
	if (put_header(message, family, IPVS_CMD_SET_CONFIG, 0) ||
	    nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp) ||
	    nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin) ||
	    nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp))
		return -EMSGSIZE;
	return 0;
}

static bool family_is_known(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/* What follows the four bytes of an IPv4 address in the attribute is not ours to compare. */
static void read_address(const struct nlattr *attribute, uint16_t family, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = family;
	memcpy(ret->bytes, nla_data(attribute), address_length(family));
}

static void read_name(const struct nlattr *attribute, char ret[SCHEDULER_NAME_SIZE])
{
	size_t length = strnlen(nla_data(attribute), (size_t)nla_len(attribute));

	memcpy(ret, nla_data(attribute),
	       length < SCHEDULER_NAME_SIZE ? length : SCHEDULER_NAME_SIZE - 1);
}

static int read_key(struct nlattr **attributes, struct virtual_server_key *ret)
{
	uint16_t family;

	if (!attributes[IPVS_SVC_ATTR_AF])
		return -EBADMSG;
	family = nla_get_u16(attributes[IPVS_SVC_ATTR_AF]);
	if (!family_is_known(family))
		return -EBADMSG;
	if (attributes[IPVS_SVC_ATTR_FWMARK]) {
		ret->firewall_mark = nla_get_u32(attributes[IPVS_SVC_ATTR_FWMARK]);
		ret->address.family = family;
		return ret->firewall_mark ? 0 : -EBADMSG;
	}
	if (!attributes[IPVS_SVC_ATTR_PROTOCOL] || !attributes[IPVS_SVC_ATTR_ADDR] ||
	    !attributes[IPVS_SVC_ATTR_PORT])
		return -EBADMSG;
	ret->protocol = nla_get_u16(attributes[IPVS_SVC_ATTR_PROTOCOL]);
	read_address(attributes[IPVS_SVC_ATTR_ADDR], family, &ret->address);
	ret->port = ntohs(nla_get_u16(attributes[IPVS_SVC_ATTR_PORT]));
	return 0;
}

/* The attributes within the @nest of a message that may not be what it should be. */
static int parse_nest(const struct nlmsghdr *message, int nest, struct nlattr **attributes, int max,
		      struct nla_policy *policy)
{
	struct nlattr *top[IPVS_CMD_ATTR_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)message, 0, top, IPVS_CMD_ATTR_MAX, command_policy) ||
	    !top[nest] || nla_parse_nested(attributes, max, top[nest], policy))
		return -EBADMSG;
	return 0;
}

int ipvs_message_parse_server(const struct nlmsghdr *message, struct virtual_server *ret)
{
	struct nlattr *attributes[IPVS_SVC_ATTR_MAX + 1];
	struct virtual_server server = {0};
	struct ip_vs_flags flags;

	if (parse_nest(message, IPVS_CMD_ATTR_SERVICE, attributes, IPVS_SVC_ATTR_MAX,
		       server_policy) ||
	    read_key(attributes, &server.key) || !attributes[IPVS_SVC_ATTR_SCHED_NAME] ||
	    !attributes[IPVS_SVC_ATTR_FLAGS] || !attributes[IPVS_SVC_ATTR_TIMEOUT] ||
	    !attributes[IPVS_SVC_ATTR_NETMASK])
		return -EBADMSG;

	read_name(attributes[IPVS_SVC_ATTR_SCHED_NAME], server.scheduler);
	memcpy(&flags, nla_data(attributes[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	server.flags = flags.flags & ~(uint32_t)(IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED);
	if (flags.flags & IP_VS_SVC_F_PERSISTENT)
		server.persistence_seconds = nla_get_u32(attributes[IPVS_SVC_ATTR_TIMEOUT]);
	server.netmask = netmask_on_the_wire(nla_get_u32(attributes[IPVS_SVC_ATTR_NETMASK]),
					     server.key.address.family);
	*ret = server;
	return 0;
}

int ipvs_message_parse_traffic(const struct nlmsghdr *message, struct ipvs_traffic *ret)
{
	struct nlattr *server[IPVS_SVC_ATTR_MAX + 1], *counts[IPVS_STATS_ATTR_MAX + 1];

	if (parse_nest(message, IPVS_CMD_ATTR_SERVICE, server, IPVS_SVC_ATTR_MAX, server_policy) ||
	    !server[IPVS_SVC_ATTR_STATS64] ||
	    nla_parse_nested(counts, IPVS_STATS_ATTR_MAX, server[IPVS_SVC_ATTR_STATS64],
			     traffic_policy))
		return -EBADMSG;
	for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBYTES; i++)
		if (!counts[i])
			return -EBADMSG;
	*ret = (struct ipvs_traffic){
		.connections = nla_get_u64(counts[IPVS_STATS_ATTR_CONNS]),
		.packets_in = nla_get_u64(counts[IPVS_STATS_ATTR_INPKTS]),
		.packets_out = nla_get_u64(counts[IPVS_STATS_ATTR_OUTPKTS]),
		.bytes_in = nla_get_u64(counts[IPVS_STATS_ATTR_INBYTES]),
		.bytes_out = nla_get_u64(counts[IPVS_STATS_ATTR_OUTBYTES]),
	};
	return 0;
}

int ipvs_message_parse_destination(const struct nlmsghdr *message, uint16_t server_family,
				   struct destination_usage *ret)
{
	struct nlattr *attributes[IPVS_DEST_ATTR_MAX + 1];
	struct destination_usage usage = {0};
	uint16_t family = server_family;
	uint32_t weight;

	if (parse_nest(message, IPVS_CMD_ATTR_DEST, attributes, IPVS_DEST_ATTR_MAX,
		       destination_policy) ||
	    !attributes[IPVS_DEST_ATTR_ADDR] || !attributes[IPVS_DEST_ATTR_PORT] ||
	    !attributes[IPVS_DEST_ATTR_FWD_METHOD] || !attributes[IPVS_DEST_ATTR_WEIGHT] ||
	    !attributes[IPVS_DEST_ATTR_ACTIVE_CONNS] || !attributes[IPVS_DEST_ATTR_INACT_CONNS] ||
	    !attributes[IPVS_DEST_ATTR_PERSIST_CONNS])
		return -EBADMSG;

	if (attributes[IPVS_DEST_ATTR_ADDR_FAMILY])
		family = nla_get_u16(attributes[IPVS_DEST_ATTR_ADDR_FAMILY]);
	if (!family_is_known(family))
		return -EBADMSG;
	/*
	 * ipvsadm accepts weights up to 65535. The kernel has an int, of which we never use more.
	 */
	weight = nla_get_u32(attributes[IPVS_DEST_ATTR_WEIGHT]);
	usage.destination.weight = weight > UINT16_MAX ? UINT16_MAX : (uint16_t)weight;
	read_address(attributes[IPVS_DEST_ATTR_ADDR], family, &usage.destination.address);
	usage.destination.port = ntohs(nla_get_u16(attributes[IPVS_DEST_ATTR_PORT]));
	usage.forwarding_method =
		nla_get_u32(attributes[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	usage.active_connections = nla_get_u32(attributes[IPVS_DEST_ATTR_ACTIVE_CONNS]);
	usage.inactive_connections = nla_get_u32(attributes[IPVS_DEST_ATTR_INACT_CONNS]);
	usage.persistent_connections = nla_get_u32(attributes[IPVS_DEST_ATTR_PERSIST_CONNS]);
	*ret = usage;
	return 0;
}
