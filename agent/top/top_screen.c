/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_screen.h"

#include <curses.h>

/* curses writes to the descriptors of stdout, and reads keys from stdin. */
struct top_screen {
	SCREEN *screen;
};

#define NUMBER_WIDTH 11

static const struct column {
	const char *title;
	enum top_order order; /* by which it is marked */
} columns[] = {{"CONN/S", TOP_ORDER_CONNECTIONS},
	       {"PKT-IN/S", TOP_ORDER_PACKETS},
	       {"PKT-OUT/S", TOP_ORDER_PACKETS},
	       {"BYTE-IN/S", TOP_ORDER_BYTES},
	       {"BYTE-OUT/S", TOP_ORDER_BYTES}};

struct top_screen *top_screen_new(void)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);
	struct top_screen *ret;

	if (!screen)
		return NULL;
	set_term(screen);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	ret = memory_allocate(sizeof(*ret));
	ret->screen = screen;
	return ret;
}

void top_screen_free(struct top_screen *screen)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen->screen);
	free(screen);
}

static int name_width(void)
{
	int width = COLS - (int)COUNT(columns) * NUMBER_WIDTH;

	return width > 10 ? width : 10;
}

static void draw_titles(int line, enum top_order order)
{
	attron(A_REVERSE);
	mvprintw(line, 0, "%*s", COLS, "");
	mvprintw(line, 0, "%s%s", "NAMESPACE/NAME", order == TOP_ORDER_NAME ? " *" : "");
	for (size_t i = 0; i < COUNT(columns); i++)
		mvprintw(line, name_width() + (int)i * NUMBER_WIDTH, "%*s%s", NUMBER_WIDTH - 2,
			 columns[i].title, columns[i].order == order ? " *" : "  ");
	attroff(A_REVERSE);
}

/* Names come from the cluster: what is no printable ASCII is none of a Service's. */
static void draw_name(int line, const char *name)
{
	int width = name_width() - 1;

	move(line, 0);
	for (int i = 0; i < width && name[i]; i++)
		addch(name[i] >= ' ' && name[i] <= '~' ? (chtype)name[i] : '?');
}

static void draw_row(int line, const struct traffic_rate *row)
{
	const double numbers[] = {row->connections, row->packets_in, row->packets_out,
				  row->bytes_in, row->bytes_out};
	char text[16];

	draw_name(line, row->name);
	for (size_t i = 0; i < COUNT(numbers); i++)
		mvprintw(line, name_width() + (int)i * NUMBER_WIDTH, "%*s", NUMBER_WIDTH - 2,
			 top_print_number(numbers[i], text));
}

void top_screen_draw(struct top_screen *screen, const struct top_view *view, enum top_order order)
{
	size_t busy = 0;

	set_term(screen->screen);
	for (size_t i = 0; i < view->count; i++)
		busy += !top_print_is_idle(&view->rows[i]);
	erase();
	mvprintw(0, 0, "ipvsagent top: %zu of %zu had traffic in %.1f s%s%s", busy, view->count,
		 view->seconds, *view->note ? "; " : "", view->note);
	mvprintw(1, 0, "Sort by: c connections, p packets, b bytes, n name.  q: leave");
	draw_titles(3, order);
	for (int i = 0; (size_t)i < view->count && i + 4 < LINES; i++)
		draw_row(i + 4, &view->rows[i]);
	refresh();
}

bool top_screen_wait(struct top_screen *screen, double seconds, enum top_order *order)
{
	set_term(screen->screen);
	timeout(seconds > 0 ? (int)(seconds * 1000) : 0);
	switch (getch()) {
	case 'c':
		*order = TOP_ORDER_CONNECTIONS;
		break;
	case 'p':
		*order = TOP_ORDER_PACKETS;
		break;
	case 'b':
		*order = TOP_ORDER_BYTES;
		break;
	case 'n':
		*order = TOP_ORDER_NAME;
		break;
	case 'q':
		return false;
	default:
		break;
	}
	return true;
}
