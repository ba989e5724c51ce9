/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ENDPOINT_REPORT_H
#define AGENT_ENDPOINT_REPORT_H

#include "lib/plan/topology.h"
#include "report_json.h"
#include "status_report.h"

/**
 * struct endpoint_report - what the endpoints of one Service's virtual servers are told with
 * @view, @state:    as they are in this step
 * @candidates:      of @port and @family, of @version of the Service
 * @port:            SIZE_MAX = nothing is collected yet
 * @restarts:        how often the Service changed before all were collected
 * @is_collecting:   not all are collected yet
 */
struct endpoint_report {
	const struct status_sources *sources;
	const struct service_view *view;
	const struct service_state *state;
	struct candidates candidates;
	struct collection collection;
	size_t port;
	uint64_t version;
	unsigned int restarts;
	uint16_t family;
	bool is_collecting;
};

/** endpoint_report_begin() - @view is borrowed until endpoint_report_clear() */
void endpoint_report_begin(struct endpoint_report *report, const struct status_sources *sources,
			   const struct service_view *view);

/**
 * endpoint_report_collect() - go on with those of the port of @wanted
 * Return: whether they are complete, which endpoint_report_write() takes for granted
 */
bool endpoint_report_collect(struct endpoint_report *report, const struct wanted_server *wanted);

/**
 * endpoint_report_write() - a virtual server; who gets its connections and why, and who does not
 * @wanted:  of @report->state
 * @server:  gets "rule", "hints", "leftOut", "destinations", "unused" and "leaving"; taken
 *
 * The members of the three lists are texts, and written as such, because they cost the loop a
 * fraction of what objects do: "ADDRESS:PORT", with the reason behind a space in "unused", and the
 * time since when it drains in "leaving". status_document_join() makes of them what
 * ipvsagent-status(8) describes.
 */
void endpoint_report_write(const struct endpoint_report *report, const struct wanted_server *wanted,
			   json_t *server, const struct report_writer *writer);

/** endpoint_report_clear() - free what was collected */
void endpoint_report_clear(struct endpoint_report *report);

#endif
