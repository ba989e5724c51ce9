/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STOPWATCH_H
#define AGENT_STOPWATCH_H

/** stopwatch_now() - seconds of the monotonic clock, as fine as it goes */
double stopwatch_now(void);

#endif
