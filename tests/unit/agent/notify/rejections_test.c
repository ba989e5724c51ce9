/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/notify/rejections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void append(void *owner, const struct rejection *rejection)
{
	char *text = owner;

	sprintf(text + strlen(text), "%s %s/%s: %s\n", rejection->kind, rejection->namespace_name,
		rejection->name, rejection->reason);
}

static bool set(struct rejections *rejections, const char *kind, const char *namespace_name,
		const char *name, const char *reason)
{
	return rejections_set(rejections, &(struct rejection){.kind = kind,
							      .namespace_name = namespace_name,
							      .name = name,
							      .reason = reason});
}

static void test_changes_are_told(void **state)
{
	auto_free(rejections) struct rejections *rejections = rejections_new();

	(void)state;
	assert_false(set(rejections, "Service", "a", "x", NULL));
	assert_true(set(rejections, "Service", "a", "x", "no port"));
	assert_false(set(rejections, "Service", "a", "x", "no port"));
	assert_true(set(rejections, "Service", "a", "x", "no address"));
	assert_string_equal(rejections_find(rejections, "Service", "a", "x")->reason, "no address");
	assert_null(rejections_find(rejections, "Service", "a", "y"));
	assert_null(rejections_find(rejections, "Node", "a", "x"));
	assert_int_equal(rejections_count(rejections), 1);
	assert_true(set(rejections, "Service", "a", "x", NULL));
	assert_false(set(rejections, "Service", "a", "x", NULL));
	assert_int_equal(rejections_count(rejections), 0);
	assert_null(rejections_find(rejections, "Service", "a", "x"));
}

static void test_order(void **state)
{
	auto_free(rejections) struct rejections *rejections = rejections_new();
	char text[500] = "";

	(void)state;
	set(rejections, "file", "", "/b", "1");
	set(rejections, "Service", "b", "a", "2");
	set(rejections, "Service", "a", "z", "3");
	set(rejections, "file", "", "/a", "4");
	set(rejections, "Service", "a", "b", "5");
	set(rejections, "Service", "a", "m", "6");
	set(rejections, "Service", "a", "m", NULL);
	rejections_each(rejections, append, text);
	assert_string_equal(text, "Service a/b: 5\n"
				  "Service a/z: 3\n"
				  "Service b/a: 2\n"
				  "file //a: 4\n"
				  "file //b: 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_told),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
