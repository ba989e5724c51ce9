/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists and watches are cut into objects, wherever the bytes were split on their way. */
#include "lib/source/kube/kube_stream.h"

#include "lib/source/json_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was delivered, separated by " | ". */
struct heard {
	char text[2000];
	int refuse_after; /* -1: never */
};

static int on_object(void *owner, const char *text, size_t length, struct error *err)
{
	struct heard *heard = owner;
	size_t used = strlen(heard->text);

	if (heard->refuse_after == 0)
		return error_set(err, -ECANCELED, "enough");
	heard->refuse_after--;
	snprintf(heard->text + used, sizeof(heard->text) - used, "%s%.*s", used ? " | " : "",
		 text ? (int)length : 11, text ? text : "(too large)");
	return 0;
}

struct row {
	const char *what;
	const char *body;
	const char *objects;
	const char *envelope; /* "!..." is an error; NULL where there is none, as for lines */
};

static const struct row lists[] = {
	{"an empty list", "{\"kind\":\"ServiceList\",\"items\":[]}", "",
	 "{\"items\":[],\"kind\":\"ServiceList\"}"},
	{"no items at all", "{\"kind\":\"Status\",\"code\":410}", "",
	 "{\"code\":410,\"kind\":\"Status\"}"},
	{"null items", "{\"items\":null,\"kind\":\"X\"}", "", "{\"items\":null,\"kind\":\"X\"}"},
	{"two items", "{\"items\":[{\"a\":1},{\"b\":[1,{}]}],\"metadata\":{\"continue\":\"x\"}}",
	 "{\"a\":1} | {\"b\":[1,{}]}", "{\"items\":[],\"metadata\":{\"continue\":\"x\"}}"},
	{"brackets and quotes in strings",
	 "{\"kind\":\"]}[{\\\"\",\"items\":[{\"b\":\"}]\\\\\\\"\"}]}\n", "{\"b\":\"}]\\\\\\\"\"}",
	 "{\"items\":[],\"kind\":\"]}[{\\\"\"}"},
	{"white space", " {\n\"items\" :\t[ {} ,\r\n{ \"a\" : [ ] } ] } ", "{} | { \"a\" : [ ] }",
	 "{\"items\":[]}"},
	{"items deeper down are none", "{\"metadata\":{\"items\":[{\"a\":1}]},\"items\":[{}]}",
	 "{}", "{\"items\":[],\"metadata\":{\"items\":[{}]}}"},
	{"items as a value", "{\"kind\":\"items\",\"ports\":[{\"ip\":1}]}", "",
	 "{\"kind\":\"items\",\"ports\":[{\"ip\":1}]}"},
	{"a longer name", "{\"itemsitems\":[{}],\"item\":[{}]}", "", "{}"},
	{"items in items", "{\"items\":[{\"items\":[{\"items\":[]}]}]}",
	 "{\"items\":[{\"items\":[]}]}", "{\"items\":[]}"},
	{"cut in an element", "{\"items\":[{\"a\":1},{\"b\":", "{\"a\":1}",
	 "!the response was truncated"},
	{"cut in the envelope", "{\"items\":[],\"kind\":\"Serv", "", "!the response was truncated"},
	{"nothing", "", "", "!the response is not JSON"},
	{"a page of a proxy", "<html>", "", "!the response is not JSON"},
	{"an array", "[1,2]", "", "!the response is not an object"},
	{"more brackets closed than opened", "{}}", "", "!the response is not JSON"},
	{"elements that are no objects", "{\"items\":[1, \"a,]\\\"}\" ,null,[{}],{} ,-2.5e1]}",
	 "1 | \"a,]\\\"}\"  | null | [{}] | {} | -2.5e1", "{\"items\":[]}"},
	{"a bracket too many", "{\"items\":[{}}]}", "{}", "!the response is not JSON"},
	{"odd values around the items",
	 "{\"kind\":\"ServiceList\",\"x\":\"\\u0000\",\"metadata\":{\"continue\":\"\\u0000\",\"y\":1e999},"
	 "\"items\":[]}",
	 "",
	 "{\"items\":[],\"kind\":\"ServiceList\",\"metadata\":{\"continue\":\"\xef\xbf\xbd\"}}"},
};

static const struct row lines[] = {
	{"two lines", "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1} | {\"b\":2}", NULL},
	{"ends of other systems", "a\r\nb\r\n", "a | b", NULL},
	{"empty lines", "\n\na\n\r\n\nb\n\n", "a | b", NULL},
	{"a line without an end", "a\nb", "a", NULL},
	{"nothing", "", "", NULL},
};

static void feed_list(const struct row *row, size_t first, size_t second)
{
	struct heard heard = {.refuse_after = -1};
	auto_free(kube_items) struct kube_items *items = kube_items_new(on_object, &heard);
	size_t length = strlen(row->body);
	struct error err = {0};
	json_t *envelope = NULL;
	int r = kube_items_feed(items, row->body, first, &err);

	if (r >= 0)
		r = kube_items_feed(items, row->body + first, second - first, &err);
	if (r >= 0)
		r = kube_items_feed(items, row->body + second, length - second, &err);
	if (r >= 0)
		r = kube_items_finish(items, &envelope, &err);
	assert_string_equal(heard.text, row->objects);
	if (r < 0) {
		assert_int_equal(row->envelope[0], '!');
		assert_string_equal(err.text, row->envelope + 1);
	} else {
		char *text = json_dumps(envelope, JSON_COMPACT | JSON_SORT_KEYS);

		assert_string_equal(text, row->envelope);
		free(text);
		json_tree_drop(envelope);
	}
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		size_t length = strlen(lists[i].body);

		print_message("%s\n", lists[i].what);
		for (size_t first = 0; first <= length; first++)
			for (size_t second = first; second <= length; second++)
				feed_list(&lists[i], first, second);
	}
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t length = strlen(lines[i].body);

		print_message("%s\n", lines[i].what);
		for (size_t cut = 0; cut <= length; cut++) {
			struct heard heard = {.refuse_after = -1};
			auto_free(kube_lines) struct kube_lines *reader =
				kube_lines_new(on_object, &heard);
			struct error err = {0};

			assert_int_equal(kube_lines_feed(reader, lines[i].body, cut, &err), 0);
			assert_int_equal(
				kube_lines_feed(reader, lines[i].body + cut, length - cut, &err),
				0);
			assert_string_equal(heard.text, lines[i].objects);
		}
	}
}

static void test_refusal(void **state)
{
	struct heard heard = {.refuse_after = 1};
	auto_free(kube_lines) struct kube_lines *reader = kube_lines_new(on_object, &heard);
	auto_free(kube_items) struct kube_items *items = kube_items_new(on_object, &heard);
	struct error err = {0};

	(void)state;
	assert_int_equal(kube_lines_feed(reader, "a\nb\nc\n", 6, &err), -ECANCELED);
	assert_string_equal(heard.text, "a");
	assert_int_equal(kube_items_feed(items, "{\"items\":[{},{}]}", 17, &err), -ECANCELED);
	assert_string_equal(heard.text, "a");
}

/* What is larger than an object may be is told of, and what follows is read. */
static void test_limits(void **state)
{
	static char blanks[1 << 20];
	struct heard heard = {.refuse_after = -1};
	auto_free(kube_lines) struct kube_lines *reader = kube_lines_new(on_object, &heard);
	auto_free(kube_items) struct kube_items *items = kube_items_new(on_object, &heard);
	auto_free(kube_items) struct kube_items *envelope = kube_items_new(on_object, &heard);
	struct error err = {0};
	int r = 0;

	(void)state;
	memset(blanks, ' ', sizeof(blanks));
	for (int i = 0; i < 17; i++)
		assert_int_equal(kube_lines_feed(reader, blanks, sizeof(blanks), &err), 0);
	assert_int_equal(kube_lines_feed(reader, "\na\n", 3, &err), 0);
	assert_string_equal(heard.text, "(too large) | a");

	*heard.text = '\0';
	assert_int_equal(kube_items_feed(items, "{\"items\":[{", 11, &err), 0);
	for (int i = 0; i < 17; i++)
		assert_int_equal(kube_items_feed(items, blanks, sizeof(blanks), &err), 0);
	assert_int_equal(kube_items_feed(items, "},{}", 4, &err), 0);
	assert_string_equal(heard.text, "(too large) | {}");

	r = kube_items_feed(envelope, "{", 1, &err);
	for (int i = 0; i < 2 && r >= 0; i++)
		r = kube_items_feed(envelope, blanks, sizeof(blanks), &err);
	assert_int_equal(r, -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
