/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of any duration, with its NUL. */
#define DURATION_TEXT_SIZE 48

/**
 * duration_parse() - a Go duration: "30s", "1m10s", "1.5h", "100ms", "0"
 * @ret:  seconds, not negative, at most 292 years; set on success only
 * Source: Go's time.ParseDuration(), which reads kube-proxy's flags; signs are refused
 */
bool duration_parse(const char *text, double *ret);

/**
 * duration_text() - as Go's Duration.String() writes it: "1m30s", "24h0m0s", "250ms", "0s"
 * @seconds:  not negative; to the millisecond
 * Return: @buffer
 */
const char *duration_text(double seconds, char buffer[DURATION_TEXT_SIZE]);

#endif
