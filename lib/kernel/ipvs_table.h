/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPVS_TABLE_H
#define KERNEL_IPVS_TABLE_H

#include "lib/base/memory.h"
#include "lib/plan/proxy_state.h"

/**
 * struct ipvs_table - reads the destinations of IPv4 virtual servers, by getsockopt(2)
 *
 * The interface that IPVS had before generic netlink, of one network namespace: that of the thread which
 * opens it. It holds no reference to the module. Source: do_ip_vs_get_ctl() of
 * net/netfilter/ipvs/ip_vs_ctl.c
 */
struct ipvs_table;

/** ipvs_table_new() - never fails; one without a socket knows no answer */
struct ipvs_table *ipvs_table_new(void);
void ipvs_table_free(struct ipvs_table *table);
AUTO_FREE_DEFINE(ipvs_table);

/**
 * ipvs_table_destinations() - the destinations of a virtual server; two system calls
 * @key:          as the kernel names it
 * @destination:  once for each; a negative return value ends the reading
 *
 * Return: 1 if @destination has had all of them, none if there is no such server; 0 if this interface
 * cannot tell all, and then it had none: IPv6, a destination of another family, thousands of them, a
 * change meanwhile; or what @destination returned
 */
int ipvs_table_destinations(struct ipvs_table *table, const struct virtual_server_key *key,
			    int (*destination)(void *owner, const struct destination_usage *usage),
			    void *owner);

#endif
