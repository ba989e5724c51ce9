/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_NOTED_OBJECTS_H
#define FAKE_NOTED_OBJECTS_H

#include "objects/object_sink.h"

#include <stddef.h>

/**
 * struct noted_objects - a sink that writes down what it hears, one line per call
 *
 *   + Service default/alpha ClusterIP 10.96.1.1 http:80
 *   + EndpointSlice default/alpha-1 of alpha 10.244.1.1 10.244.1.2(serving,terminating)
 *   + Node node1 zone zone-a
 *   - Service default/alpha
 *   ! Service default/alpha: spec.ports[0].port: ...     (": fine" when settled)
 *   synced
 */
struct noted_objects {
	struct strings *strings;
	char *text;
	size_t length;
};

struct noted_objects *noted_objects_new(void);
void noted_objects_free(struct noted_objects *noted);

/** noted_objects_sink() - what to give to a source */
struct object_sink noted_objects_sink(struct noted_objects *noted);

/** noted_objects_add() - one more line, of the test's own */
__attribute__((format(printf, 2, 3))) void noted_objects_add(struct noted_objects *noted,
							     const char *format, ...);

/** noted_objects_clear() - forget what was noted so far */
void noted_objects_clear(struct noted_objects *noted);

#endif
