/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zpages.h"

#include "agent/settings/flag_values.h"
#include "lib/base/memory.h"

#include <string.h>
#include <time.h>

#define HEADER(page)         \
	"\nkube-proxy " page \
	"\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n"

bool zpages_is_accepted(const char *accept)
{
	return !*accept || strstr(accept, "*/*") || strstr(accept, "text/plain") ||
	       strstr(accept, "text/*");
}

char *zpages_status_text(double started, double now)
{
	long up = now > started ? (long)(now - started) : 0;
	time_t seconds = (time_t)started;
	char date[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%a %b %e %H:%M:%S UTC %Y", &tm);
	return string_printf(
		HEADER("statusz") "\n"
				  "Started: %s\n"
				  "Up: %ld hr %02ld min %02ld sec\n"
				  "Binary version: 1.36.0+ipvsagent-" IPVSAGENT_VERSION "\n"
				  "Emulation version: 1.36\n"
				  "Paths: /configz /flagz /healthz /metrics /proxyMode\n",
		date, up / 3600, up / 60 % 60, up % 60);
}

char *zpages_flags_text(const struct options *options)
{
	auto_memory char *values = flag_values_text(options);

	return string_printf(HEADER("flagz") "%s", values);
}
