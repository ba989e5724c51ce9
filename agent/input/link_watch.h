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
 * soon after somebody changed it. Where listening fails, it is begun again after 0.1 s and then ever
 * later, up to half a minute, and each time everything is read, since something may have been missed.
 */
struct link_watch;

/**
 * link_watch_new()
 * @on_addresses:  @node has read its addresses again
 * @on_lost:       what came of listening: why it fails, or "" when it works again
 */
struct link_watch *link_watch_new(struct ev_loop *loop, struct link *link, struct node_state *node,
				  struct verifier *verifier, void (*on_addresses)(void *owner),
				  void (*on_lost)(void *owner, enum health_part part,
						  const char *reason),
				  void *owner);
void link_watch_free(struct link_watch *watch);

#endif
