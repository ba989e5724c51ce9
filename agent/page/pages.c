/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pages.h"

#include "lib/base/clock.h"
#include "page_overview.h"
#include "page_service.h"

#include <string.h>

char *pages_text(const struct status_sources *sources, const struct page_request *request)
{
	static const char services[] = "/services/";

	if (strcmp(request->path, "/") == 0)
		return page_overview_text(sources, request->wanted, request->after,
					  clock_now() + request->seconds);
	if (strncmp(request->path, services, strlen(services)) == 0)
		return page_service_text(sources, request->path + strlen(services),
					 clock_now() + request->seconds);
	return NULL;
}
