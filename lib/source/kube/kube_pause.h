/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_PAUSE_H
#define SOURCE_KUBE_PAUSE_H

#include "kube_http.h"

/** kube_pause_seconds() - after so many failures in a row: 0.8 s, doubled for each up to 10 s, give
 *  or take half */
double kube_pause_seconds(unsigned int failures);

/**
 * kube_pause_after() - before a request that failed is tried again
 * @failures:  in a row; counts this one, unless the server was not reached or said how long
 *
 * One that was not reached is tried again at once, in 0.3 to 0.8 s, for that costs it nothing.
 */
double kube_pause_after(const struct kube_response *response, unsigned int *failures);

#endif
