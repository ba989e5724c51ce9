/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_TOOL_TEXT_H
#define PLAN_TOOL_TEXT_H

#include "proxy_state.h"

#include <stdint.h>
#include <stdio.h>

/*
 * Kernel objects in the words of the tools that everybody reads and restores them with. What is
 * written is what `ipvsadm-save -n` and `ipset save` print, and what `ipvsadm-restore`,
 * `ipset restore` and `ip -batch` take; each line with its newline unless said otherwise.
 */

/**
 * tool_text_key() - "-t 10.96.0.10:80", "-f 1610678272 -6"
 * @key:  not one of CLIENT_SCOPE_IN_CLUSTER: the tools know such a virtual server by its mark only
 */
const char *tool_text_key(const struct virtual_server_key *key, char buffer[2 * ADDRESS_TEXT_SIZE]);

/**
 * tool_text_server() - "-A -t 10.96.0.10:80 -s rr -p 10800"
 * @key:  what stands for it, as of tool_text_key()
 */
void tool_text_server(FILE *stream, const char *key, const struct virtual_server *server);

/**
 * tool_text_destination() - "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 1"
 * @forwarding_method:  IP_VS_CONN_F_MASQ and others
 */
void tool_text_destination(FILE *stream, const char *key, const struct destination *destination,
			   uint32_t forwarding_method);

/** tool_text_set() - "create KUBE-CLUSTER-IP hash:ip,port family inet", without a newline: sizes and
 *  extensions follow */
void tool_text_set(FILE *stream, enum set_kind kind, uint16_t family);

/**
 * tool_text_member() - "add KUBE-CLUSTER-IP 10.96.0.10,tcp:80"
 * @mark:  that it gives to packets; 0 = none
 */
void tool_text_member(FILE *stream, const struct set_member *member, uint32_t mark);

/** tool_text_address() - "address add 10.96.0.10/32 dev kube-ipvs0"; IPv6 addresses deprecated, as
 *  lib/kernel/link.h says */
void tool_text_address(FILE *stream, const struct address *address, const char *interface);

#endif
