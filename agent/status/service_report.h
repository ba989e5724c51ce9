/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVICE_REPORT_H
#define AGENT_SERVICE_REPORT_H

#include "status_report.h"

/**
 * struct service_report - one Service, its state and its virtual servers, as ipvsagent-status(8) has
 * it: one JSON object, written in parts, since a Service may have many thousand virtual servers
 */
struct service_report;

/**
 * service_report_new() - @sources must outlive it
 * @key:  "namespace/name"
 * Return: NULL if there is neither such a Service nor a complaint about one
 */
struct service_report *service_report_new(const struct status_sources *sources, const char *key);
void service_report_free(struct service_report *report);

/**
 * service_report_step() - write the next part, at most one virtual server, as it is now
 * Return: false at the end, when the object is complete
 */
bool service_report_step(struct service_report *report, json_dump_callback_t write, void *owner);

#endif
