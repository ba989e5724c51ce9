/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FLOW_CLEANER_H
#define AGENT_FLOW_CLEANER_H

#include "lib/base/error.h"
#include "lib/plan/changes.h"

#include <ev.h>

/** struct flow_cleaner - lets UDP clients notice what changed: see conntrack.h */
struct flow_cleaner;

int flow_cleaner_new(struct ev_loop *loop, struct flow_cleaner **ret, struct error *err);
void flow_cleaner_free(struct flow_cleaner *cleaner);

/**
 * flow_cleaner_follow() - after a batch of changes was applied
 *
 * UDP only. A removed destination, a removed virtual server, a new virtual server, and flows that
 * went nowhere while there was no destination (the VIP itself counts as who would answer).
 */
void flow_cleaner_follow(struct flow_cleaner *cleaner, const struct changes *changes);

#endif
