/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_RATES_H
#define AGENT_PAGE_RATES_H

#include "agent/status/status_report.h"
#include "html.h"

/** page_rates_cells() - two cells: connections and bytes of a Service in a second; "-" if unknown */
void page_rates_cells(struct html *html, const struct status_sources *sources, const char *key);

/** page_rates_write() - a table of what each virtual server of a Service has in a second */
void page_rates_write(struct html *html, const struct status_sources *sources, const char *key);

#endif
