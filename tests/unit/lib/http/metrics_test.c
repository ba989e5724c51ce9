/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/http/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const double bounds[] = {0.25, 1, 10};

static const struct metric_description total = {
	.name = "b_total", .help = "Cumulated.", .type = METRIC_TYPE_COUNTER};
static const struct metric_description gauge = {
	.name = "a_seconds", .help = "Some\\thing \"new\"\nand long.", .type = METRIC_TYPE_GAUGE};
static const struct metric_description labelled = {
	.name = "c", .help = "With labels.", .type = METRIC_TYPE_GAUGE, .labels = "kind,name"};
static const struct metric_description histogram = {.name = "d_seconds",
						    .help = "Distributed.",
						    .type = METRIC_TYPE_HISTOGRAM,
						    .bounds = bounds,
						    .bound_count = COUNT(bounds)};
static const struct metric_description split = {.name = "e_seconds",
						.help = "By verb.",
						.type = METRIC_TYPE_HISTOGRAM,
						.labels = "verb",
						.bounds = bounds,
						.bound_count = COUNT(bounds)};

static void assert_text(struct metrics *metrics, enum metrics_format format, const char *expected)
{
	auto_memory char *text = metrics_text(metrics, format);

	assert_string_equal(text, expected);
}

static void test_families_are_sorted_and_start_at_zero(void **state)
{
	auto_free(metrics) struct metrics *metrics = metrics_new();
	struct metric *counter = metrics_add(metrics, &total);

	(void)state;
	metrics_add(metrics, &gauge);
	metrics_add(metrics, &labelled); /* has no numbers, so it is not there */
	metric_increase(counter, NULL, 2);
	metric_increase(counter, NULL, 1);
	assert_text(metrics, METRICS_FORMAT_TEXT,
		    "# HELP a_seconds Some\\\\thing \"new\"\\nand long.\n"
		    "# TYPE a_seconds gauge\n"
		    "a_seconds 0\n"
		    "# HELP b_total Cumulated.\n"
		    "# TYPE b_total counter\n"
		    "b_total 3\n");
	assert_text(metrics, METRICS_FORMAT_OPENMETRICS,
		    "# HELP a_seconds Some\\\\thing \\\"new\\\"\\nand long.\n"
		    "# TYPE a_seconds gauge\n"
		    "a_seconds 0\n"
		    "# HELP b Cumulated.\n"
		    "# TYPE b counter\n"
		    "b_total 3\n"
		    "# EOF\n");
}

static void test_labels(void **state)
{
	static const char *const sets[] = {"set", "z"}, *const odd[] = {"a \"b\"\\\n", "\xc3\xa9"};
	auto_free(metrics) struct metrics *metrics = metrics_new();
	struct metric *metric = metrics_add(metrics, &labelled);

	(void)state;
	metric_set(metric, sets, 7);
	metric_set(metric, odd, 1);
	metric_set(metric, sets, 8);
	assert_text(metrics, METRICS_FORMAT_TEXT,
		    "# HELP c With labels.\n"
		    "# TYPE c gauge\n"
		    "c{kind=\"a \\\"b\\\"\\\\\\n\",name=\"??\"} 1\n"
		    "c{kind=\"set\",name=\"z\"} 8\n");
	metric_clear(metric);
	assert_text(metrics, METRICS_FORMAT_TEXT, "");
}

static void test_histogram(void **state)
{
	static const double values[] = {0, 0.25, 0.26, 1, 9, 11, 1000};
	auto_free(metrics) struct metrics *metrics = metrics_new();
	struct metric *metric = metrics_add(metrics, &histogram);

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		metric_observe(metric, NULL, values[i]);
	/* The bounds are the same in both formats, so that series keep their names. */
	assert_text(metrics, METRICS_FORMAT_OPENMETRICS,
		    "# HELP d_seconds Distributed.\n"
		    "# TYPE d_seconds histogram\n"
		    "d_seconds_bucket{le=\"0.25\"} 2\n"
		    "d_seconds_bucket{le=\"1\"} 4\n"
		    "d_seconds_bucket{le=\"10\"} 5\n"
		    "d_seconds_bucket{le=\"+Inf\"} 7\n"
		    "d_seconds_sum 1021.51\n"
		    "d_seconds_count 7\n"
		    "# EOF\n");
}

static void test_histogram_with_labels(void **state)
{
	static const char *const get[] = {"GET"};
	auto_free(metrics) struct metrics *metrics = metrics_new();

	(void)state;
	metric_observe(metrics_add(metrics, &split), get, 2);
	assert_text(metrics, METRICS_FORMAT_TEXT,
		    "# HELP e_seconds By verb.\n"
		    "# TYPE e_seconds histogram\n"
		    "e_seconds_bucket{verb=\"GET\",le=\"0.25\"} 0\n"
		    "e_seconds_bucket{verb=\"GET\",le=\"1\"} 0\n"
		    "e_seconds_bucket{verb=\"GET\",le=\"10\"} 1\n"
		    "e_seconds_bucket{verb=\"GET\",le=\"+Inf\"} 1\n"
		    "e_seconds_sum{verb=\"GET\"} 2\n"
		    "e_seconds_count{verb=\"GET\"} 1\n");
}

static void test_numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{0, "0"},
		{-3, "-3"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{0.1 + 0.2, "0.30000000000000004"},
		{16.384, "16.384"},
		{1795186182.027392, "1795186182.027392"},
		{12345678901234, "12345678901234"},
		{9007199254740992, "9007199254740992"},
		{18446744073709551615.0, "1.8446744073709552e+19"},
		{1e-9, "1e-09"},
		{INFINITY, "+Inf"},
		{-INFINITY, "-Inf"},
		{NAN, "NaN"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(metrics) struct metrics *metrics = metrics_new();
		auto_memory char *text = NULL;

		metric_set(metrics_add(metrics, &gauge), NULL, cases[i].number);
		text = metrics_text(metrics, METRICS_FORMAT_TEXT);
		print_message("%s\n", cases[i].text);
		assert_non_null(strstr(text, "gauge\na_seconds "));
		assert_int_equal(strncmp(strstr(text, "gauge\n") + strlen("gauge\na_seconds "),
					 cases[i].text, strlen(cases[i].text)),
				 0);
		assert_int_equal(strlen(strstr(text, "gauge\n")),
				 strlen("gauge\na_seconds ") + strlen(cases[i].text) + 1);
	}
}

static void test_accept(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} cases[] = {
		{"", METRICS_FORMAT_TEXT},
		{NULL, METRICS_FORMAT_TEXT},
		{"*/*", METRICS_FORMAT_TEXT},
		{"text/html, application/json", METRICS_FORMAT_TEXT},
		{"text/plain;version=0.0.4", METRICS_FORMAT_TEXT},
		{"application/openmetrics-text", METRICS_FORMAT_OPENMETRICS},
		{"Application/OpenMetrics-Text; version=1.0.0; charset=utf-8",
		 METRICS_FORMAT_OPENMETRICS},
		{"application/openmetrics-text;version=\"1.0.0\"", METRICS_FORMAT_OPENMETRICS},
		{"application/openmetrics-text;version=0.0.1", METRICS_FORMAT_TEXT},
		{"application/openmetrics-text;version=2.0.0", METRICS_FORMAT_TEXT},
		{"application/openmetrics-text;q=0", METRICS_FORMAT_TEXT},
		/* Prometheus 2.42 and 3 */
		{"application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,"
		 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 METRICS_FORMAT_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		 "application/openmetrics-text;version=0.0.1;q=0.4,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		 METRICS_FORMAT_OPENMETRICS},
		{"text/plain;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5",
		 METRICS_FORMAT_TEXT},
		{",;,;q=,;version,;;;=", METRICS_FORMAT_TEXT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].accept ? cases[i].accept : "(none)");
		assert_int_equal(metrics_format_accepted(cases[i].accept), cases[i].format);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families_are_sorted_and_start_at_zero),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_histogram_with_labels),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
