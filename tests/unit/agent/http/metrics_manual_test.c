/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvsagent-metrics(7), whose file is the argument, and the tables of metrics are about the same:
 * names, types, labels, and how they are with release 1.32.
 */
#include "agent/http/metric_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ITEM "\n.It Li "

/* Longest line of labels in the page. */
#define LABELS_WIDTH 76

static const char *page_path;
static char *page;

static void append(char **text, const char *more)
{
	char *joined = string_printf("%s%s", *text, more);

	free(*text);
	*text = joined;
}

/* As a list that mdoc sets in bold, on as many lines as it takes. */
static void append_labels(char **text, const char *labels)
{
	size_t width = LABELS_WIDTH;

	while (*labels) {
		size_t length = strcspn(labels, ",");
		bool is_last = !labels[length];
		auto_memory char *label =
			string_printf(" %.*s%s", (int)length, labels, is_last ? "" : " ,");

		if (width + strlen(label) > LABELS_WIDTH) {
			append(text, "\n.Li");
			width = strlen(".Li");
		}
		append(text, label);
		width += strlen(label);
		labels += length + !is_last;
	}
}

static bool is_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What follows the labels where 1.32, whose metric is @old or NULL, has it otherwise. */
static void append_difference(char **text, const struct metric_description *metric,
			      const struct metric_description *old)
{
	if (!old) {
		append(text, metric->labels ? " ;\nnot in 1.32.\n" : ";\nnot in 1.32.\n");
	} else if (is_equal(metric->labels, old->labels)) {
		append(text, metric->labels ? " .\n" : ".\n");
	} else if (!old->labels) {
		append(text, " ;\nin 1.32 without labels.\n");
	} else {
		append(text, " ;\nin 1.32 by");
		append_labels(text, old->labels);
		append(text, " .\n");
	}
}

/* The beginning of its item in the page; to be freed. */
static char *item_of(const struct metric_description *metric, const struct metric_description *old)
{
	static const char *const types[] = {[METRIC_TYPE_COUNTER] = "Counter",
					    [METRIC_TYPE_GAUGE] = "Gauge",
					    [METRIC_TYPE_HISTOGRAM] = "Histogram"};
	char *text = string_printf(ITEM "%s\n%s%s", metric->name, types[metric->type],
				   metric->labels ? " by" : "");

	if (metric->labels)
		append_labels(&text, metric->labels);
	append_difference(&text, metric, old);
	return text;
}

static void assert_described(const struct metric_description *metric,
			     const struct metric_description *old)
{
	auto_memory char *item = item_of(metric, old);
	const char *found = strstr(page, item);

	if (!found)
		fail_msg("%s does not have:%s", page_path, item);
	/* Then comes what it means. */
	found += strlen(item);
	if (strncmp(found, ".It", 3) == 0 || strncmp(found, ".El", 3) == 0)
		fail_msg("%s does not say what %s means", page_path, metric->name);
}

static size_t count_items(void)
{
	size_t count = 0;

	for (const char *at = page; (at = strstr(at, ITEM)); at++)
		count++;
	return count;
}

static void test_page_has_every_metric_and_no_other(void **state)
{
	struct metric_description metrics[METRIC_ID_COUNT], old[METRIC_ID_COUNT];

	(void)state;
	metric_table_fill(KUBE_PROXY_RELEASE_1_36, metrics);
	metric_table_fill(KUBE_PROXY_RELEASE_1_32, old);
	for (int i = 0; i < METRIC_ID_COUNT; i++)
		assert_described(&metrics[i], old[i].name ? &old[i] : NULL);
	for (int i = 0; i < CHECK_METRIC_ID_COUNT; i++)
		assert_described(
			metric_table_check(KUBE_PROXY_RELEASE_1_36, (enum check_metric_id)i),
			metric_table_check(KUBE_PROXY_RELEASE_1_32, (enum check_metric_id)i));
	assert_int_equal(count_items(), METRIC_ID_COUNT + CHECK_METRIC_ID_COUNT);
}

static int read_page(void **state)
{
	FILE *file = fopen(page_path, "re");
	const size_t size = 1 << 18;

	(void)state;
	if (!file)
		fail_msg("%s: %s", page_path, strerror(errno));
	page = memory_allocate(size);
	assert_true(fread(page, 1, size - 1, file) > 0);
	assert_true(feof(file));
	fclose(file);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	free(page);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_has_every_metric_and_no_other),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: metrics_manual_test PAGE\n");
		return 2;
	}
	page_path = argv[1];
	return cmocka_run_group_tests(tests, read_page, free_page);
}
