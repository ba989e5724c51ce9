/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_RANDOM_H
#define SOURCE_KUBE_RANDOM_H

/** kube_random() - a number from @least to @most, different on each node */
double kube_random(double least, double most);

#endif
