/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor SERVICES ENDPOINTS: the time the kernel itself takes. Makes the kernel objects of that many
 * Services, packed into netlink messages beforehand, and prints the seconds that sending them took
 * ("floor.apply SERVICES SECONDS", and the same for each kind of object); then those of single
 * changes, "floor.change SERVICES SECONDS" each.
 *
 * The interface kube-ipvs0 and the sets are there already, see inside.
 */
#include "objects.h"
#include "wire.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_MESSAGES	     500
#define MEMBER_MESSAGE_BYTES 30000 /* an attribute's length has 16 bits */
#define CHANGES		     200

static uint16_t ipvs_family;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void put_address(struct wire *wire, uint16_t type, uint32_t address)
{
	uint32_t bytes[4] = {htonl(address)};

	wire_put(wire, type, bytes, sizeof(bytes));
}

static size_t begin_server(struct wire *wire, uint8_t command, size_t service)
{
	const struct genlmsghdr header = {.cmd = command, .version = IPVS_GENL_VERSION};
	size_t nest;

	wire_begin(wire, ipvs_family, 0, &header, sizeof(header));
	nest = wire_nest(wire, IPVS_CMD_ATTR_SERVICE);
	wire_put_u16(wire, IPVS_SVC_ATTR_AF, AF_INET);
	wire_put_u16(wire, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put_address(wire, IPVS_SVC_ATTR_ADDR, objects_service_address(service));
	wire_put_u16(wire, IPVS_SVC_ATTR_PORT, htons(OBJECTS_PORT));
	return nest;
}

static void pack_server(struct wire *wire, size_t service)
{
	const struct ip_vs_flags flags = {.mask = ~0U};
	size_t nest = begin_server(wire, IPVS_CMD_NEW_SERVICE, service);

	wire_put(wire, IPVS_SVC_ATTR_SCHED_NAME, "rr", sizeof("rr"));
	wire_put(wire, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	wire_put_u32(wire, IPVS_SVC_ATTR_TIMEOUT, 0);
	wire_put_u32(wire, IPVS_SVC_ATTR_NETMASK, ~0U);
	wire_nest_end(wire, nest);
	wire_finish(wire);
}

static void pack_destination(struct wire *wire, uint8_t command, size_t service, size_t endpoint)
{
	size_t nest = begin_server(wire, command, service);

	wire_nest_end(wire, nest);
	nest = wire_nest(wire, IPVS_CMD_ATTR_DEST);
	wire_put_u16(wire, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	put_address(wire, IPVS_DEST_ATTR_ADDR, objects_endpoint_address(endpoint));
	wire_put_u16(wire, IPVS_DEST_ATTR_PORT, htons(OBJECTS_TARGET_PORT));
	wire_put_u32(wire, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	wire_put_u32(wire, IPVS_DEST_ATTR_WEIGHT, 1);
	wire_put_u32(wire, IPVS_DEST_ATTR_U_THRESH, 0);
	wire_put_u32(wire, IPVS_DEST_ATTR_L_THRESH, 0);
	wire_nest_end(wire, nest);
	wire_finish(wire);
}

static void pack_address(struct wire *wire, unsigned int interface, size_t service)
{
	const struct ifaddrmsg header = {.ifa_family = AF_INET,
					 .ifa_prefixlen = 32,
					 .ifa_scope = RT_SCOPE_UNIVERSE,
					 .ifa_index = interface};
	uint32_t address = htonl(objects_service_address(service));

	wire_begin(wire, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	wire_put(wire, IFA_LOCAL, &address, sizeof(address));
	wire_put(wire, IFA_ADDRESS, &address, sizeof(address));
	wire_finish(wire);
}

/* One message holds many members of one set. */
struct members {
	struct wire *wire;
	const char *set;
	size_t message, list;
	bool is_open;
};

static void close_members(struct members *members)
{
	if (!members->is_open)
		return;
	wire_nest_end(members->wire, members->list);
	wire_finish(members->wire);
	members->is_open = false;
}

static void open_members(struct members *members)
{
	const struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	struct wire *wire = members->wire;

	if (members->is_open && wire->length - members->message < MEMBER_MESSAGE_BYTES)
		return;
	close_members(members);
	members->message = wire->length;
	wire_begin(wire, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_ADD, 0, &header, sizeof(header));
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

/* @port: 0 for a set without ports; @source: 0 for one without a second address */
static void pack_member(struct members *members, uint32_t address, uint16_t port, uint32_t source)
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

static void pack_members(struct wire *wire, size_t services, size_t endpoints)
{
	struct members members = {.wire = wire, .set = "KUBE-CLUSTER-IP"};

	for (size_t i = 0; i < services; i++)
		pack_member(&members, objects_service_address(i), OBJECTS_PORT, 0);
	close_members(&members);
	members.set = "KUBE-IPVS-IPS";
	for (size_t i = 0; i < services; i++)
		pack_member(&members, objects_service_address(i), 0, 0);
	close_members(&members);
	members.set = "KUBE-LOOP-BACK";
	for (size_t i = 0; i < services * endpoints; i++) {
		uint32_t address = objects_endpoint_address(i);

		if (objects_endpoint_is_local(i))
			pack_member(&members, address, OBJECTS_TARGET_PORT, address);
	}
	close_members(&members);
}

static void send_timed(const char *what, size_t services, int protocol, struct wire *wire,
		       double *total)
{
	int fd = wire_open(protocol);
	double begin = now(), seconds;

	wire_send(fd, wire, BATCH_MESSAGES);
	seconds = now() - begin;
	printf("floor.%s %zu %.6f\n", what, services, seconds);
	*total += seconds;
	wire_clear(wire);
}

/* The weight of one destination is set, a change that leaves nothing behind. */
static void change_singly(size_t services)
{
	int fd = wire_open(NETLINK_GENERIC);
	struct wire wire = {0};

	for (size_t i = 0; i < CHANGES; i++) {
		double begin;

		wire_clear(&wire);
		pack_destination(&wire, IPVS_CMD_SET_DEST, services / 2, services / 2 * 10);
		begin = now();
		wire_send(fd, &wire, 1);
		printf("floor.change %zu %.6f\n", services, now() - begin);
	}
}

int main(int argc, char **argv)
{
	size_t services = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	size_t endpoints = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned int interface = if_nametoindex("kube-ipvs0");
	struct wire wire = {0};
	double total = 0;

	if (!services || !endpoints || !interface) {
		fputs("floor SERVICES ENDPOINTS, with an interface kube-ipvs0\n", stderr);
		return 2;
	}
	ipvs_family = wire_family(IPVS_GENL_NAME);
	pack_members(&wire, services, endpoints);
	send_timed("members", services, NETLINK_NETFILTER, &wire, &total);
	for (size_t i = 0; i < services; i++)
		pack_server(&wire, i);
	send_timed("servers", services, NETLINK_GENERIC, &wire, &total);
	for (size_t i = 0; i < services * endpoints; i++)
		pack_destination(&wire, IPVS_CMD_NEW_DEST, i / endpoints, i);
	send_timed("destinations", services, NETLINK_GENERIC, &wire, &total);
	for (size_t i = 0; i < services; i++)
		pack_address(&wire, interface, i);
	send_timed("addresses", services, NETLINK_ROUTE, &wire, &total);
	printf("floor.apply %zu %.6f\n", services, total);
	change_singly(services);
	return 0;
}
