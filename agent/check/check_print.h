/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CHECK_PRINT_H
#define AGENT_CHECK_PRINT_H

#include "findings.h"

#include <stdio.h>

/**
 * check_print_text() - a paragraph for each finding, errors first, and a last line that counts them
 * @checks:  names of those that ran
 */
void check_print_text(const struct findings *findings, const char *const *checks, size_t count,
		      FILE *stream);

/**
 * check_print_json() - {"version": 1, "checks": [NAME...], "findings": [{"severity", "check",
 * "finding", "remedy"}...]}
 */
void check_print_json(const struct findings *findings, const char *const *checks, size_t count,
		      FILE *stream);

#endif
