/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_frame.h"

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Contrast of text and background is at least 7 to 1 in both schemes. */
static const char style[] =
	":root{color-scheme:light dark;--text:#1a1a1a;--ground:#fff;--line:#c8c8c8;--faint:#4a4a4a;"
	"--good:#0b5a1e;--wait:#6b4400;--bad:#9c0d14;--link:#0a3f9c}\n"
	"@media (prefers-color-scheme:dark){:root{--text:#ececec;--ground:#161616;--line:#4a4a4a;"
	"--faint:#bcbcbc;--good:#86dd9a;--wait:#f2c46d;--bad:#ff9f9f;--link:#a9c7ff}}\n"
	"body{margin:0 auto;max-width:80rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;"
	"color:var(--text);background:var(--ground)}\n"
	"a{color:var(--link)}\n"
	"a:focus-visible,input:focus-visible,button:focus-visible{outline:3px solid var(--link);"
	"outline-offset:2px}\n"
	".skip{position:absolute;left:-100rem}.skip:focus{position:static}\n"
	".scroll{overflow-x:auto}\n"
	"table{border-collapse:collapse;margin:1rem 0;width:100%}\n"
	"caption{text-align:left;font-weight:bold;padding:.3rem 0}\n"
	"th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;"
	"border-bottom:1px solid var(--line)}\n"
	".n{text-align:right;font-variant-numeric:tabular-nums}\n"
	".good{color:var(--good)}.wait{color:var(--wait)}.bad{color:var(--bad);font-weight:bold}\n"
	".faint{color:var(--faint)}\n"
	"code{font-family:ui-monospace,monospace}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:bold}"
	"dd{margin:0}\n";

void page_frame_begin(struct html *html, const char *title)
{
	html_markup(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	html_text(html, title);
	html_markup(html, "</title>\n<style>\n");
	html_markup(html, style);
	html_markup(html, "</style>\n</head>\n<body>\n"
			  "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
			  "<nav aria-label=\"Pages\"><a href=\"/\">Overview</a> "
			  "<a href=\"/metrics\">Metrics</a> <a href=\"/configz\">Configuration</a>"
			  "</nav>\n<main id=\"main\">\n");
	html_element(html, "h1", title);
	html_markup(html, "\n");
}

void page_frame_end(struct html *html)
{
	html_markup(html, "</main>\n</body>\n</html>\n");
}

void page_fact(struct html *html, const char *name, const char *text)
{
	if (!*text)
		return;
	html_element(html, "dt", name);
	html_element(html, "dd", text);
	html_markup(html, "\n");
}

void page_table_begin(struct html *html, const char *caption, const char *const *columns,
		      size_t count)
{
	html_markup(html, "<div class=\"scroll\"><table>\n");
	html_element(html, "caption", caption);
	html_markup(html, "\n<thead><tr>");
	for (size_t i = 0; i < count; i++) {
		bool is_number = *columns[i] == '#';

		html_element(html, is_number ? "th scope=\"col\" class=\"n\"" : "th scope=\"col\"",
			     columns[i] + is_number);
	}
	html_markup(html, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct html *html)
{
	html_markup(html, "</tbody></table></div>\n");
}

void page_cell(struct html *html, const char *text)
{
	html_element(html, "td", text);
}

void page_number(struct html *html, unsigned long long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	html_element(html, "td class=\"n\"", text);
}

/* The states of ipvsagent-status(8). */
static const char *class_of(const char *state)
{
	static const struct {
		const char *state, *class;
	} classes[] = {
		{"programmed", "good"}, {"pending", "wait"}, {"conflict", "bad"},
		{"failed", "bad"},	{"rejected", "bad"},
	};

	for (size_t i = 0; i < COUNT(classes); i++)
		if (strcmp(classes[i].state, state) == 0)
			return classes[i].class;
	return "faint";
}

void page_state(struct html *html, const char *state, const char *reason)
{
	html_markup(html, "<td><span class=\"");
	html_markup(html, class_of(state));
	html_markup(html, "\">");
	html_text(html, state);
	html_markup(html, "</span>");
	if (*reason) {
		html_markup(html, ": ");
		html_text(html, reason);
	}
	html_markup(html, "</td>");
}
