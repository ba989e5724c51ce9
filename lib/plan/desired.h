/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DESIRED_H
#define PLAN_DESIRED_H

#include "desired_options.h"
#include "lib/base/memory.h"
#include "lib/objects/store.h"
#include "node_view.h"
#include "proxy_state.h"
#include "service_state.h"
#include "skip_reason.h"

/**
 * struct desired - what one Service wants from the kernel, while it is being found out
 *
 * Pure and total. A skipped Service wants nothing (an empty state, not an error).
 * Source: kube-proxy 1.32 pkg/proxy/ipvs/proxier.go syncProxyRules() and syncEndpoint().
 */
struct desired;

/** desired_begin() - @view with its objects, @node and @options are borrowed until desired_end() */
struct desired *desired_begin(const struct service_view *view, const struct node_view *node,
			      const struct desired_options *options);

/**
 * desired_step() - go on
 * @budget:  about how many objects are looked at; what was used is taken off. To
 *           put the result in order in the end is done in one piece.
 * Return: whether that was the end
 */
bool desired_step(struct desired *desired, size_t *budget);

/** desired_is_waiting() - what comes next is a large piece: it is better done in a turn of its own */
bool desired_is_waiting(const struct desired *desired);

/** desired_end() - the state, once all is known; @desired is freed, the caller frees the state with
 *  service_state_free() */
struct service_state *desired_end(struct desired *desired);

/** desired_free() - without an end; NULL is fine */
void desired_free(struct desired *desired);

/** desired_service() - all of it in one go */
struct service_state *desired_service(const struct service_view *view, const struct node_view *node,
				      const struct desired_options *options);

#endif
