/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_PRINT_H
#define AGENT_STATUS_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * struct status_style
 * @is_wide:      with port names, kinds of address and destinations
 * @is_coloured:  for a terminal
 * @filter:       which Services were asked for; rejections of others are left out
 * @is_partial:   not all were asked for; there is no header
 */
struct status_style {
	bool is_wide;
	bool is_coloured;
	bool is_partial;
	const char *filter;
};

/** status_print() - a document of status_document_join() for people */
void status_print(const json_t *document, const struct status_style *style, FILE *stream);

/** status_print_kernel() - a document of status_document_of_kernel() for people */
void status_print_kernel(const json_t *document, const struct status_style *style, FILE *stream);

#endif
