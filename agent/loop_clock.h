/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_LOOP_CLOCK_H
#define AGENT_LOOP_CLOCK_H

#include <ev.h>

/**
 * struct loop_clock - measures how long each turn of the event loop keeps everything else waiting
 */
struct loop_clock;

/** loop_clock_new() - @on_turn: called with the seconds of work after each turn that had any */
struct loop_clock *loop_clock_new(struct ev_loop *loop,
				  void (*on_turn)(void *owner, double seconds), void *owner);
void loop_clock_free(struct loop_clock *clock);

#endif
