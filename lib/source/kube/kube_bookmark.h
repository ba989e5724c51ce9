/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_BOOKMARK_H
#define SOURCE_KUBE_BOOKMARK_H

#include "lib/source/object_value.h"

#include <stdbool.h>

/*
 * What the metadata of an event's object says of the watch itself; a bookmark says nothing else.
 */

/** kube_bookmark_version() - metadata.resourceVersion; "" = none */
const char *kube_bookmark_version(struct object_value object);

/** kube_bookmark_ends_initial_events() - of a watch that began with everything that exists */
bool kube_bookmark_ends_initial_events(struct object_value object);

#endif
