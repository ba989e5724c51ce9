/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/json_skim.h"

#include "lib/base/memory.h"
#include "lib/source/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A copy that ends where the text ends, so that sanitizers see each step beyond it. */
static size_t skim(const char *text, size_t size, struct skimmed *ret)
{
	auto_memory char *copy = memory_allocate(size);

	memcpy(copy, text, size);
	return json_skim(copy, size, ret);
}

static void test_texts(void **state)
{
	static const struct {
		const char *what, *text, *copy, *rest;
	} rows[] = {
		{"nothing to leave out", "{\"a\": [1, {}], \"b\": \"x\"}",
		 "{\"a\": [1, {}], \"b\": \"x\"}", ""},
		{"the first member", "{\"managedFields\": [{\"a\": 1}], \"b\": 2}", "{ \"b\": 2}",
		 ""},
		{"a member between others", "{\"a\":1,\"targetRef\":{\"x\":[]},\"b\":2}",
		 "{\"a\":1,\"b\":2}", ""},
		{"the last member", "{\"a\":1 , \"ownerReferences\":[ ] }", "{\"a\":1 }", ""},
		{"the only member", "{\"targetRef\" : null}", "{}", ""},
		{"two, the last ones", "{\"a\":1,\"targetRef\":2,\"managedFields\":3}", "{\"a\":1}",
		 ""},
		{"only two", "{\"targetRef\":2,\"managedFields\":true}", "{}", ""},
		{"a member of a member", "[{\"a\":{\"targetRef\":{},\"b\":1}}]",
		 "[{\"a\":{\"b\":1}}]", ""},
		{"brackets in texts do not count",
		 "{\"targetRef\":{\"a\":\"}]\\\"}\"},\"b\":\"}\"}", "{\"b\":\"}\"}", ""},
		{"quotes after a backslash do not count",
		 "{\"a\\\\\":\"\\\"targetRef\\\":1\",\"b\":1}",
		 "{\"a\\\\\":\"\\\"targetRef\\\":1\",\"b\":1}", ""},
		{"a text as value", "{\"targetRef\":\"a,b\",\"b\":1}", "{\"b\":1}", ""},
		{"a name as value", "{\"kind\":\"targetRef\",\"list\":[\"managedFields\"]}",
		 "{\"kind\":\"targetRef\",\"list\":[\"managedFields\"]}", ""},
		{"a longer name", "{\"targetRefs\":1,\"xtargetRef\":2}",
		 "{\"targetRefs\":1,\"xtargetRef\":2}", ""},
		{"conditions with default values",
		 "{\"conditions\":{\"ready\":true,\"serving\" : true ,\"terminating\": "
		 "false},\"a\":1}",
		 "{\"a\":1}", ""},
		{"some conditions with default values",
		 "{\"a\":1,\"conditions\" : { \"ready\":true } }", "{\"a\":1}", ""},
		{"nothing", "{\"conditions\":{}}", "{}", ""},
		{"conditions that count",
		 "[{\"conditions\":{\"ready\":true,\"serving\":false}},{\"conditions\":{\"ready\":"
		 "null}},"
		 "{\"conditions\":{\"terminating\":true}}]",
		 "[{\"conditions\":{\"ready\":true,\"serving\":false}},{\"conditions\":{\"ready\":"
		 "null}},"
		 "{\"conditions\":{\"terminating\":true}}]",
		 ""},
		{"conditions that are wrong",
		 "[{\"conditions\":{\"ready\":\"true\"}},{\"conditions\":{\"serving\":trues}},"
		 "{\"conditions\":{\"ready\":true true}},{\"conditions\":{\"ready\"}}]",
		 "[{\"conditions\":{\"ready\":\"true\"}},{\"conditions\":{\"serving\":trues}},"
		 "{\"conditions\":{\"ready\":true true}},{\"conditions\":{\"ready\"}}]",
		 ""},
		{"conditions of another kind",
		 "{\"conditions\":[{\"type\":\"Ready\"}],\"ready\":true}",
		 "{\"conditions\":[{\"type\":\"Ready\"}],\"ready\":true}", ""},
		{"a text of that name", "[\"conditions\", \"ready\"]",
		 "[\"conditions\", \"ready\"]", ""},
		{"the second value stays", " \n{\"a\":1}{\"b\":2}", " \n{\"a\":1}", "{\"b\":2}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct skimmed skimmed = {0};
		size_t size = strlen(rows[i].text);
		size_t used = skim(rows[i].text, size, &skimmed);

		print_message("%s\n", rows[i].what);
		assert_int_equal(used, size - strlen(rows[i].rest));
		assert_int_equal(skimmed.length, strlen(rows[i].copy));
		assert_memory_equal(skimmed.text, rows[i].copy, skimmed.length);

		/* Whatever is missing at the end is noticed. */
		for (size_t cut = 0; cut < used; cut++)
			assert_int_equal(skim(rows[i].text, cut, &skimmed), 0);
		free(skimmed.text);
	}
}

static void test_no_objects(void **state)
{
	static const char *const texts[] = {"",	 "  ", "1",    "\"a\"", "null",
					    "}", "\"", "{\"a", "[\"\\"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct skimmed skimmed = {0};

		assert_int_equal(skim(texts[i], strlen(texts[i]), &skimmed), 0);
		free(skimmed.text);
	}
}

static void test_trees(void **state)
{
	static const char first[] = "{\"a\": {\"targetRef\": 1, \"b\": [1, 2]}} {\"c\": 3}";
	static const char bad[] = "{\"a\": 1,\n \"b\": }";
	json_t *tree, *second;
	json_error_t error;
	size_t used = 0;

	(void)state;
	tree = json_tree_load(first, strlen(first), 0, &used, &error);
	assert_non_null(tree);
	assert_int_equal(used, strlen(first) - strlen(" {\"c\": 3}"));
	assert_int_equal(json_object_size(json_object_get(tree, "a")), 1);

	/* A second tree beside the first one. */
	second = json_tree_load(first + used, strlen(first) - used, 0, &used, &error);
	assert_int_equal(json_integer_value(json_object_get(second, "c")), 3);
	assert_int_equal(json_array_size(json_object_get(json_object_get(tree, "a"), "b")), 2);
	json_tree_drop(tree);
	assert_int_equal(json_integer_value(json_object_get(second, "c")), 3);
	json_tree_drop(second);

	assert_null(json_tree_load(bad, strlen(bad), 0, &used, &error));
	assert_int_equal(error.line, 2);
	tree = json_tree_load("7", 1, 0, &used, &error);
	assert_null(tree);
	tree = json_tree_load(first, strlen(first), 0, &used, &error);
	assert_non_null(tree);
	json_tree_drop(tree);
	json_tree_drop(NULL);
}

/* list_text() - a list of @count ones; the caller frees it */
static char *list_text(size_t count)
{
	char *text = memory_allocate(2 * count + 2);

	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * i, ",1", 2);
	text[0] = '[';
	memcpy(text + 2 * count, "]", 2);
	return text;
}

/* Trees of many sizes take turns, and some are there at once. */
static void test_tree_sizes(void **state)
{
	static const size_t counts[] = {1, 100000, 10, 30000, 500000, 499999, 2};
	json_t *before = NULL;
	size_t count_before = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		auto_memory char *text = list_text(counts[i]);
		json_error_t error;
		json_t *tree = json_tree_load(text, strlen(text), 0, NULL, &error);

		assert_int_equal(json_array_size(tree), counts[i]);
		assert_int_equal(json_integer_value(json_array_get(tree, counts[i] - 1)), 1);
		assert_int_equal(json_array_size(before), count_before);
		json_tree_drop(before);
		before = NULL;
		count_before = 0;
		if (i % 3 == 0) {
			before = tree;
			count_before = counts[i];
		} else {
			json_tree_drop(tree);
		}
	}
	json_tree_drop(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_no_objects),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_tree_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
