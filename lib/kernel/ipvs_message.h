/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPVS_MESSAGE_H
#define KERNEL_IPVS_MESSAGE_H

#include "ipvs_types.h"
#include "lib/plan/proxy_state.h"

#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

/*
 * The messages of IPVS's generic netlink family: bytes only, no socket. Attributes and their byte
 * orders are those of net/netfilter/ipvs/ip_vs_ctl.c.
 *
 * Builders append to an empty message; @family is the number that the kernel gave the family IPVS,
 * @command one of IPVS_CMD_. Return: 0, or -EMSGSIZE if @message is too small.
 */

/** ipvs_message_plain() - a request without object: IPVS_CMD_GET_INFO, _GET_CONFIG, and
 *  _GET_SERVICE with NLM_F_DUMP in @flags */
int ipvs_message_plain(struct nl_msg *message, uint16_t family, uint8_t command, int flags);

/** ipvs_message_server() - IPVS_CMD_NEW_SERVICE, IPVS_CMD_SET_SERVICE */
int ipvs_message_server(struct nl_msg *message, uint16_t family, uint8_t command,
			const struct virtual_server *server);

/** ipvs_message_server_key() - IPVS_CMD_DEL_SERVICE, _GET_SERVICE, and _GET_DEST with NLM_F_DUMP
 *  in @flags */
int ipvs_message_server_key(struct nl_msg *message, uint16_t family, uint8_t command, int flags,
			    const struct virtual_server_key *key);

/**
 * ipvs_message_destination() - IPVS_CMD_NEW_DEST, IPVS_CMD_SET_DEST, IPVS_CMD_DEL_DEST
 *
 * Forwarding is by masquerading, without connection thresholds.
 */
int ipvs_message_destination(struct nl_msg *message, uint16_t family, uint8_t command,
			     const struct virtual_server_key *key,
			     const struct destination *destination);

/**
 * ipvs_message_replace_destination() - make such a message one about another destination
 * @message:  as ipvs_message_destination() left it, for a destination of the same virtual server
 *
 * Most messages are about the same virtual server as the one before. To write one anew takes
 * several times as long.
 */
void ipvs_message_replace_destination(struct nl_msg *message,
				      const struct destination *destination);

/** ipvs_message_timeouts() - IPVS_CMD_SET_CONFIG */
int ipvs_message_timeouts(struct nl_msg *message, uint16_t family,
			  const struct ipvs_timeouts *timeouts);

/**
 * ipvs_message_parse_server() - a virtual server from the answer to IPVS_CMD_GET_SERVICE
 * @message:  a whole message: nlmsg_len bytes are there
 * Return: 0; -EBADMSG if an attribute is missing, too short or out of range; *ret is then untouched
 */
int ipvs_message_parse_server(const struct nlmsghdr *message, struct virtual_server *ret);

/**
 * ipvs_message_parse_destination() - a destination from the answer to IPVS_CMD_GET_DEST
 * @server_family:  AF_INET or AF_INET6 of its virtual server, which kernels before 3.18 imply
 * Return: as ipvs_message_parse_server()
 */
int ipvs_message_parse_destination(const struct nlmsghdr *message, uint16_t server_family,
				   struct destination_usage *ret);

/** ipvs_message_parse_traffic() - what such a virtual server has had; Return: as above */
int ipvs_message_parse_traffic(const struct nlmsghdr *message, struct ipvs_traffic *ret);

#endif
