/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/source/yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Every document as compact JSON, separated by " | "; an error ends it as "! TEXT". */
static char *tree_text(const char *yaml)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	char *text = string_dup("");
	struct error err = {0};
	json_t *document;
	int r;

	while ((r = yaml_tree_next(tree, &document, NULL, &err)) > 0) {
		char *json = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		char *longer = string_printf("%s%s%s", text, *text ? " | " : "", json);

		free(json);
		free(text);
		text = longer;
		json_decref(document);
	}
	if (r < 0) {
		char *longer = string_printf("%s%s! %s", text, *text ? " " : "", err.text);

		free(text);
		text = longer;
		assert_int_equal(yaml_tree_next(tree, &document, NULL, &err), 0);
	}
	return text;
}

struct row {
	const char *what, *yaml, *tree;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_memory char *text = tree_text(rows[i].yaml);

		print_message("%s\n", rows[i].what);
		assert_string_equal(text, rows[i].tree);
	}
}

static void scalars_mean_what_kubernetes_takes_them_for(void **state)
{
	static const struct row rows[] = {
		{"truth", "[true, True, TRUE, yes, Yes, YES, on, On, ON, y, Y]",
		 "[true,true,true,true,true,true,true,true,true,true,true]"},
		{"falsehood", "[false, False, FALSE, no, No, NO, off, Off, OFF, n, N]",
		 "[false,false,false,false,false,false,false,false,false,false,false]"},
		{"nothing", "[~, null, Null, NULL, ]", "[null,null,null,null]"},
		{"an empty value is null", "a:", "{\"a\":null}"},
		{"quoted is text", "['true', \"80\", '', \"~\"]", "[\"true\",\"80\",\"\",\"~\"]"},
		{"blocks are text", "a: |\n  80\nb: >-\n  1\n  2\n",
		 "{\"a\":\"80\\n\",\"b\":\"1 2\"}"},
		{"integers", "[0, 80, +80, -80, 1_000, 0x1F, 0o17, 017, 0b101, -0x10]",
		 "[0,80,80,-80,1000,31,15,15,5,-16]"},
		{"almost integers", "[0x, 0xg, 1-2, 10.0.0.1, 0b12, --1, 0x-1, 0x0x1, '']",
		 "[\"0x\",\"0xg\",\"1-2\",\"10.0.0.1\",\"0b12\",\"--1\",\"0x-1\",\"0x0x1\",\"\"]"},
		{"octal that is none is a decimal", "[08, 09.5]", "[8,9.5]"},
		{"reals", "[1.5, .5, -2.5e3, 1e3, 80.0, 1., +.5]", "[1.5,0.5,-2500,1000,80,1,0.5]"},
		{"reals after a zero", "[0.5, 0.25e1, 0e3, 0., -0.5]", "[0.5,2.5,0,0,-0.5]"},
		{"almost reals", "[., e3, 1e, 1.2.3, +, -, 1e+]",
		 "[\".\",\"e3\",\"1e\",\"1.2.3\",\"+\",\"-\",\"1e+\"]"},
		{"the largest integer", "9223372036854775807", "9223372036854775807"},
		{"too large for an integer", "18446744073709551616", "1.8446744073709552e19"},
		{"too large for a number", "1e999", "\"1e999\""},
		{"times are text", "2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""},
		{"words that only look alike", "[nil, tRue, yEs, none]",
		 "[\"nil\",\"tRue\",\"yEs\",\"none\"]"},
		{"tags decide",
		 "[!!str 80, !!int \"80\", !!float 1, !!bool 'yes', ! 80, !!null '']",
		 "[\"80\",80,1,true,\"80\",null]"},
		{"a tag that does not fit", "a: !!int x",
		 "! line 1, column 4: \"x\" is not a valid int"},
		{"tags of one's own", "[!Ref x, !Ref 80, !!timestamp 2026-01-02, !!pairs '']",
		 "[\"x\",\"80\",\"2026-01-02\",\"\"]"},
		{"tags on lists and objects", "[!!set {a: 1}, !Ref [x], !!omap [], ! {}]",
		 "[{\"a\":1},[\"x\"],[],{}]"},
		{"binary data",
		 "a: !!binary aGVsbG8=", "! line 1, column 4: the tag !!binary is not supported"},
		{"infinity", "a: .inf", "! line 1, column 4: .inf cannot be represented in JSON"},
		{"a NUL", "a: \"x\\0y\"", "! line 1, column 4: a string contains a NUL character"},
		{"escapes", "\"\\u00e9\\n\"", "\"\xc3\xa9\\n\""},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void structure_is_kept(void **state)
{
	static const struct row rows[] = {
		{"no text, no document", "", ""},
		{"a comment alone is none", "# nothing\n", ""},
		{"several documents", "a: 1\n---\nb: 2\n---\n- c\n...\n",
		 "{\"a\":1} | {\"b\":2} | [\"c\"]"},
		{"an empty document is null", "---\n---\na: 1\n", "null | {\"a\":1}"},
		{"nesting", "a:\n- b: {c: [d, {e: f}]}\n- - g\n",
		 "{\"a\":[{\"b\":{\"c\":[\"d\",{\"e\":\"f\"}]}},[\"g\"]]}"},
		{"JSON is YAML", "{\"a\": [1, \"x\", null, true], \"b\": {}}",
		 "{\"a\":[1,\"x\",null,true],\"b\":{}}"},
		{"keys become text", "80: a\ntrue: b\n1.5: c\n0x10: d\n",
		 "{\"1.5\":\"c\",\"16\":\"d\",\"80\":\"a\",\"true\":\"b\"}"},
		{"a null key", "~: a",
		 "! line 1, column 1: a key is neither a string nor a number"},
		{"a list as key", "? [a]\n: b", "! line 1, column 3: a key is a list or an object"},
		{"a key twice", "a: 1\nb: 2\na: 3\n", "! line 3, column 1: duplicate key \"a\""},
		{"a key twice in two notations", "{1: a, '1': b}",
		 "! line 1, column 8: duplicate key \"1\""},
		{"the first documents are there before an error", "a: 1\n---\nb: [\n",
		 "{\"a\":1} ! line 4, column 1: did not find expected node content, while parsing "
		 "a flow node"},
		{"a tab", "a:\n\tb: 1\n",
		 "! line 2, column 1: found character that cannot start any token, while scanning "
		 "for the next token"},
		{"bytes that are no UTF-8", "a: b\nc: \xff\n",
		 "! line 2, column 4: invalid leading UTF-8 octet"},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void anchors_and_merges(void **state)
{
	static const struct row rows[] = {
		{"an alias", "a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}"},
		{"an alias of a scalar", "a: &x 80\nb: *x\n*x : c\n",
		 "{\"80\":\"c\",\"a\":80,\"b\":80}"},
		{"the latest anchor counts", "[&x 1, *x, &x 2, *x]", "[1,1,2,2]"},
		{"an anchor lives in its document", "a: &x 1\n---\nb: *x\n",
		 "{\"a\":1} ! line 3, column 4: the alias *x has no anchor"},
		{"an anchor in itself", "&x [*x]",
		 "! line 1, column 5: the anchor &x contains itself"},
		{"a merge", "base: &x {a: 1, b: 2}\nc: {<<: *x, b: 3}\n",
		 "{\"base\":{\"a\":1,\"b\":2},\"c\":{\"a\":1,\"b\":3}}"},
		{"what is written wins wherever it stands", "[&x {a: 1}, {a: 2, <<: *x}]",
		 "[{\"a\":1},{\"a\":2}]"},
		{"of several the first wins", "[&x {a: 1}, &y {a: 2, b: 2}, {<<: [*x, *y]}]",
		 "[{\"a\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":2}]"},
		{"a merge with the tag that yq and yaml.v3 write",
		 "[&x {a: 1}, {!!merge <<: *x, b: 2}]", "[{\"a\":1},{\"a\":1,\"b\":2}]"},
		{"a quoted << is a key", "{'<<': 1}", "{\"<<\":1}"},
		{"a merge of a list of texts", "{<<: [a]}",
		 "! line 1, column 2: << takes an object or a list of objects"},
		{"a merge of a text", "{<<: a}",
		 "! line 1, column 2: << takes an object or a list of objects"},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* The document, and the problem of each of its members, and of the rest, if there is one. */
static char *problems_text(const char *yaml)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	struct error err = {0};
	json_t *document = NULL, *member;
	const char *name, *problem;
	size_t size;
	char *text, *json;
	FILE *stream = open_memstream(&text, &size);

	yaml_tree_keep_problems(tree);
	if (yaml_tree_next(tree, &document, NULL, &err) == 1) {
		json = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		fputs(json, stream);
		free(json);
	} else {
		fprintf(stream, "! %s", err.text);
	}
	json_object_foreach (document, name, member) {
		problem = yaml_tree_problem(tree, member);
		if (problem)
			fprintf(stream, "; %s: %s", name, problem);
	}
	problem = yaml_tree_rest_problem(tree);
	if (problem)
		fprintf(stream, "; %s", problem);
	json_decref(document);
	fclose(stream);
	return text;
}

static void what_is_refused_costs_the_object_it_is_in(void **state)
{
	static const struct row rows[] = {
		{"nothing wrong", "a: {b: 1}\n", "{\"a\":{\"b\":1}}"},
		{"a key twice", "a: {b: 1, b: 2}\nc: {d: 3}\n",
		 "{\"a\":{\"b\":2},\"c\":{\"d\":3}}; a: line 1, column 11: duplicate key \"b\""},
		{"deeper down", "a: {b: [{c: 1, c: 2}]}\nd: {e: !!int x}\n",
		 "{\"a\":{\"b\":[{\"c\":2}]},\"d\":{\"e\":null}}; a: line 1, column 16: duplicate key "
		 "\"c\"; d: line 2, column 8: \"x\" is not a valid int"},
		{"of several the first", "a: [.inf, !!binary x, \"\\0\"]\n",
		 "{\"a\":[null,null,null]}; a: line 1, column 5: .inf cannot be represented in JSON"},
		{"in the document itself", "a: {}\nb: .nan\nc: .inf\n",
		 "{\"a\":{},\"b\":null,\"c\":null}; line 2, column 4: .nan cannot be represented in "
		 "JSON"},
		{"keys that are none", "a: {? [b] : 1, ? {c: d} : {e: .nan}, ~: 2, f: 3}\n",
		 "{\"a\":{\"f\":3}}; a: line 1, column 7: a key is a list or an object"},
		{"an alias without an anchor", "a: {b: *x}\nc: {*y : d}\n",
		 "{\"a\":{\"b\":null},\"c\":{}}; a: line 1, column 8: the alias *x has no anchor; c: "
		 "line 2, column 5: the alias *y has no anchor"},
		{"an anchor in itself", "a: {b: &x [*x]}\n",
		 "{\"a\":{\"b\":[null]}}; a: line 1, column 12: the anchor &x contains itself"},
		{"who refers to what is wrong",
		 "a: {b: &x .inf, c: &y [.inf]}\nd: {e: *x}\nf: {g: *y}\n",
		 "{\"a\":{\"b\":null,\"c\":[null]},\"d\":{\"e\":null},\"f\":{\"g\":[null]}}; a: line 1, "
		 "column 8: .inf cannot be represented in JSON; d: line 2, column 8: the anchor &x "
		 "cannot be read; f: line 1, column 24: .inf cannot be represented in JSON"},
		{"an anchor of the same name in one that is open", "a: &x {b: &x .inf, c: *x}\n",
		 "{\"a\":{\"b\":null,\"c\":null}}; a: line 1, column 11: .inf cannot be represented in "
		 "JSON"},
		{"what is merged", "a: &x {b: 1, b: 2}\nc: {<<: *x}\nd: {<<: 5, e: 1}\n",
		 "{\"a\":{\"b\":2},\"c\":{\"b\":2},\"d\":{\"e\":1}}; a: line 1, column 14: duplicate key "
		 "\"b\"; c: line 1, column 14: duplicate key \"b\"; d: line 3, column 5: << takes an "
		 "object or a list of objects"},
		{"what is dropped is nobody's",
		 "a: {b: {c: .inf}, b: 1, <<: {d: {e: .nan}, d: 1}, d: 2}\n",
		 "{\"a\":{\"b\":1,\"d\":2}}; a: line 1, column 19: duplicate key \"b\""},
		{"a document that is wrong as a whole", "!!int x\n",
		 "! line 1, column 1: \"x\" is not a valid int"},
		{"what is no YAML", "a: {b: .inf}\nc: [\n",
		 "! line 3, column 1: did not find expected node content, while parsing a flow node; line "
		 "1, column 8: .inf cannot be represented in JSON"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = problems_text(rows[i].yaml);

		print_message("%s\n", rows[i].what);
		assert_string_equal(text, rows[i].tree);
	}
}

static void repeat(char *text, const char *part, size_t count)
{
	size_t length = strlen(part);

	for (size_t i = 0; i < count; i++)
		memcpy(text + strlen(text), part, length + 1);
}

/* Of the first document, if problems are kept; the second one is there. */
static unsigned int yaml_depth(const char *yaml)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	struct error err = {0};
	json_t *document;
	unsigned int depth = 0;

	yaml_tree_keep_problems(tree);
	assert_int_equal(yaml_tree_next(tree, &document, NULL, &err), 1);
	for (const json_t *part = document; json_is_array(part); part = json_array_get(part, 0))
		depth++;
	json_decref(document);
	assert_int_equal(yaml_tree_next(tree, &document, NULL, &err), 1);
	json_decref(document);
	return depth;
}

static void depth_is_bounded(void **state)
{
	char yaml[2000] = "";
	char *text;

	(void)state;
	repeat(yaml, "[", 100);
	repeat(yaml, "]", 100);
	text = tree_text(yaml);
	assert_int_equal(strlen(text), 200);
	free(text);

	yaml[0] = '\0';
	repeat(yaml, "[", 101);
	repeat(yaml, "]", 101);
	text = tree_text(yaml);
	assert_string_equal(text, "! line 1, column 101: nested deeper than 100");
	free(text);
	/* Where problems are kept, the innermost list is null, and what follows is read. */
	strcat(yaml, "\n---\na: 1\n");
	assert_int_equal(yaml_depth(yaml), 100);

	/* Aliases add up: 60 lists in the anchor, 60 around the alias. */
	strcpy(yaml, "- &x ");
	repeat(yaml, "[", 60);
	repeat(yaml, "]", 60);
	strcat(yaml, "\n- ");
	repeat(yaml, "[", 60);
	strcat(yaml, "*x");
	repeat(yaml, "]", 60);
	text = tree_text(yaml);
	assert_string_equal(text, "! line 2, column 63: nested deeper than 100");
	free(text);
}

/* Nine levels of ten aliases each stand for a billion nodes. */
static void expansion_is_bounded(void **state)
{
	char yaml[2000] = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	char *text;

	(void)state;
	for (int level = 1; level < 9; level++) {
		char line[200];

		snprintf(line, sizeof(line), "- &a%d [", level);
		for (int i = 0; i < 10; i++)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "*a%d,",
				 level - 1);
		strcat(line, "]\n");
		strcat(yaml, line);
	}
	text = tree_text(yaml);
	assert_non_null(strstr(text, ": aliases expand to more than 1000000 nodes"));
	free(text);
}

static void documents_know_their_line(void **state)
{
	static const char yaml[] = "# head\n\na: 1\n---\n\n# comment\nb: 2\n";
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	struct error err = {0};
	json_t *document;
	size_t line;

	(void)state;
	assert_int_equal(yaml_tree_next(tree, &document, &line, &err), 1);
	assert_int_equal(line, 3);
	json_decref(document);
	assert_int_equal(yaml_tree_next(tree, &document, &line, &err), 1);
	assert_int_equal(line, 7);
	json_decref(document);
	assert_int_equal(yaml_tree_next(tree, &document, &line, &err), 0);
}

static void repeated_keys_can_be_allowed(void **state)
{
	static const char yaml[] = "a: 1\nb: {c: 2, c: 3}\na: 4\n";
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	json_t *repeated = json_array(), *document = NULL;
	struct error err = {0};
	char *text;

	(void)state;
	yaml_tree_allow_repeated(tree, repeated);
	assert_int_equal(yaml_tree_next(tree, &document, NULL, &err), 1);
	text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"a\":4,\"b\":{\"c\":3}}");
	free(text);
	text = json_dumps(repeated, JSON_COMPACT);
	assert_string_equal(text, "[\"c (line 2)\",\"a (line 3)\"]");
	free(text);
	json_decref(document);
	json_decref(repeated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeated_keys_can_be_allowed),
		cmocka_unit_test(scalars_mean_what_kubernetes_takes_them_for),
		cmocka_unit_test(structure_is_kept),
		cmocka_unit_test(anchors_and_merges),
		cmocka_unit_test(what_is_refused_costs_the_object_it_is_in),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(expansion_is_bounded),
		cmocka_unit_test(documents_know_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
