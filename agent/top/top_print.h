/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TOP_PRINT_H
#define AGENT_TOP_PRINT_H

#include "traffic_rates.h"

#include <stdio.h>

/**
 * struct top_view - what is shown at one time
 * @seconds:  that it was measured over
 * @note:     why Services are not known by their names; "" if they are
 */
struct top_view {
	const struct traffic_rate *rows;
	size_t count;
	double seconds;
	const char *note;
};

/** top_print_number() - 6 characters at most: "0.4", "123", "1.5k", "20M"; in thousands */
const char *top_print_number(double number, char buffer[16]);

/** top_print_text() - the Services that had traffic, as a table */
void top_print_text(const struct top_view *view, FILE *stream);

/** top_print_json() - all of them, in one line, as ipvsagent-top(8) describes it */
void top_print_json(const struct top_view *view, FILE *stream);

/** top_print_is_idle() - whether nothing came or went */
bool top_print_is_idle(const struct traffic_rate *rate);

#endif
