/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HISTORY_REPORT_H
#define AGENT_HISTORY_REPORT_H

#include "status_report.h"

/* What the agent tells `ipvsagent events`; the JSON objects are described in ipvsagent-events(8). The
 * caller owns each result. */

/** history_report_agent() - whose events they are */
json_t *history_report_agent(const struct status_sources *sources);

/**
 * history_report_keys() - which events there are, from the oldest; as status_report_keys()
 * @filter:  "namespace/name" of a Service, "namespace/" for all of a namespace, "" for all events
 */
char *history_report_keys(const struct status_sources *sources, const char *filter, size_t *count);

/** history_report_event() - @key: of history_report_keys(); NULL if the event is forgotten */
json_t *history_report_event(const struct status_sources *sources, const char *key);

#endif
