/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_document.h"

#include "agent/status/service_report.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/text_stream.h"

#include <stdio.h>

static int append(const char *bytes, size_t size, void *owner)
{
	return fwrite(bytes, 1, size, owner) == size ? 0 : -1;
}

/* Between two steps the text ends behind the head or behind a virtual server. */
json_t *service_document(const struct status_sources *sources, const char *key, size_t servers_max,
			 double deadline, bool *is_complete)
{
	struct service_report *report = service_report_new(sources, key);
	auto_memory char *text = NULL;
	size_t size = 0, parts = 0;
	FILE *stream;
	json_t *document;

	if (!report)
		return NULL;
	stream = text_stream_open(&text, &size);
	*is_complete = false;
	while (!*is_complete && parts <= servers_max && clock_now() < deadline) {
		long before = ftell(stream);

		*is_complete = !service_report_step(report, append, stream);
		parts += ftell(stream) > before;
	}
	if (!*is_complete)
		fputs(parts ? "]}" : "{\"servers\":[]}", stream);
	text_stream_close(stream);
	service_report_free(report);
	document = json_loads(text, 0, NULL);
	return document ? document : json_object();
}
