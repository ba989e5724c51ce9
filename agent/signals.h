/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SIGNALS_H
#define AGENT_SIGNALS_H

#include <ev.h>

/** struct signals - SIGTERM and SIGINT end the loop; SIGPIPE is nothing */
struct signals;

/** signals_new() - @on_hangup: called from the loop after SIGHUP */
struct signals *signals_new(struct ev_loop *loop, void (*on_hangup)(void *owner), void *owner);
void signals_free(struct signals *signals);

#endif
