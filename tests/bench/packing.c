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

static void put_address(struct wire *wire, uint16_t type, uint32_t address)
{
	uint32_t bytes[4] = {htonl(address)};

	wire_put(wire, type, bytes, sizeof(bytes));
}

static size_t begin_server(struct wire *wire, uint8_t command, struct packing_place place)
{
	const struct genlmsghdr header = {.cmd = command, .version = IPVS_GENL_VERSION};
	static uint16_t family;
	size_t nest;

	if (!family)
		family = wire_family(IPVS_GENL_NAME);
	wire_begin(wire, family, 0, &header, sizeof(header));
	nest = wire_nest(wire, IPVS_CMD_ATTR_SERVICE);
	wire_put_u16(wire, IPVS_SVC_ATTR_AF, AF_INET);
	wire_put_u16(wire, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put_address(wire, IPVS_SVC_ATTR_ADDR, place.address);
	wire_put_u16(wire, IPVS_SVC_ATTR_PORT, htons(place.port));
	return nest;
}

void packing_server(struct wire *wire, struct packing_place place)
{
	const struct ip_vs_flags flags = {.mask = ~0U};
	size_t nest = begin_server(wire, IPVS_CMD_NEW_SERVICE, place);

	wire_put(wire, IPVS_SVC_ATTR_SCHED_NAME, "rr", sizeof("rr"));
	wire_put(wire, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	wire_put_u32(wire, IPVS_SVC_ATTR_TIMEOUT, 0);
	wire_put_u32(wire, IPVS_SVC_ATTR_NETMASK, ~0U);
	wire_nest_end(wire, nest);
	wire_finish(wire);
}

void packing_server_removal(struct wire *wire, struct packing_place place)
{
	wire_nest_end(wire, begin_server(wire, IPVS_CMD_DEL_SERVICE, place));
	wire_finish(wire);
}

void packing_destination(struct wire *wire, uint8_t command, struct packing_place place,
			 size_t endpoint, uint32_t weight)
{
	size_t nest = begin_server(wire, command, place);

	wire_nest_end(wire, nest);
	nest = wire_nest(wire, IPVS_CMD_ATTR_DEST);
	wire_put_u16(wire, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	put_address(wire, IPVS_DEST_ATTR_ADDR, objects_endpoint_address(endpoint));
	wire_put_u16(wire, IPVS_DEST_ATTR_PORT, htons(OBJECTS_TARGET_PORT));
	wire_put_u32(wire, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	wire_put_u32(wire, IPVS_DEST_ATTR_WEIGHT, weight);
	wire_put_u32(wire, IPVS_DEST_ATTR_U_THRESH, 0);
	wire_put_u32(wire, IPVS_DEST_ATTR_L_THRESH, 0);
	wire_nest_end(wire, nest);
	wire_finish(wire);
}

void packing_address(struct wire *wire, uint16_t type, unsigned int interface, size_t service)
{
	const struct ifaddrmsg header = {.ifa_family = AF_INET,
					 .ifa_prefixlen = 32,
					 .ifa_scope = RT_SCOPE_UNIVERSE,
					 .ifa_index = interface};
	uint32_t address = htonl(objects_service_address(service));

	wire_begin(wire, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, &header,
		   sizeof(header));
	wire_put(wire, IFA_LOCAL, &address, sizeof(address));
	wire_put(wire, IFA_ADDRESS, &address, sizeof(address));
	wire_finish(wire);
}

void packing_members_end(struct packing_members *members)
{
	if (!members->is_open)
		return;
	wire_nest_end(members->wire, members->list);
	wire_finish(members->wire);
	members->is_open = false;
}

static void open_members(struct packing_members *members)
{
	const struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	struct wire *wire = members->wire;

	if (members->is_open && wire->length - members->message < MEMBER_MESSAGE_BYTES)
		return;
	packing_members_end(members);
	members->message = wire->length;
	wire_begin(wire, (uint16_t)(NFNL_SUBSYS_IPSET << 8 | members->command), 0, &header,
		   sizeof(header));
	wire_put_u8(wire, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
	wire_put(wire, IPSET_ATTR_SETNAME, members->set, strlen(members->set) + 1);
	wire_put_u32(wire, IPSET_ATTR_LINENO, 1);
	members->list = wire_nest(wire, IPSET_ATTR_ADT);
	members->is_open = true;
}

static void put_member_address(struct wire *wire, uint16_t type, uint32_t address)
{
	uint32_t bytes = htonl(address);
	size_t nest = wire_nest(wire, type);

	wire_put(wire, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, &bytes, sizeof(bytes));
	wire_nest_end(wire, nest);
}

void packing_member(struct packing_members *members, uint32_t address, uint16_t port,
		    uint32_t source)
{
	struct wire *wire = members->wire;
	uint16_t port_bytes = htons(port);
	size_t nest;

	open_members(members);
	nest = wire_nest(wire, IPSET_ATTR_DATA);
	put_member_address(wire, IPSET_ATTR_IP, address);
	if (port) {
		wire_put(wire, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, &port_bytes,
			 sizeof(port_bytes));
		wire_put_u8(wire, IPSET_ATTR_PROTO, IPPROTO_TCP);
	}
	if (source)
		put_member_address(wire, IPSET_ATTR_IP2, source);
	wire_nest_end(wire, nest);
}
