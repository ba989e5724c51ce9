/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_EVENTS_H
#define SOURCE_KUBE_EVENTS_H

#include "kube_event.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct kube_events - writes Events to an API server, one after the other, and never in a hurry
 *
 * Nothing depends on them: what cannot be written is tried again for a while and then forgotten,
 * and there is a limit to how many wait, how many are remembered, and how often something is said
 * of one object. As in client-go 1.32 (tools/events/event_broadcaster.go), an event that happens
 * again within a few minutes becomes a series: the first repetition is written at once, later ones
 * are counted, and the count is written from time to time and at the end. Its limit per object is
 * that of client-go's older tools/record/events_cache.go.
 */
struct kube_events;

struct kube_http;
struct kube_credentials;

/**
 * struct kube_events_pace - how much, how often; all times in seconds
 * @per_second, @burst:             requests
 * @object_seconds, @object_burst:  events about one object: so many at once, then one in that time
 * @record_limit:                   events that wait or are remembered
 * @spread_seconds:                 a shared event waits for a random time up to this
 * @retry_seconds, @tries:          after a failure that may pass
 * @request_seconds:                longest duration of a request
 * @finish_seconds:                 without a repetition for so long, a series is over
 * @refresh_seconds:                between two writings of a count that grows
 */
struct kube_events_pace {
	double per_second;
	double burst;
	double object_seconds;
	double object_burst;
	size_t record_limit;
	double spread_seconds;
	double retry_seconds;
	unsigned int tries;
	double request_seconds;
	double finish_seconds;
	double refresh_seconds;
};

extern const struct kube_events_pace kube_events_default_pace;

/**
 * struct kube_events_options - the surroundings; the texts are copied, the rest must outlive it
 * @pace:        copied
 * @on_trouble:  events cannot be written, one line; NULL: they can again. Not called twice in a
 *               row with the same text.
 */
struct kube_events_options {
	struct kube_http *http;
	struct kube_credentials *credentials;
	struct kube_event_reporter reporter;
	const struct kube_events_pace *pace;
	void (*on_trouble)(void *owner, const char *text);
	void *owner;
};

/** kube_events_new() - held: nothing is sent before kube_events_hold(events, false) */
struct kube_events *kube_events_new(struct ev_loop *loop,
				    const struct kube_events_options *options);

/** kube_events_free() - what waits is lost; NULL is fine */
void kube_events_free(struct kube_events *events);
AUTO_FREE_DEFINE(kube_events);

/**
 * kube_events_emit() - tell it, when there is time
 * @event:  copied
 *
 * A shared event, which all nodes of a cluster come to tell, is written by one of them: all give it
 * the same name, wait for a random time first, and find that it exists already. How often it
 * happened nobody counts then.
 */
void kube_events_emit(struct kube_events *events, const struct kube_event *event);

/** kube_events_hold() - keep them until the server can be reached, so that no try is wasted */
void kube_events_hold(struct kube_events *events, bool is_held);

/** kube_events_credentials_ready() - as kube_reflector_credentials_ready() */
void kube_events_credentials_ready(struct kube_events *events, const struct error *err);

/**
 * struct kube_events_counts - since the start
 * @created:    Events that were written, or that another node had written already
 * @updated:    writings of a count
 * @repeated:   events that only were counted
 * @refused:    Events that the server did not take
 * @lost:       Events that were given up after several tries
 * @discarded:  events beyond the limits, which were never sent
 * @waiting:    at the moment
 */
struct kube_events_counts {
	uint64_t created;
	uint64_t updated;
	uint64_t repeated;
	uint64_t refused;
	uint64_t lost;
	uint64_t discarded;
	size_t waiting;
};

const struct kube_events_counts *kube_events_counts(const struct kube_events *events);

#endif
