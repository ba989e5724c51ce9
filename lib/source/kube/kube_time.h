/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_TIME_H
#define SOURCE_KUBE_TIME_H

#include <time.h>

/** kube_time_now() - of a clock that nobody sets */
struct timespec kube_time_now(void);

/** kube_time_since() - seconds since a time that kube_time_now() gave */
double kube_time_since(const struct timespec *start);

/** kube_time_random() - a number from @least to @most, different on each node */
double kube_time_random(double least, double most);

#endif
