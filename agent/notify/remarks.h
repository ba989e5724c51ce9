/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_REMARKS_H
#define AGENT_REMARKS_H

#include "events.h"
#include "lib/objects/store.h"
#include "lib/plan/service_remarks.h"

/**
 * struct remarks - tells, in the log and as events, what service_remarks() says of each Service
 *
 * Each remark once, until it no longer applies or says something else.
 */
struct remarks;

/** remarks_new() - @events must outlive it */
struct remarks *remarks_new(struct events *events);
void remarks_free(struct remarks *remarks);
AUTO_FREE_DEFINE(remarks);

/** remarks_planned() - a Service was planned with @options, or went */
void remarks_planned(struct remarks *remarks, const struct service_view *view,
		     const struct desired_options *options);

#endif
