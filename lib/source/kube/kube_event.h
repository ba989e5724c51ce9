/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_EVENT_H
#define SOURCE_KUBE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum kube_event_type { KUBE_EVENT_TYPE_NORMAL, KUBE_EVENT_TYPE_WARNING };

/**
 * struct kube_event_object - an object that an event refers to
 * @kind:            "Service", "EndpointSlice", "Node"
 * @namespace_name:  "" for a Node
 * @uid:             metadata.uid; "" if it is not known. `kubectl describe` finds the events of
 *                   an object by it, and those of a Node by the Node's name, so that for a Node it
 *                   is the name
 */
struct kube_event_object {
	const char *kind;
	const char *namespace_name;
	const char *name;
	const char *uid;
};

/**
 * struct kube_event - something that a user of the API should know about an object
 * @type:       Warning if somebody should do something about it
 * @reason:     why it is told, one word in CamelCase
 * @action:     what was being done, one word in CamelCase
 * @note:       one sentence; what is beyond 1,024 bytes is cut
 * @regarding:  what it is about; the event is put into its namespace, or into "default"
 * @related:    another object that has to do with it; its kind is NULL if there is none
 * @is_shared:  every node sees the same; see kube_events_emit()
 */
struct kube_event {
	enum kube_event_type type;
	const char *reason;
	const char *action;
	const char *note;
	struct kube_event_object regarding;
	struct kube_event_object related;
	bool is_shared;
};

/**
 * struct kube_event_reporter - who tells it
 * @controller:  "kube-proxy"
 * @instance:    "kube-proxy-HOST"; what is beyond 128 bytes is cut
 */
struct kube_event_reporter {
	const char *controller;
	const char *instance;
};

/**
 * kube_event_key() - the same for events that are one and the same thing, happening again
 *
 * Of client-go 1.32 (tools/events/event_broadcaster.go) it differs in the note, which counts here:
 * otherwise the second of two conflicts of a Service would only be a count on the first.
 * Return: to be freed by the caller
 */
char *kube_event_key(const struct kube_event *event);

/**
 * kube_event_json() - an events.k8s.io/v1 Event, to be created
 * @key:   its kube_event_key()
 * @time:  of its first occurrence, nanoseconds since 1970
 *
 * It is named OBJECT.NUMBER, the number in hexadecimal being the time, as in client-go. That of a
 * shared event follows from its key instead, so that all nodes name it alike.
 * Return: a new reference
 */
json_t *kube_event_json(const struct kube_event *event, const struct kube_event_reporter *reporter,
			const char *key, int64_t time);

/**
 * kube_event_series() - what says that it happened @count times, at least 2, at last at @time
 *
 * Return: a new reference to {"series": ...}: a merge patch for the Event, or a part of it
 */
json_t *kube_event_series(uint32_t count, int64_t time);

#endif
