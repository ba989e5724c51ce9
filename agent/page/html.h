/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_HTML_H
#define AGENT_PAGE_HTML_H

#include <stddef.h>

/**
 * struct html - a text of HTML that grows; all 0 = empty
 * @text:  NULL while it is empty; owned by whoever has the struct
 */
struct html {
	char *text;
	size_t used;
	size_t capacity;
};

/** html_markup() - append @markup as it is: ours, never an object's */
void html_markup(struct html *html, const char *markup);

/** html_text() - append what is to be read: markup in it is not taken for markup; bytes that are no
 *  text of XML become '?' */
void html_text(struct html *html, const char *text);

/** html_format() - the same for a text that is formatted first */
void html_format(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** html_element() - <@name>@text</@name>; attributes may follow the name: "td class=n" */
void html_element(struct html *html, const char *name, const char *text);

/** html_path() - append a part of a URL: whatever may not stand in one is escaped, '/' may */
void html_path(struct html *html, const char *part);

#endif
