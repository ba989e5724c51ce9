/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_DRAINER_H
#define AGENT_DRAINER_H

#include "sync.h"

/**
 * struct drainer - deletes destinations that lost their endpoint once their connections ended
 *
 * Looks every second while any destination drains, and sleeps otherwise.
 */
struct drainer;

/** drainer_new() - @kernel, @sync and @ledger stay the caller's */
struct drainer *drainer_new(struct ev_loop *loop, struct kernel *kernel, struct sync *sync,
			    struct ledger *ledger);
void drainer_free(struct drainer *drainer);

/** drainer_wake() - a destination may have begun to drain */
void drainer_wake(struct drainer *drainer);

#endif
