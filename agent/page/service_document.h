/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_SERVICE_DOCUMENT_H
#define AGENT_PAGE_SERVICE_DOCUMENT_H

#include "agent/status/status_report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * service_document() - a Service as ipvsagent-status(8) describes it, or as much as there is time for
 * @key:          "namespace/name"
 * @servers_max:  no more virtual servers than that
 * @deadline:     of clock_now(); nothing is begun after it
 * @is_complete:  set to whether that is all of it; else "remarks", "state" and "reason" are missing
 *
 * Destinations are texts, see endpoint_report_write().
 * Return: owned by the caller; NULL if there is no such Service
 */
json_t *service_document(const struct status_sources *sources, const char *key, size_t servers_max,
			 double deadline, bool *is_complete);

#endif
