/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_VIRTUAL_LOOP_H
#define FAKE_VIRTUAL_LOOP_H

#include <ev.h>

/*
 * An event loop with timers only, and a clock of its own. It takes the place of libev and of
 * lib/base/clock.c in a program that has virtual_loop.c among its sources, so that whatever
 * happens there happens in the same way again: time passes only while somebody says so.
 */

/** virtual_loop_new() - @random: gives a number below @limit, for what may come in any order */
struct ev_loop *virtual_loop_new(unsigned int (*random)(void *owner, unsigned int limit),
				 void *owner);
void virtual_loop_free(struct ev_loop *loop);

/**
 * virtual_loop_turn() - invoke the timers that are due, in random order
 *
 * Where none is, time passes until one is. Timers that are started meanwhile have to wait for the
 * next turn, as with libev. There is at least one timer.
 */
void virtual_loop_turn(struct ev_loop *loop);

/** virtual_loop_spend() - what is done now takes so long */
void virtual_loop_spend(struct ev_loop *loop, double seconds);

#endif
