/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ENDPOINT_REPORT_H
#define AGENT_ENDPOINT_REPORT_H

#include "lib/plan/topology.h"
#include "status_report.h"

/**
 * struct endpoint_report - what the endpoints of one Service's virtual servers are told with
 * @candidates:        of @collected_port and @collected_family
 * @collected_port:    SIZE_MAX = nothing is collected yet
 */
struct endpoint_report {
	const struct status_sources *sources;
	const struct service_view *view;
	const struct service_state *state;
	struct candidates candidates;
	size_t collected_port;
	uint16_t collected_family;
	uint64_t now; /* clock_milliseconds() */
};

/**
 * endpoint_report_add() - who gets connections of a virtual server and why, and who does not
 * @index:   of @report->state->servers
 * @server:  gets "rule", "hints", "leftOut", "destinations", "unused" and "leaving"
 *
 * The members of the three lists are texts, because they cost the loop a fraction of what objects
 * do: "ADDRESS:PORT", with the reason behind a space in "unused", and the time since when it drains
 * in "leaving". status_document_join() makes of them what ipvsagent-status(8) describes.
 */
void endpoint_report_add(struct endpoint_report *report, size_t index, json_t *server);

/** endpoint_report_clear() - free what was collected */
void endpoint_report_clear(struct endpoint_report *report);

#endif
