/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct metrics - named numbers and their text form for Prometheus
 *
 * Knows nothing of where numbers come from and reads no clock. Not for use by several threads.
 */
struct metrics;

/** struct metric - one family: a name, and a number or histogram per combination of labels */
struct metric;

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };

/**
 * struct metric_description - what a family is; must outlive the registry, as literals do
 * @name:    of a counter it ends in "_total"
 * @help:    one sentence
 * @labels:  names of the labels, separated by commas; NULL = none
 * @bounds:  of a histogram: upper bounds of its buckets, ascending, without the infinite one
 */
struct metric_description {
	const char *name;
	const char *help;
	enum metric_type type;
	const char *labels;
	const double *bounds;
	size_t bound_count;
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
AUTO_FREE_DEFINE(metrics);

/**
 * metrics_add() - a family of its own name; two of the same name are an error of the program
 *
 * A family without labels starts at zero; one with labels has no numbers yet, and is left out of
 * the text as long as that is so.
 */
struct metric *metrics_add(struct metrics *metrics, const struct metric_description *description);

/*
 * @values is one value per label, in the order of the description; NULL if there are no labels.
 * Values are copied; bytes that are not ASCII become '?'.
 */
void metric_set(struct metric *metric, const char *const *values, double number);
void metric_increase(struct metric *metric, const char *const *values, double by);

/** metric_observe() - one more value for a histogram */
void metric_observe(struct metric *metric, const char *const *values, double value);

/** metric_remove() - forget the number of one combination of labels, if there is one */
void metric_remove(struct metric *metric, const char *const *values);

/** metric_clear() - forget the numbers of every combination of labels */
void metric_clear(struct metric *metric);

/**
 * enum metrics_format - how they are written
 *   TEXT         Prometheus text format 0.0.4
 *   OPENMETRICS  OpenMetrics 1.0.0. The bounds of buckets are written as in TEXT ("1", not "1.0"),
 *                so that series keep their names whichever format a scraper asks for.
 */
enum metrics_format { METRICS_FORMAT_TEXT, METRICS_FORMAT_OPENMETRICS };

/** metrics_format_accepted() - what an HTTP Accept header prefers; NULL or "": TEXT */
enum metrics_format metrics_format_accepted(const char *accept);

/** metrics_content_type() - the Content-Type of a format */
const char *metrics_content_type(enum metrics_format format);

/** metrics_text() - all families by name, in each all label sets in order; the caller frees it */
char *metrics_text(struct metrics *metrics, enum metrics_format format);

#endif
