/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_SERVICE_ANNOTATIONS_H
#define SOURCE_SERVICE_ANNOTATIONS_H

#include "lib/objects/service.h"
#include "object_field.h"

/**
 * service_annotations_decode() - what the annotations of a Service ask of this proxy
 * @annotations:  metadata.annotations
 * @left:         gets each one that cannot be used, which then counts as absent
 *
 * ipvsagent/do-not-program, ipvsagent/do-not-bind: "true" or "false".
 * ipvsagent/scheduler, or else kube-router.io/service.scheduler: a scheduler of IPVS.
 * Source of the last: kube-router, docs/user-guide.md, "Load balancing Scheduling Algorithms"
 */
void service_annotations_decode(const struct object_field *annotations, struct service *service,
				struct object_leftovers *left);

#endif
