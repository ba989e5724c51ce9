/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_EVENTS_H
#define FAKE_API_EVENTS_H

#include "lib/base/memory.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct api_events - the Events that the server of the tests was given
 *
 * They are checked as Kubernetes 1.32 checks those of events.k8s.io/v1
 * (pkg/apis/core/validation/events.go), and cannot be listed.
 */
struct api_events;

struct api_events *api_events_new(void);
void api_events_free(struct api_events *events);
AUTO_FREE_DEFINE(api_events);

/** api_events_has_path() - whether it is that of the Events of a namespace, or of one of them */
bool api_events_has_path(const char *path, const char *method);

/** struct api_event_request - POST to the Events of a namespace, or PATCH of one */
struct api_event_request {
	const char *path;
	const char *method;
	const char *content_type;
	const char *body;
	size_t body_length;
};

/**
 * api_events_answer() - create, or change
 * @ret_body:  the Event, or a Status; the caller frees it
 * Return: an HTTP status
 */
int api_events_answer(struct api_events *events, const struct api_event_request *request,
		      char **ret_body);

/** api_events_text() - all there are, each on a line of its own; the caller frees it */
char *api_events_text(const struct api_events *events);

#endif
