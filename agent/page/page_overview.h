/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_OVERVIEW_H
#define AGENT_PAGE_OVERVIEW_H

#include "agent/status/status_report.h"

/**
 * page_overview_text() - the agent, what it holds, what is wrong, and a part of the list of Services
 * @wanted, @after:  as in struct service_choice
 * @deadline:        of clock_now(); after it only the first Service is looked at
 * Return: HTML, freed by the caller
 */
char *page_overview_text(const struct status_sources *sources, const char *wanted,
			 const char *after, double deadline);

#endif
