/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_changes.h"

#include "lib/base/memory.h"
#include "page_frame.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define CHANGES_MAX 20

static bool is_asked_for(const struct history_event *event, const char *key)
{
	static const char prefix[] = "Service ";

	return !key || (strncmp(event->object, prefix, strlen(prefix)) == 0 &&
			strcmp(event->object + strlen(prefix), key) == 0);
}

static void write_time(struct html *html, double seconds)
{
	char text[sizeof("2026-11-30 03:12:07 UTC")] = "";
	time_t whole = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&whole, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	page_cell(html, text);
}

static void write_change(struct html *html, const struct history_event *event)
{
	html_markup(html, "<tr>");
	write_time(html, event->time);
	page_cell(html, event->object);
	page_cell(html, event->cause);
	page_number(html, event->total);
	if (event->failed) {
		html_markup(html, "<td class=\"n\"><span class=\"bad\">");
		html_format(html, "%u failed", event->failed);
		html_markup(html, "</span></td>");
	} else {
		page_number(html, 0);
	}
	html_markup(html, "</tr>\n");
}

void page_changes_write(struct html *html, const struct history *history, const char *key)
{
	static const char *const columns[] = {"Time", "Object", "Cause", "#Kernel operations",
					      "#Failed"};
	uint64_t number = history ? history_last(history) : 0;
	size_t count = 0;

	if (!history)
		return;
	html_markup(html, "<h2>Recent changes</h2>\n");
	page_table_begin(html, "The last changes, the newest first", columns, COUNT(columns));
	for (; number && count < CHANGES_MAX; number--) {
		const struct history_event *event = history_find(history, number);

		if (!event)
			break;
		if (!is_asked_for(event, key))
			continue;
		write_change(html, event);
		count++;
	}
	page_table_end(html);
	if (!count)
		html_markup(html, "<p>None.</p>\n");
}
