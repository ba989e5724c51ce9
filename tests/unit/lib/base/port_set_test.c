/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/port_set.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void overlaps(void **state)
{
	static const struct {
		const char *what, *ephemeral, *reserved;
		struct port_range overlap;
	} rows[] = {
		{"the kernel's default lies above", "32768\t60999", "", {0, 0}},
		{"all of them", "1024 65535", "", {30000, 32767}},
		{"the end of them", "32000 65535", "", {32000, 32767}},
		{"the beginning", "1024 30000", "", {30000, 30000}},
		{"all reserved", "1024 65535", "30000-32767", {0, 0}},
		{"some reserved", "1024 65535", "8080,30000-31000", {31001, 32767}},
		{"a hole", "1024 65535", "30010", {30000, 30009}},
		{"reserved one by one", "32766 32768", "32766,32767", {0, 0}},
	};
	const struct port_range node_ports = {30000, 32767};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct port_set ephemeral = {0}, reserved = {0};
		struct port_range overlap;

		print_message("%s\n", rows[i].what);
		assert_true(port_set_parse(&ephemeral, rows[i].ephemeral));
		assert_true(port_set_parse(&reserved, rows[i].reserved));
		overlap = port_set_overlap(&ephemeral, &reserved, node_ports);
		assert_int_equal(overlap.first, rows[i].overlap.first);
		assert_int_equal(overlap.last, rows[i].overlap.last);
	}
}

static void what_is_no_list(void **state)
{
	static const char *const rows[] = {"x",	  "1-",	   "1-x",     "1,,2",
					   "1;2", "65536", "1-65536", "-1"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct port_set set = {0};

		print_message("%s\n", rows[i]);
		assert_false(port_set_parse(&set, rows[i]));
	}
}

static void texts(void **state)
{
	static const char *const rows[] = {"", "8080", "30000-32767", "1,3-4,65535", "1-65535"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct port_set set = {0};
		auto_memory char *text = NULL;

		assert_true(port_set_parse(&set, rows[i]));
		text = port_set_text(&set);
		assert_string_equal(text, rows[i]);
	}
}

static void what_is_added(void **state)
{
	struct port_set set = {0};
	auto_memory char *text = NULL;

	(void)state;
	assert_true(port_set_parse(&set, "8080,30000-30010"));
	assert_true(port_set_includes(&set, (struct port_range){0, 0}));
	assert_true(port_set_includes(&set, (struct port_range){30001, 30010}));
	assert_false(port_set_includes(&set, (struct port_range){30001, 30011}));
	port_set_add(&set, (struct port_range){30005, 30020});
	port_set_add(&set, (struct port_range){0, 0});
	text = port_set_text(&set);
	assert_string_equal(text, "8080,30000-30020");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(texts),
		cmocka_unit_test(what_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
