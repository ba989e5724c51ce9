/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FORMER_VIPS_H
#define AGENT_FORMER_VIPS_H

#include "lib/objects/store.h"
#include "lib/plan/ledger.h"
#include "sync.h"

#include <ev.h>

/**
 * struct former_vips - keeps the VIPs that Services lose for a time, so that connections through them
 *                      end with a reset
 *
 * They go earlier if an object names them again, an endpoint or an interface of this node has them, or
 * another Node as far as that is known, or settings leave them to somebody else. What is kept when
 * the agent ends goes when it starts again.
 */
struct former_vips;

/** former_vips_new() - @seconds: for how long; 0: not at all */
struct former_vips *former_vips_new(struct ev_loop *loop, struct sync *sync, struct ledger *ledger,
				    double seconds);
void former_vips_free(struct former_vips *vips);

/** former_vips_set_time() - also of those that are kept already */
void former_vips_set_time(struct former_vips *vips, double seconds);

/** former_vips_planned() - what a Service wants is known, and about to be claimed */
void former_vips_planned(struct former_vips *vips, const struct service_view *view,
			 const struct service_state *state);

/** former_vips_node_changed() - sync_node() or sync_desired_options() may have become others */
void former_vips_node_changed(struct former_vips *vips);

#endif
