/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_TOP_SCREEN_H
#define AGENT_TOP_SCREEN_H

#include "top_print.h"

/**
 * struct top_screen - a terminal on which `ipvsagent top` draws
 *
 * There is one in a process at most.
 */
struct top_screen;

/** top_screen_new() - takes the terminal over; NULL if it is of no known kind */
struct top_screen *top_screen_new(void);

/** top_screen_free() - the terminal is as it was; NULL is fine */
void top_screen_free(struct top_screen *screen);
AUTO_FREE_DEFINE(top_screen);

/** top_screen_draw() - the first rows, as many as there is room for */
void top_screen_draw(struct top_screen *screen, const struct top_view *view, enum top_order order);

/**
 * top_screen_wait() - for a key
 * @seconds:  no longer than that
 * @order:    set to what the key chose
 * Return: false: the user wants to leave
 */
bool top_screen_wait(struct top_screen *screen, double seconds, enum top_order *order);

#endif
