/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packing.h"

#include "objects.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#define MEMBER_MESSAGE_BYTES 30000 /* an attribute's length has 16 bits */

static void put_address(struct netlink_buffer *buffer, uint16_t type, uint32_t address)
{
	uint32_t bytes[4] = {htonl(address)};

	netlink_buffer_put(buffer, type, bytes, sizeof(bytes));
}

static size_t begin_server(struct netlink_buffer *buffer, uint8_t command,
			   struct packing_place place)
{
	const struct genlmsghdr header = {.cmd = command, .version = IPVS_GENL_VERSION};
	static uint16_t family;
	size_t nest;

	if (!family)
		family = netlink_buffer_family(IPVS_GENL_NAME);
	netlink_buffer_begin(buffer, family, 0, &header, sizeof(header));
	nest = netlink_buffer_nest(buffer, IPVS_CMD_ATTR_SERVICE);
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_AF, AF_INET);
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put_address(buffer, IPVS_SVC_ATTR_ADDR, place.address);
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_PORT, htons(place.port));
	return nest;
}

void packing_server(struct netlink_buffer *buffer, struct packing_place place)
{
	const struct ip_vs_flags flags = {.mask = ~0U};
	size_t nest = begin_server(buffer, IPVS_CMD_NEW_SERVICE, place);

	netlink_buffer_put(buffer, IPVS_SVC_ATTR_SCHED_NAME, "rr", sizeof("rr"));
	netlink_buffer_put(buffer, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	netlink_buffer_put_u32(buffer, IPVS_SVC_ATTR_TIMEOUT, 0);
	netlink_buffer_put_u32(buffer, IPVS_SVC_ATTR_NETMASK, ~0U);
	netlink_buffer_nest_end(buffer, nest);
	netlink_buffer_finish(buffer);
}

void packing_server_removal(struct netlink_buffer *buffer, struct packing_place place)
{
	netlink_buffer_nest_end(buffer, begin_server(buffer, IPVS_CMD_DEL_SERVICE, place));
	netlink_buffer_finish(buffer);
}

void packing_destination(struct netlink_buffer *buffer, uint8_t command, struct packing_place place,
			 size_t endpoint, uint32_t weight)
{
	size_t nest = begin_server(buffer, command, place);

	netlink_buffer_nest_end(buffer, nest);
	nest = netlink_buffer_nest(buffer, IPVS_CMD_ATTR_DEST);
	netlink_buffer_put_u16(buffer, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	put_address(buffer, IPVS_DEST_ATTR_ADDR, objects_endpoint_address(endpoint));
	netlink_buffer_put_u16(buffer, IPVS_DEST_ATTR_PORT, htons(OBJECTS_TARGET_PORT));
	netlink_buffer_put_u32(buffer, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	netlink_buffer_put_u32(buffer, IPVS_DEST_ATTR_WEIGHT, weight);
	netlink_buffer_put_u32(buffer, IPVS_DEST_ATTR_U_THRESH, 0);
	netlink_buffer_put_u32(buffer, IPVS_DEST_ATTR_L_THRESH, 0);
	netlink_buffer_nest_end(buffer, nest);
	netlink_buffer_finish(buffer);
}

void packing_address(struct netlink_buffer *buffer, uint16_t type, unsigned int interface,
		     size_t service)
{
	const struct ifaddrmsg header = {.ifa_family = AF_INET,
					 .ifa_prefixlen = 32,
					 .ifa_scope = RT_SCOPE_UNIVERSE,
					 .ifa_index = interface};
	uint32_t address = htonl(objects_service_address(service));

	netlink_buffer_begin(buffer, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0,
			     &header, sizeof(header));
	netlink_buffer_put(buffer, IFA_LOCAL, &address, sizeof(address));
	netlink_buffer_put(buffer, IFA_ADDRESS, &address, sizeof(address));
	netlink_buffer_finish(buffer);
}

void packing_members_end(struct packing_members *members)
{
	if (!members->is_open)
		return;
	netlink_buffer_nest_end(members->buffer, members->list);
	netlink_buffer_finish(members->buffer);
	members->is_open = false;
}

static void open_members(struct packing_members *members)
{
	const struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	struct netlink_buffer *buffer = members->buffer;

	if (members->is_open && buffer->length - members->message < MEMBER_MESSAGE_BYTES)
		return;
	packing_members_end(members);
	members->message = buffer->length;
	netlink_buffer_begin(buffer, (uint16_t)(NFNL_SUBSYS_IPSET << 8 | members->command), 0,
			     &header, sizeof(header));
	netlink_buffer_put_u8(buffer, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
	netlink_buffer_put(buffer, IPSET_ATTR_SETNAME, members->set, strlen(members->set) + 1);
	netlink_buffer_put_u32(buffer, IPSET_ATTR_LINENO, 1);
	members->list = netlink_buffer_nest(buffer, IPSET_ATTR_ADT);
	members->is_open = true;
}

static void put_member_address(struct netlink_buffer *buffer, uint16_t type, uint32_t address)
{
	uint32_t bytes = htonl(address);
	size_t nest = netlink_buffer_nest(buffer, type);

	netlink_buffer_put(buffer, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, &bytes,
			   sizeof(bytes));
	netlink_buffer_nest_end(buffer, nest);
}

void packing_member(struct packing_members *members, uint32_t address, uint16_t port,
		    uint32_t source)
{
	struct netlink_buffer *buffer = members->buffer;
	uint16_t port_bytes = htons(port);
	size_t nest;

	open_members(members);
	nest = netlink_buffer_nest(buffer, IPSET_ATTR_DATA);
	put_member_address(buffer, IPSET_ATTR_IP, address);
	if (port) {
		netlink_buffer_put(buffer, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, &port_bytes,
				   sizeof(port_bytes));
		netlink_buffer_put_u8(buffer, IPSET_ATTR_PROTO, IPPROTO_TCP);
	}
	if (source)
		put_member_address(buffer, IPSET_ATTR_IP2, source);
	netlink_buffer_nest_end(buffer, nest);
}
