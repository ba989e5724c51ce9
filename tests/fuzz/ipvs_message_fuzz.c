/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/kernel/ipvs_message.h"

#include <linux/ip_vs.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The kernel's answers, from the generic netlink header on. Whatever they are: no memory error, no
 * value out of range, and what was understood survives being written and read again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FAMILY 28

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_ip(const struct address *address)
{
	return address->family == AF_INET || address->family == AF_INET6;
}

static void check_server(const struct nlmsghdr *answer)
{
	struct nl_msg *message = nlmsg_alloc();
	struct virtual_server server, again;

	require(message);
	if (ipvs_message_parse_server(answer, &server) == 0) {
		require(is_ip(&server.key.address));
		require(strnlen(server.scheduler, sizeof(server.scheduler)) <
			sizeof(server.scheduler));
		require(!(server.flags & (IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED)));
		require(ipvs_message_server(message, FAMILY, IPVS_CMD_NEW_SERVICE, &server) == 0);
		require(ipvs_message_parse_server(nlmsg_hdr(message), &again) == 0);
		require(memcmp(&server, &again, sizeof(server)) == 0);
	}
	nlmsg_free(message);
}

static void check_destination(const struct nlmsghdr *answer)
{
	struct destination_usage usage;

	if (ipvs_message_parse_destination(answer, AF_INET, &usage) == 0) {
		require(is_ip(&usage.destination.address));
		require(usage.forwarding_method <= IP_VS_CONN_F_FWD_MASK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *answer = memory_allocate(NLMSG_HDRLEN + size);

	answer->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
	answer->nlmsg_type = FAMILY;
	memcpy(nlmsg_data(answer), data, size);
	check_server(answer);
	check_destination(answer);
	free(answer);
	return 0;
}
