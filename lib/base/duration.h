/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stddef.h>

/**
 * duration_parse() - a Go duration: "30s", "1m10s", "1.5h", "100ms", "0"
 * @ret:  seconds, not negative; set on success only
 * Source: Go's time.ParseDuration(), which reads kube-proxy's flags; signs are refused
 */
bool duration_parse(const char *text, double *ret);

#endif
