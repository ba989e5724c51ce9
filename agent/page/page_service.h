/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_SERVICE_H
#define AGENT_PAGE_SERVICE_H

#include "agent/status/status_report.h"

/**
 * page_service_text() - one Service: its virtual servers, who gets their connections and who does
 * not, and why
 * @key:       "namespace/name"
 * @deadline:  as in service_document()
 * Return: HTML, freed by the caller; NULL if there is no such Service
 */
char *page_service_text(const struct status_sources *sources, const char *key, double deadline);

#endif
