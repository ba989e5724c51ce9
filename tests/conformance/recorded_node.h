/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_RECORDED_NODE_H
#define CONFORMANCE_RECORDED_NODE_H

#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/plan/node_addresses.h"
#include "tests/fake/fake_kernel.h"

#include <stdbool.h>
#include <stddef.h>

/** struct recorded_addresses - what node.txt (`ip -o addr`) says */
struct recorded_addresses {
	struct interface_address *items;
	size_t count;
	size_t capacity;
};

/** recorded_addresses_parse() - Return: 0 or -EINVAL */
int recorded_addresses_parse(const char *text, struct recorded_addresses **ret, struct error *err);
void recorded_addresses_free(struct recorded_addresses *addresses);
AUTO_FREE_DEFINE(recorded_addresses);

/** struct recorded_actions - what actions.txt tells besides the state it puts into the kernel */
struct recorded_actions {
	bool is_restart; /* the proxy is not running while the objects change */
};

/**
 * recorded_actions_apply() - do in @kernel what the commands of actions.txt do on a node
 * @text:       NULL = no actions
 * @addresses:  of the node in this step; addresses given to real interfaces have to be among them
 *
 * Knows the commands and remarks of the corpus; anything else is an error. A connection that a
 * remark tells of is counted at its destination.
 *
 * Return: 0 or a negative errno
 */
int recorded_actions_apply(const char *text, const struct recorded_addresses *addresses,
			   struct fake_kernel *kernel, struct recorded_actions *ret,
			   struct error *err);

#endif
