/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More than an event can hold. */
#define NOTE_SIZE 2048

struct events {
	const char *node_name;
	void (*write)(void *owner, const struct kube_event *event);
	void *owner;
};

/* @is_shared: every node of the cluster has the same to tell. */
struct looks {
	const char *reason, *action;
	enum kube_event_type type;
	bool is_shared;
};

static const struct looks looks[] = {
	[EVENT_KIND_STARTING] = {"Starting", "StartKubeProxy", KUBE_EVENT_TYPE_NORMAL, false},
	[EVENT_KIND_HEALTH_CHECK] = {"FailedToStartServiceHealthcheck", "Listen",
				     KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_HEALTHZ] = {"FailedToStartProxierHealthcheck", "StartKubeProxy",
				KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_METRICS] = {"FailedToStartMetricServer", "StartKubeProxy",
				KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_SETTINGS] = {"SettingsRejected", "ReadSettings", KUBE_EVENT_TYPE_WARNING,
				 false},
	[EVENT_KIND_RULES] = {"RulesUnreadable", "WriteRules", KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_REJECTED] = {"Rejected", "ReadObject", KUBE_EVENT_TYPE_WARNING, true},
	[EVENT_KIND_SERVICE_CONFLICT] = {"ServiceConflict", "ClaimVirtualServer",
					 KUBE_EVENT_TYPE_WARNING, true},
	[EVENT_KIND_NODE_ADDRESS_CONFLICT] = {"NodeAddressConflict", "BindAddress",
					      KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_CAPACITY] = {"CapacityExceeded", "Program", KUBE_EVENT_TYPE_WARNING, false},
	[EVENT_KIND_EXTERNAL_IPS] = {"ExternalIPsDisabled", "Program", KUBE_EVENT_TYPE_WARNING,
				     true},
	[EVENT_KIND_ADDRESS_OUTSIDE] = {"AddressNotAllowed", "Program", KUBE_EVENT_TYPE_WARNING,
					true},
	[EVENT_KIND_UNPROGRAMMED] = {"AddressNotProgrammed", "Program", KUBE_EVENT_TYPE_WARNING,
				     true},
	[EVENT_KIND_SCHEDULER_MISSING] = {"SchedulerMissing", "Program", KUBE_EVENT_TYPE_WARNING,
					  false},
	[EVENT_KIND_SOURCE_RANGES] = {"SourceRangesOfOneFamily", "Program", KUBE_EVENT_TYPE_WARNING,
				      true},
};

struct events *events_new(const char *node_name)
{
	struct events *events = memory_allocate(sizeof(*events));

	events->node_name = node_name;
	return events;
}

void events_free(struct events *events)
{
	free(events);
}

void events_set_writer(struct events *events,
		       void (*write)(void *owner, const struct kube_event *event), void *owner)
{
	events->write = write;
	events->owner = owner;
}

static void emit(struct events *events, enum event_kind kind,
		 const struct kube_event_object *regarding, const struct kube_event_object *related,
		 const char *format, va_list arguments)
{
	char note[NOTE_SIZE];
	const struct kube_event event = {
		.type = looks[kind].type,
		.reason = looks[kind].reason,
		.action = looks[kind].action,
		.note = note,
		.regarding = *regarding,
		.related = related ? *related : (struct kube_event_object){0},
		.is_shared = looks[kind].is_shared,
	};

	if (!events->write)
		return;
	vsnprintf(note, sizeof(note), format, arguments);
	events->write(events->owner, &event);
}

void events_emit(struct events *events, enum event_kind kind, const char *format, ...)
{
	const struct kube_event_object node = {.kind = "Node",
					       .namespace_name = "",
					       .name = events->node_name,
					       .uid = events->node_name};
	va_list arguments;

	va_start(arguments, format);
	emit(events, kind, &node, NULL, format, arguments);
	va_end(arguments);
}

void events_emit_about(struct events *events, enum event_kind kind,
		       const struct kube_event_object *regarding,
		       const struct kube_event_object *related, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(events, kind, regarding, related, format, arguments);
	va_end(arguments);
}

void events_emit_rejection(struct events *events, const struct rejection *rejection)
{
	const struct kube_event_object object = {.kind = rejection->kind,
						 .namespace_name = rejection->namespace_name,
						 .name = rejection->name,
						 .uid = rejection->uid};

	if (rejection->reason && strcmp(rejection->kind, "file") != 0 &&
	    strcmp(rejection->name, REJECTION_UNNAMED) != 0)
		events_emit_about(events, EVENT_KIND_REJECTED, &object, NULL,
				  rejection->is_partial ? "%s; leaving that out and using the rest"
							: "%s; keeping its previous state",
				  rejection->reason);
}
