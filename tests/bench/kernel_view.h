/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_KERNEL_VIEW_H
#define BENCH_KERNEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the kernel shows of the objects of the benchmark, asked from outside of the agent. Each
 * question is one or a few system calls.
 */

/** struct kernel_view - sockets to ask with */
struct kernel_view;

struct kernel_view *kernel_view_open(void);

/** kernel_view_weight() - of an endpoint of a Service; 0 as well if it is no destination */
unsigned int kernel_view_weight(struct kernel_view *view, size_t service, size_t endpoint);

/** kernel_view_has_server() - the virtual server of a Service exists */
bool kernel_view_has_server(struct kernel_view *view, size_t service);

/** kernel_view_answers() - the address of a Service is this node's: the Service works */
bool kernel_view_answers(struct kernel_view *view, size_t service);

/**
 * kernel_view_serving() - how many destinations of a Service get new connections
 * @ret:         of the endpoints from @first on, @count of them
 * @ret_others:  of all others
 */
void kernel_view_serving(struct kernel_view *view, size_t service, size_t first, size_t count,
			 size_t *ret, size_t *ret_others);

/**
 * kernel_view_node_port_weight() - of an endpoint behind the node port of a Service
 * @address:  of the node, host byte order
 *
 * Return: 0 as well if it is no destination
 */
unsigned int kernel_view_node_port_weight(struct kernel_view *view, uint32_t address,
					  size_t service, size_t endpoint);

/** kernel_view_has_node_port() - the virtual server of a Service's node port exists */
bool kernel_view_has_node_port(struct kernel_view *view, uint32_t address, size_t service);

/** kernel_view_set_node_address() - the node has (or has no longer) this address on eth0, /32 */
void kernel_view_set_node_address(struct kernel_view *view, uint32_t address, bool is_present);

/** kernel_view_count() - virtual servers and destinations of Services 0 to @services - 1 */
void kernel_view_count(struct kernel_view *view, size_t services, size_t *ret_servers,
		       size_t *ret_destinations);

/** kernel_view_yield() - from now on, run only while nothing else wants to */
void kernel_view_yield(void);

/** kernel_view_now() - seconds of the monotonic clock */
double kernel_view_now(void);

#endif
