/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_RECORDING_SINK_H
#define FAKE_RECORDING_SINK_H

#include "lib/objects/object_sink.h"

#include <stddef.h>

/**
 * struct recording_sink - a sink that writes down what it hears, one line per call
 *
 *   + Service default/alpha ClusterIP 10.96.1.1 http:80
 *   + EndpointSlice default/alpha-1 of alpha 10.244.1.1 10.244.1.2(serving,terminating)
 *   + Node node1 zone zone-a
 *   - Service default/alpha
 *   ! Service default/alpha: spec.ports[0].port: ...     (": fine" when settled)
 *   synced
 */
struct recording_sink {
	struct string_pool *strings;
	char *text;
	size_t length;
};

struct recording_sink *recording_sink_new(void);
void recording_sink_free(struct recording_sink *noted);

/** recording_sink_sink() - what to give to a source */
struct object_sink recording_sink_sink(struct recording_sink *noted);

/** recording_sink_add() - one more line, of the test's own */
__attribute__((format(printf, 2, 3))) void recording_sink_add(struct recording_sink *noted,
							      const char *format, ...);

/** recording_sink_clear() - forget what was noted so far */
void recording_sink_clear(struct recording_sink *noted);

#endif
