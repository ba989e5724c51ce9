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
	return json_skim(copy, size, JSON_SKIM_READ, ret);
}

static void test_texts(void **state)
{
	static const struct {
		const char *what, *text, *copy, *rest;
	} rows[] = {
		{"nothing to leave out", "{\"name\": [1, {}], \"port\": \"x\"}",
		 "{\"name\": [1, {}], \"port\": \"x\"}", ""},
		{"the first member", "{\"managedFields\": [{\"name\": 1}], \"port\": 2}",
		 "{ \"port\": 2}", ""},
		{"a member between others", "{\"name\":1,\"targetRef\":{\"x\":[]},\"port\":2}",
		 "{\"name\":1,\"port\":2}", ""},
		{"the last member", "{\"name\":1 , \"ownerReferences\":[ ] }", "{\"name\":1 }", ""},
		{"the only member", "{\"targetRef\" : null}", "{}", ""},
		{"two, the last ones", "{\"name\":1,\"targetRef\":2,\"managedFields\":3}",
		 "{\"name\":1}", ""},
		{"only two", "{\"targetRef\":2,\"managedFields\":true}", "{}", ""},
		{"a member of a member", "[{\"name\":{\"targetRef\":{},\"port\":1}}]",
		 "[{\"name\":{\"port\":1}}]", ""},
		{"brackets in texts do not count",
		 "{\"targetRef\":{\"name\":\"}]\\\"}\"},\"port\":\"}\"}", "{\"port\":\"}\"}", ""},
		{"quotes after a backslash do not count",
		 "{\"a\\\\\":\"\\\"targetRef\\\":1\",\"port\":1}",
		 "{\"a\\\\\":\"\\\"targetRef\\\":1\",\"port\":1}", ""},
		{"a text as value", "{\"targetRef\":\"a,b\",\"port\":1}", "{\"port\":1}", ""},
		{"a name as value", "{\"kind\":\"targetRef\",\"ports\":[\"managedFields\"]}",
		 "{\"kind\":\"targetRef\",\"ports\":[\"managedFields\"]}", ""},
		{"only names that are known",
		 "{\"names\":1,\"nam\":2,\"xname\":3,\"Name\":4,\"\":5,\"ip\":6}", "{\"ip\":6}",
		 ""},
		{"names with escapes may be anything", "{\"n\\u0061me\":1,\"a\\\\\":2}",
		 "{\"n\\u0061me\":1,\"a\\\\\":2}", ""},
		{"conditions with default values",
		 "{\"conditions\":{\"ready\":true,\"serving\" : true ,\"terminating\": "
		 "false},\"name\":1}",
		 "{\"name\":1}", ""},
		{"some conditions with default values",
		 "{\"name\":1,\"conditions\" : { \"ready\":true } }", "{\"name\":1}", ""},
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
		{"the second value stays", " \n{\"name\":1}{\"port\":2}", " \n{\"name\":1}",
		 "{\"port\":2}"},
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
	static const char first[] =
		"{\"spec\": {\"targetRef\": 1, \"ports\": [1, 2]}} {\"port\": 3}";
	static const char bad[] = "{\"name\": \"x\",\n \"port\": }";
	json_t *tree, *second;
	json_error_t error;
	size_t used = 0;

	(void)state;
	tree = json_tree_load(first, strlen(first), 0, &used, &error);
	assert_non_null(tree);
	assert_int_equal(used, strlen(first) - strlen(" {\"port\": 3}"));
	assert_int_equal(json_object_size(json_object_get(tree, "spec")), 1);

	/* A second tree beside the first one. */
	second = json_tree_load(first + used, strlen(first) - used, 0, &used, &error);
	assert_int_equal(json_integer_value(json_object_get(second, "port")), 3);
	assert_int_equal(json_array_size(json_object_get(json_object_get(tree, "spec"), "ports")),
			 2);
	json_tree_drop(tree);
	assert_int_equal(json_integer_value(json_object_get(second, "port")), 3);
	json_tree_drop(second);

	/* What is wrong has its place, and the object has its name. */
	tree = json_tree_load(bad, strlen(bad), 0, &used, &error);
	assert_int_equal(error.line, 2);
	assert_string_equal(json_string_value(json_object_get(tree, "name")), "x");
	assert_int_equal(json_object_size(tree), 1);
	assert_int_equal(used, strlen(bad));
	json_tree_drop(tree);
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

/* What jansson refuses and Go reads, and what neither does. */
static void test_odd_values(void **state)
{
	static const struct {
		const char *what, *text, *tree, *problem;
	} rows[] = {
		{"a NUL where nobody looks", "{\"x\":\"a\\u0000b\",\"name\":\"a\"}",
		 "{\"name\":\"a\"}", ""},
		{"odd names and values where nobody looks",
		 "{\"a\\u0000\":1,\"b\":99999999999999999999,\"c\":1e999,\"d\":\"\\ud800\","
		 "\"e\":\"\xff\",\"f\":[tru],\"name\":\"a\"}",
		 "{\"a\\ufffd\":1,\"name\":\"a\"}", ""},
		{"a NUL in a name", "{\"name\":\"a\\u0000b\"}", "{\"name\":\"a\\ufffdb\"}", ""},
		{"the first half of a pair", "{\"name\":\"\\uD83Dx\"}", "{\"name\":\"\\ufffdx\"}",
		 ""},
		{"the second half of a pair", "{\"name\":\"\\ude00\"}", "{\"name\":\"\\ufffd\"}",
		 ""},
		{"two first halves", "{\"name\":\"\\ud83d\\ud83d\\u0000\"}",
		 "{\"name\":\"\\ufffd\\ufffd\\ufffd\"}", ""},
		{"a pair beside a NUL", "{\"name\":\"\\ud83d\\ude00\\u0000\"}",
		 "{\"name\":\"\\ud83d\\ude00\\ufffd\"}", ""},
		{"a backslash before what looks like a NUL",
		 "{\"name\":\"\\\\u0000\",\"uid\":\"\\u0000\"}",
		 "{\"name\":\"\\\\u0000\",\"uid\":\"\\ufffd\"}", ""},
		{"no UTF-8", "{\"name\":\"a\xff\xc3\xa9\xc0\x80\xed\xa0\x80\"}",
		 "{\"name\":\"a?\xc3\xa9?????\"}", ""},
		{"numbers that are too large",
		 "{\"port\":9223372036854775808,\"code\":-9223372036854775809,\"ports\":[1e999,"
		 "-1.5E+400,9223372036854775807,1e300]}",
		 "{\"port\":0.0,\"code\":0.0,\"ports\":[0.0,0.0,9223372036854775807,1e300]}", ""},
		{"no value where one is read", "{\"name\":\"a\",\"port\":,\"x\":1}",
		 "{\"name\":\"a\"}", "unexpected token near ','"},
		{"no escape where one is read",
		 "{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/"
		 "service-name\":\"\\q\"}}}",
		 "{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"}}",
		 "invalid escape near '\"\\q'"},
		{"a name that is none", "{\"name\":\"\\q\"}", NULL, "invalid escape near '\"\\q'"},
		{"no object", "garbage", NULL, "'[' or '{' expected near 'garbage'"},
		{"an object that does not end", "{\"name\":\"a\"", NULL,
		 "'}' expected near end of file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_error_t problem;
		json_t *tree =
			json_tree_load(rows[i].text, strlen(rows[i].text), 0, NULL, &problem);
		json_t *wanted = rows[i].tree ? json_loads(rows[i].tree, 0, NULL) : NULL;

		print_message("%s\n", rows[i].what);
		assert_string_equal(problem.text, rows[i].problem);
		assert_int_equal(!tree, !rows[i].tree);
		if (tree && !json_equal(tree, wanted))
			fail_msg("%s", json_dumps(tree, 0));
		json_tree_drop(tree);
		json_decref(wanted);
	}
}

/* Deeper than a parser goes: only the object that is so is wrong. */
static void test_depth(void **state)
{
	static char brackets[2][5001];
	auto_memory char *unread = NULL, *read = NULL;
	json_error_t problem;
	json_t *tree;

	(void)state;
	memset(brackets[0], '[', 5000);
	memset(brackets[1], ']', 5000);
	unread = string_printf("{\"x\":%s%s,\"name\":\"a\"}", brackets[0], brackets[1]);
	read = string_printf("{\"spec\":%s%s,\"name\":\"a\"}", brackets[0], brackets[1]);
	tree = json_tree_load(unread, strlen(unread), 0, NULL, &problem);
	assert_string_equal(problem.text, "");
	json_tree_drop(tree);
	tree = json_tree_load(read, strlen(read), 0, NULL, &problem);
	assert_string_equal(json_string_value(json_object_get(tree, "name")), "a");
	assert_string_not_equal(problem.text, "");
	json_tree_drop(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),	   cmocka_unit_test(test_no_objects),
		cmocka_unit_test(test_trees),	   cmocka_unit_test(test_tree_sizes),
		cmocka_unit_test(test_odd_values), cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
