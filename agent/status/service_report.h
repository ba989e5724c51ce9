/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVICE_REPORT_H
#define AGENT_SERVICE_REPORT_H

#include "status_report.h"

/**
 * service_report() - one Service, its state and its virtual servers, as ipvsagent-status(8) has it
 * @key:  "namespace/name"
 * Return: owned by the caller; NULL if there is neither such a Service nor a complaint about one
 */
json_t *service_report(const struct status_sources *sources, const char *key);

#endif
