/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_STEPPING_CLOCK_H
#define FAKE_STEPPING_CLOCK_H

/*
 * A clock for the API client that does not depend on how busy the machine is: it takes the place of
 * kube_time.c in a program that names stepping_clock.c among its sources. Its random numbers are
 * always the least.
 */

/** stepping_clock_set() - how far each look at the clock moves it, in seconds; 0 at first */
void stepping_clock_set(double step);

#endif
