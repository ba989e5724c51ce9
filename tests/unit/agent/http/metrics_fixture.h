/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_METRICS_FIXTURE_H
#define TESTS_METRICS_FIXTURE_H

#include "agent/http/proxy_metrics.h"
#include "tests/unit/agent/agent_fixture.h"

/* When the metrics begin, in seconds since 1970. */
#define METRICS_FIXTURE_START 1700000000.0

/** struct metrics_fixture - an agent on a fake kernel, and its metrics, which follow two Services */
struct metrics_fixture {
	struct fixture agent;
	struct proxy_metrics *metrics;
};

/* Metrics of kube-proxy 1.36 or 1.32, for cmocka. */
int metrics_fixture_set_up(void **state);
int metrics_fixture_set_up_1_32(void **state);
int metrics_fixture_tear_down(void **state);

/** metrics_fixture_text() - what a scraper gets now; the caller frees it */
char *metrics_fixture_text(struct metrics_fixture *fixture, enum metrics_format format);

/** metrics_fixture_assert() - @name, with its labels in braces, is followed by @expected */
void metrics_fixture_assert(struct metrics_fixture *fixture, const char *name,
			    const char *expected);

#endif
