/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_PACKING_H
#define BENCH_PACKING_H

#include "netlink_buffer.h"

/*
 * The kernel objects of the benchmark as netlink messages. Each function appends to @buffer;
 * addresses and ports are in host byte order.
 */

/** struct packing_place - address and TCP port of a virtual server */
struct packing_place {
	uint32_t address;
	uint16_t port;
};

void packing_server(struct netlink_buffer *buffer, struct packing_place place);
void packing_server_removal(struct netlink_buffer *buffer, struct packing_place place);

/** packing_destination() - @command: IPVS_CMD_NEW_DEST, _SET_DEST or _DEL_DEST */
void packing_destination(struct netlink_buffer *buffer, uint8_t command, struct packing_place place,
			 size_t endpoint, uint32_t weight);

/** packing_address() - of a Service on @interface; @type: RTM_NEWADDR or RTM_DELADDR */
void packing_address(struct netlink_buffer *buffer, uint16_t type, unsigned int interface,
		     size_t service);

/** struct packing_members - of one set, many in a message; all but the first three start as 0 */
struct packing_members {
	struct netlink_buffer *buffer;
	const char *set;
	uint8_t command; /* IPSET_CMD_ADD or _DEL */
	size_t message, list;
	bool is_open;
};

/** packing_member() - @port: 0 for a set without ports; @source: 0 without a second address */
void packing_member(struct packing_members *members, uint32_t address, uint16_t port,
		    uint32_t source);

/** packing_members_end() - the last member was packed */
void packing_members_end(struct packing_members *members);

#endif
