/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_PAGES_H
#define AGENT_PAGE_PAGES_H

#include "agent/status/status_report.h"

/**
 * struct page_request - what a browser asks for
 * @path:    of the URL, unescaped
 * @wanted:  of the overview: only Services whose "namespace/name" contains that; "" = all
 * @after:   of the overview: only those behind this key; "" = from the first on
 * @seconds: so long virtual servers may be looked at
 */
struct page_request {
	const char *path;
	const char *wanted;
	const char *after;
	double seconds;
};

/**
 * pages_text() - the page at "/" with all Services, or at "/services/NAMESPACE/NAME" with one
 *
 * Written in one turn of the loop. So each has as many virtual servers as can be looked at in the
 * time that is given, and says where the rest is to be found.
 * Return: HTML, freed by the caller; NULL if there is no such page
 */
char *pages_text(const struct status_sources *sources, const struct page_request *request);

#endif
