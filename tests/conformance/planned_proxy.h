/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_PLANNED_PROXY_H
#define CONFORMANCE_PLANNED_PROXY_H

#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "node_config.h"
#include "recorded_node.h"
#include "tests/fake/fake_kernel.h"

#include <jansson.h>

/**
 * struct planned_proxy - a proxy made of decoder, store, planner and ledger, at a fake kernel
 *
 * Goes through the motions of the agent in the same order, without its clock and loop: observe,
 * plan what is dirty, apply, remove leftovers once, drain.
 */
struct planned_proxy;

/**
 * planned_proxy_new() - a proxy that has just started; reads what @kernel holds
 * @kernel, @config:      stay the caller's and must outlive it
 * @affinity_scheduler:   "sh" or "inherit"
 */
struct planned_proxy *planned_proxy_new(struct fake_kernel *kernel,
					const struct node_config *config,
					const struct own_choices *choices);

/** planned_proxy_free() - the proxy stops; the kernel keeps what it holds */
void planned_proxy_free(struct planned_proxy *proxy);
AUTO_FREE_DEFINE(planned_proxy);

/**
 * planned_proxy_update() - the API now has the objects of @list, the node has @addresses
 * @list:  v1 List of everything; what was there before and is not in it has been deleted
 *
 * Brings the kernel up to date.
 * Return: 0; -EINVAL if an object cannot be decoded or is not of a kind that was recorded;
 * -EIO if the kernel refused a change
 */
int planned_proxy_update(struct planned_proxy *proxy, const json_t *list,
			 const struct recorded_addresses *addresses, struct error *err);

/**
 * planned_proxy_verify() - read the kernel again
 * Return: how many changes that calls for; anything but 0 means that the ledger does not know
 * what the kernel holds
 */
size_t planned_proxy_verify(struct planned_proxy *proxy);

/** planned_proxy_node() - this node's object; NULL if there was none */
const struct node *planned_proxy_node(const struct planned_proxy *proxy);

/** struct health_check - what the health check node port of a Service is to answer */
struct health_check {
	const char *namespace_name;
	const char *name;
	uint32_t local_endpoint_count;
};

/** planned_proxy_health_check() - whether a Service has the health check node port @port */
bool planned_proxy_health_check(struct planned_proxy *proxy, uint16_t port,
				struct health_check *ret);

#endif
