/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_METRICS_READER_H
#define TESTS_METRICS_READER_H

#include <stdbool.h>

/**
 * metrics_reader_assert() - @text is in Prometheus' text format, or in OpenMetrics, and complete
 *
 * A reader that knows nothing of how the text is written; the test fails where it does not
 * understand.
 */
void metrics_reader_assert(const char *text, bool is_openmetrics);

#endif
