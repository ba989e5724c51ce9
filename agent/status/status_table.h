/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_TABLE_H
#define AGENT_STATUS_TABLE_H

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stdio.h>

/** struct status_table - rows of text in aligned columns */
struct status_table;

/** enum status_colour - of a row's last cell */
enum status_colour {
	STATUS_COLOUR_NONE,
	STATUS_COLOUR_GOOD,
	STATUS_COLOUR_WAITING,
	STATUS_COLOUR_BAD,
	STATUS_COLOUR_FAINT,
};

/** struct status_column - its title; numbers are aligned to the right */
struct status_column {
	const char *title;
	bool is_number;
};

/** status_table_new() - @columns is not copied */
struct status_table *status_table_new(const struct status_column *columns, size_t column_count);
void status_table_free(struct status_table *table);
AUTO_FREE_DEFINE(status_table);

/**
 * status_table_add() - append a row
 * @cells:  one text per column, copied; bytes that would control a terminal become '?'
 */
void status_table_add(struct status_table *table, const char *const *cells,
		      enum status_colour colour);

/** status_table_print() - titles and rows, without blanks at the ends of lines */
void status_table_print(const struct status_table *table, bool is_coloured, FILE *stream);

/** status_colour_print() - @text in a colour, with the same care for control bytes */
void status_colour_print(const char *text, enum status_colour colour, bool is_coloured,
			 FILE *stream);

#endif
