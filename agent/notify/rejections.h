/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_REJECTIONS_H
#define AGENT_REJECTIONS_H

#include "events.h"
#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"

#include <stdbool.h>
#include <stddef.h>

/** struct rejections - objects and files that could not be used, with the reason of each */
struct rejections;

struct rejections *rejections_new(void);
void rejections_free(struct rejections *rejections);
AUTO_FREE_DEFINE(rejections);

/**
 * rejections_set() - record a complaint, or settle it
 * @rejection:  copied; without a reason the complaint about that object is dropped
 * Return: whether anything changed, so that the same complaint is logged once
 */
bool rejections_set(struct rejections *rejections, const struct rejection *rejection);

/** rejections_report() - the same, and what changed is logged, and told as an event */
void rejections_report(struct rejections *rejections, struct events *events,
		       const struct rejection *rejection);

/** rejections_each() - every complaint, sorted by kind, namespace, name */
void rejections_each(const struct rejections *rejections,
		     void (*visit)(void *owner, const struct rejection *rejection), void *owner);

/** rejections_find() - NULL without a complaint; valid until the next change */
const struct rejection *rejections_find(const struct rejections *rejections, const char *kind,
					const char *namespace_name, const char *name);

size_t rejections_count(const struct rejections *rejections);

#endif
