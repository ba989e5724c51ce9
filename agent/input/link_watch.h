/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_LINK_WATCH_H
#define AGENT_LINK_WATCH_H

#include "agent/reconcile/verifier.h"
#include "lib/kernel/link.h"
#include "node_state.h"

#include <ev.h>

/**
 * struct link_watch - follows rtnetlink: what becomes of the host's addresses
 *
 * Addresses of the node are read again soon after they changed; the dummy interface is verified
 * soon after somebody changed it.
 */
struct link_watch;

/**
 * link_watch_new()
 * @on_addresses:  @node has read its addresses again
 */
struct link_watch *link_watch_new(struct ev_loop *loop, struct link *link, struct node_state *node,
				  struct verifier *verifier, void (*on_addresses)(void *owner),
				  void *owner);
void link_watch_free(struct link_watch *watch);

#endif
