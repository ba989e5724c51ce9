/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * The monotonic clock, which nobody sets. Everything that measures, waits or expires uses it; the
 * time of day is for people only.
 */

/** clock_now() - seconds since some point in the past, as fine as the clock goes */
double clock_now(void);

/** clock_milliseconds() - the same in whole milliseconds, which the ledger is given */
uint64_t clock_milliseconds(void);

#endif
