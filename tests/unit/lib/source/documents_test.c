/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/documents.h"

#include "lib/source/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Appends "LINE DOCUMENT;" for each, with " ~ PROBLEM" if there is one, or "! ERROR". */
static void read_all(const char *text, bool is_json, char ret[2000])
{
	/* A copy that ends where the text ends, so that sanitizers see each step beyond it. */
	size_t size = strlen(text), line;
	auto_memory char *copy = memory_allocate(size);
	auto_free(documents) struct documents *documents = NULL;
	struct error err = {0};
	json_t *tree;
	int r;

	memcpy(copy, text, size);
	documents = documents_new(copy, size, is_json);
	*ret = '\0';
	while ((r = documents_next(documents, &tree, &line, &err)) > 0) {
		auto_memory char *dump = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
		const char *rest = documents_rest_problem(documents);
		const char *problem = documents_problem(documents, tree);

		assert_true(string_equal(rest, problem));
		assert_null(documents_rest_problem(documents));
		snprintf(ret + strlen(ret), 2000 - strlen(ret), "%zu %s%s%s;", line, dump,
			 problem ? " ~ " : "", problem ? problem : "");
		json_tree_drop(tree);
	}
	if (r < 0)
		snprintf(ret + strlen(ret), 2000 - strlen(ret), "! %s", err.text);
}

struct row {
	const char *what, *text, *documents;
};

static void check_rows(const struct row *rows, size_t count, bool is_json)
{
	for (size_t i = 0; i < count; i++) {
		char text[2000];

		print_message("%s\n", rows[i].what);
		read_all(rows[i].text, is_json, text);
		assert_string_equal(text, rows[i].documents);
	}
}

static void test_lists(void **state)
{
	static const struct row rows[] = {
		{"single objects", "{\"ip\":1}\n{\"ip\":[2]} ", "1 {\"ip\":1};2 {\"ip\":[2]};"},
		{"a list comes in pieces",
		 "{\"kind\": \"List\",\n\"items\": [\n{\"ip\": 1},\n{\"ip\": \"]}\\\"\"}]}",
		 "3 {\"items\":[{\"ip\":1}],\"kind\":\"List\"};"
		 "4 {\"items\":[{\"ip\":\"]}\\\"\"}],\"kind\":\"List\"};"},
		{"the kind of a list may come last, and more documents may follow",
		 "{\"items\":[{},{}],\"metadata\":{\"ip\":[1]},\"kind\":\"PodList\"}\n{\"ip\":3}",
		 "1 {\"items\":[{}],\"kind\":\"PodList\",\"metadata\":{\"ip\":[1]}};"
		 "1 {\"items\":[{}],\"kind\":\"PodList\",\"metadata\":{\"ip\":[1]}};2 {\"ip\":3};"},
		{"an empty list is one document", "{\"kind\":\"List\",\"items\":[ ]}",
		 "1 {\"items\":[],\"kind\":\"List\"};"},
		{"items deeper down are not split",
		 "{\"kind\":\"List\",\"spec\":{\"items\":[{},{}]}}",
		 "1 {\"kind\":\"List\",\"spec\":{\"items\":[{},{}]}};"},
		{"items of other kinds are not split", "{\"kind\":\"Menu\",\"items\":[{},{}]}",
		 "1 {\"items\":[{},{}],\"kind\":\"Menu\"};"},
		{"items that are not a list are not split",
		 "{\"kind\":\"List\",\"items\":{\"ip\":[{}]}}",
		 "1 {\"items\":{\"ip\":[{}]},\"kind\":\"List\"};"},
		{"a list of lists",
		 "{\"kind\":\"List\",\"items\":[{\"kind\":\"List\",\"items\":[1,2]}]}",
		 "1 {\"items\":[{\"items\":[1,2],\"kind\":\"List\"}],\"kind\":\"List\"};"},
		{"an element that is no object", "{\"kind\":\"List\",\"items\":[5]}",
		 "1 {\"items\":[5],\"kind\":\"List\"};"},
		{"an error has its place in the whole",
		 "{\"kind\":\"List\",\"items\":[\n{},\n{\"ip\":}]}",
		 "2 {\"items\":[{}],\"kind\":\"List\"};! line 3, column 7: unexpected token near "
		 "'}'"},
		{"a comma too many", "{\"kind\":\"List\",\"items\":[{},]}",
		 "1 {\"items\":[{}],\"kind\":\"List\"};! line 1, column 28: unexpected token near "
		 "']'"},
		{"a comma too few", "{\"kind\":\"List\",\"items\":[{} {}]}",
		 "1 {\"items\":[{}],\"kind\":\"List\"};! line 1, column 28: ']' expected near '{'"},
		{"items twice", "{\"kind\":\"List\",\"items\":[{}],\"items\":[]}",
		 "1 {\"items\":[],\"kind\":\"List\"} ~ line 1, column 35: duplicate object key near "
		 "'\"items\"';"},
		{"an end that is missing", "{\"kind\":\"List\",\"items\":[{}]",
		 "! line 1, column 27: '}' expected near end of file"},
		{"a text that does not end", "{\"kind\":\"List\",\"items\":[{\"a",
		 "! line 1, column 27: premature end of input near '\"a'"},
	};

	(void)state;
	check_rows(rows, COUNT(rows), true);
}

static void test_problems(void **state)
{
	static const struct row json[] = {
		{"a key twice",
		 "{\"kind\":\"Service\",\"spec\":{\"ip\":1},\"spec\":{\"ip\":2}} {\"ip\":3}",
		 "1 {\"kind\":\"Service\"} ~ line 1, column 40: duplicate object key near '\"spec\"';1 "
		 "{\"ip\":3};"},
		{"a key twice in what no proxy reads", "{\"data\":{\"a\":1,\"a\":2},\"ip\":3}",
		 "1 {\"ip\":3};"},
		{"a key twice in an element",
		 "{\"kind\":\"List\",\"items\":[\n{\"name\":1},\n{\"name\":2,\n\"ip\":1,\"ip\":2},"
		 "\n{\"name\":3}]}",
		 "2 {\"items\":[{\"name\":1}],\"kind\":\"List\"};"
		 "3 {\"items\":[{\"name\":2}],\"kind\":\"List\"} ~ line 4, column 11: duplicate object key "
		 "near '\"ip\"';"
		 "5 {\"items\":[{\"name\":3}],\"kind\":\"List\"};"},
		{"a key twice in an element, on lines as kubectl writes them",
		 "{\n \"kind\": \"List\",\n \"items\": [\n  {\n   \"ip\": 1,\n   \"ip\": 2\n  },\n"
		 "  {\"ip\":1}, {\"ip\":1,\"ip\":2}\n ]\n}\n",
		 "4 {\"items\":[{}],\"kind\":\"List\"} ~ line 6, column 7: duplicate object key near "
		 "'\"ip\"';8 {\"items\":[{\"ip\":1}],\"kind\":\"List\"};8 "
		 "{\"items\":[{}],\"kind\":\"List\"} ~ line 8, column 24: duplicate object key near "
		 "'\"ip\"';"},
		{"a key twice around the elements",
		 "{\"kind\":\"List\",\"items\":[\n{\"ip\":1},\n{\"ip\":2}],\n\"kind\":\"List\"}",
		 "1 {\"items\":[{},{}],\"kind\":\"List\"} ~ line 4, column 6: duplicate object key near "
		 "'\"kind\"';"},
		{"elements that are none",
		 "{\"kind\":\"List\",\"items\":[{\"ip\":1}, 5,\"ip\" ,[],null,{\"ip\":2},true]}",
		 "1 {\"items\":[{\"ip\":1}],\"kind\":\"List\"};1 {\"items\":[5],\"kind\":\"List\"};"
		 "1 {\"items\":[\"ip\"],\"kind\":\"List\"};1 {\"items\":[[]],\"kind\":\"List\"};"
		 "1 {\"items\":[null],\"kind\":\"List\"};1 {\"items\":[{\"ip\":2}],\"kind\":\"List\"};"
		 "1 {\"items\":[true],\"kind\":\"List\"};"},
		{"an element that is not there", "{\"kind\":\"List\",\"items\":[{},,{}]}",
		 "1 {\"items\":[{}],\"kind\":\"List\"};! line 1, column 28: unexpected token near ','"},
		{"a list after one of several", "{\"kind\":\"List\",\"items\":[{},{}]} [1]",
		 "1 {\"items\":[{}],\"kind\":\"List\"};1 {\"items\":[{}],\"kind\":\"List\"};1 [1];"},
		{"numbers beyond 64 bits, and NUL",
		 "{\"ip\":99999999999999999999,\"name\":\"a\\u0000\"}",
		 "1 {\"ip\":0.0,\"name\":\"a\xef\xbf\xbd\"};"},
		{"a byte order mark", "\xef\xbb\xbf\n{\"ip\":1}", "2 {\"ip\":1};"},
		{"half a byte order mark", "\xef\xbb",
		 "! line 1, column 0: unable to decode byte 0xef"},
	};
	static const struct row yaml[] = {
		{"a key twice", "a: 1\na: 2\n---\nb: 1\n",
		 "1 {\"a\":2} ~ line 2, column 1: duplicate key \"a\";4 {\"b\":1};"},
		{"a byte order mark, and one before a later document",
		 "\xef\xbb\xbf"
		 "a: 1\n---\n\xef\xbb\xbf"
		 "b: 1\n",
		 "1 {\"a\":1};3 {\"b\":1};"},
		{"numbers beyond 64 bits", "a: 18446744073709551616\n",
		 "1 {\"a\":1.8446744073709552e19};"},
	};

	(void)state;
	check_rows(json, COUNT(json), true);
	check_rows(yaml, COUNT(yaml), false);
}

/* A list of a megabyte: no step is larger than one element or than a piece of the text. */
static void test_steps(void **state)
{
	const size_t count = 1000;
	char *text = NULL;
	size_t size, line = 0, steps = 0, elements = 0;
	FILE *stream = open_memstream(&text, &size);
	struct documents *documents;
	struct error err = {0};
	json_t *tree = NULL;

	(void)state;
	fputs("{\"kind\":\"List\",\"items\":[", stream);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "%s{\"name\":\"%01000zu\"}", i ? ",\n" : "", i);
	fputs("]}", stream);
	fclose(stream);
	documents = documents_new(text, size, true);
	while (documents_step(documents, &tree, &line, &err) > 0) {
		steps++;
		if (!tree)
			continue;
		assert_int_equal(json_array_size(json_object_get(tree, "items")), 1);
		assert_int_equal(line, ++elements);
		json_tree_drop(tree);
		tree = NULL;
	}
	assert_int_equal(elements, count);
	assert_true(steps > count + size / (256 << 10));
	documents_free(documents);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
