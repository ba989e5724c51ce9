/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/documents.h"

#include "lib/source/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Appends "LINE DOCUMENT;" for each, or "! ERROR". */
static void read_all(const char *text, char ret[2000])
{
	/* A copy that ends where the text ends, so that sanitizers see each step beyond it. */
	size_t size = strlen(text), line;
	auto_memory char *copy = memory_allocate(size);
	auto_free(documents) struct documents *documents = NULL;
	struct error err = {0};
	json_t *tree;
	int r;

	memcpy(copy, text, size);
	documents = documents_new(copy, size, true);
	*ret = '\0';
	while ((r = documents_next(documents, &tree, &line, &err)) > 0) {
		auto_memory char *dump = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);

		snprintf(ret + strlen(ret), 2000 - strlen(ret), "%zu %s;", line, dump);
		json_tree_drop(tree);
	}
	if (r < 0)
		snprintf(ret + strlen(ret), 2000 - strlen(ret), "! %s", err.text);
}

static void test_lists(void **state)
{
	static const struct {
		const char *what, *text, *documents;
	} rows[] = {
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
		 "! line 1, column 35: duplicate object key near '\"items\"'"},
		{"an end that is missing", "{\"kind\":\"List\",\"items\":[{}]",
		 "! line 1, column 27: '}' expected near end of file"},
		{"a text that does not end", "{\"kind\":\"List\",\"items\":[{\"a",
		 "! line 1, column 27: premature end of input near '\"a'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[2000];

		print_message("%s\n", rows[i].what);
		read_all(rows[i].text, text);
		assert_string_equal(text, rows[i].documents);
	}
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
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
