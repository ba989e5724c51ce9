/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_FRAME_H
#define AGENT_PAGE_FRAME_H

#include "html.h"

/*
 * What all pages have in common. They need neither scripts nor pictures, follow the browser's light
 * or dark colours, can be used with the keyboard alone, and name every state in words.
 */

/** page_frame_begin() - up to the heading, which says @title */
void page_frame_begin(struct html *html, const char *title);

/** page_frame_end() - the end of the page */
void page_frame_end(struct html *html);

/** page_fact() - an entry of a list that html_markup("<dl>") began; none without a text */
void page_fact(struct html *html, const char *name, const char *text);

/** page_table_begin() - a table with these columns; those with a '#' in front hold numbers */
void page_table_begin(struct html *html, const char *caption, const char *const *columns,
		      size_t count);

/** page_table_end() - its end */
void page_table_end(struct html *html);

/** page_cell() - a cell of a row that html_markup("<tr>") began */
void page_cell(struct html *html, const char *text);

/** page_number() - the same for a number */
void page_number(struct html *html, unsigned long long number);

/** page_state() - the same for the state of an object, with the reason if there is one */
void page_state(struct html *html, const char *state, const char *reason);

#endif
