/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_DIFF_PRINT_H
#define AGENT_DIFF_PRINT_H

#include "differences.h"

#include <stdio.h>

/**
 * struct diff_subject - what was compared
 * @node:    its name
 * @source:  where what is wanted comes from
 */
struct diff_subject {
	const char *node;
	const char *source;
};

/** diff_print_text() - a table for people */
void diff_print_text(const struct differences *differences, const struct diff_subject *subject,
		     bool is_coloured, FILE *stream);

/** diff_print_json() - as ipvsagent-diff(8) describes it */
void diff_print_json(const struct differences *differences, const struct diff_subject *subject,
		     FILE *stream);

#endif
