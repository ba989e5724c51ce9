/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_table.h"

#include <string.h>

#define GAP 2

struct row {
	char **cells;
	enum status_colour colour;
};

struct status_table {
	const struct status_column *columns;
	size_t column_count;
	struct row *rows;
	size_t row_count, row_capacity;
	size_t *widths;
};

/* Characters, of UTF-8: the bytes that continue one do not count. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Names and reasons come from files; they must not be able to steer the operator's terminal. */
static char *harmless(const char *text)
{
	char *copy = string_dup(text);

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';

	/* U+0080 to U+009f are control characters too; in UTF-8 they begin with 0xc2. */
	for (char *c = copy; *c; c++)
		if ((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 &&
		    (unsigned char)c[1] < 0xa0)
			c[0] = c[1] = '?';
	return copy;
}

struct status_table *status_table_new(const struct status_column *columns, size_t column_count)
{
	struct status_table *table = memory_allocate(sizeof(*table));

	table->columns = columns;
	table->column_count = column_count;
	table->widths = memory_array(column_count, sizeof(*table->widths));
	for (size_t i = 0; i < column_count; i++)
		table->widths[i] = width_of(columns[i].title);
	return table;
}

void status_table_free(struct status_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t k = 0; k < table->column_count; k++)
			free(table->rows[i].cells[k]);
		free(table->rows[i].cells);
	}
	free(table->rows);
	free(table->widths);
	free(table);
}

void status_table_add(struct status_table *table, const char *const *cells,
		      enum status_colour colour)
{
	struct row *row;

	table->rows = memory_grow(table->rows, table->row_count, &table->row_capacity,
				  sizeof(*table->rows));
	row = &table->rows[table->row_count++];
	row->colour = colour;
	row->cells = memory_array(table->column_count, sizeof(*row->cells));
	for (size_t i = 0; i < table->column_count; i++) {
		size_t width;

		row->cells[i] = harmless(cells[i]);
		width = width_of(row->cells[i]);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

static const char *colour_sequence(enum status_colour colour)
{
	switch (colour) {
	case STATUS_COLOUR_NONE:
		return "";
	case STATUS_COLOUR_GOOD:
		return "\033[32m";
	case STATUS_COLOUR_WAITING:
		return "\033[33m";
	case STATUS_COLOUR_BAD:
		return "\033[31m";
	case STATUS_COLOUR_FAINT:
		return "\033[2m";
	}
	return "";
}

static void print_coloured(const char *text, enum status_colour colour, bool is_coloured,
			   FILE *stream)
{
	if (is_coloured && colour != STATUS_COLOUR_NONE && *text)
		fprintf(stream, "%s%s\033[0m", colour_sequence(colour), text);
	else
		fputs(text, stream);
}

void status_colour_print(const char *text, enum status_colour colour, bool is_coloured,
			 FILE *stream)
{
	auto_memory char *copy = harmless(text);

	print_coloured(copy, colour, is_coloured, stream);
}

/* Blanks are written only once something follows them. */
static void print_row(const struct status_table *table, const char *const *cells,
		      enum status_colour colour, bool is_coloured, FILE *stream)
{
	size_t blanks = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		bool is_last = i + 1 == table->column_count;
		size_t missing = table->widths[i] - width_of(cells[i]);
		bool is_right = table->columns[i].is_number;

		if (*cells[i]) {
			fprintf(stream, "%*s", (int)(blanks + (is_right ? missing : 0)), "");
			print_coloured(cells[i], is_last ? colour : STATUS_COLOUR_NONE, is_coloured,
				       stream);
			blanks = is_right ? GAP : missing + GAP;
		} else {
			blanks += missing + GAP;
		}
	}
	fputc('\n', stream);
}

void status_table_print(const struct status_table *table, bool is_coloured, FILE *stream)
{
	auto_memory const char **titles = memory_array(table->column_count, sizeof(*titles));

	for (size_t i = 0; i < table->column_count; i++)
		titles[i] = table->columns[i].title;
	print_row(table, titles, STATUS_COLOUR_NONE, is_coloured, stream);
	for (size_t i = 0; i < table->row_count; i++)
		print_row(table, (const char *const *)table->rows[i].cells, table->rows[i].colour,
			  is_coloured, stream);
}
