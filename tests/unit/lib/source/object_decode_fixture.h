/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_OBJECT_DECODE_FIXTURE_H
#define UNIT_OBJECT_DECODE_FIXTURE_H

/* Objects that were decoded from YAML, as one line each. */

#include "lib/base/memory.h"
#include "lib/source/json_tree.h"
#include "lib/source/json_value.h"
#include "lib/source/object_decode.h"
#include "lib/source/yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TEXT_SIZE 2048

#define META "metadata: {name: web}\n"

/* As an API server would send it, so that what json_skim() does not know is missing. */
static json_t *tree_of(const char *yaml)
{
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(yaml, strlen(yaml));
	struct error err = {0};
	json_error_t problem;
	json_t *object = NULL, *ret;
	char *text;

	if (yaml_tree_next(tree, &object, NULL, &err) != 1)
		fail_msg("%s", err.text);
	text = json_dumps(object, JSON_ENCODE_ANY);
	json_decref(object);
	ret = json_loads(text, JSON_DECODE_ANY, NULL);
	if (json_is_object(ret)) {
		json_decref(ret);
		ret = json_tree_load(text, strlen(text), 0, NULL, &problem);
		assert_string_equal(problem.text, "");
	}
	free(text);
	return ret;
}

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, TEXT_SIZE - used, format, arguments);
	va_end(arguments);
}

static void add_addresses(char *text, const char *what, const struct address *addresses,
			  size_t count)
{
	char buffer[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		add(text, "%s%s", i ? "," : what, address_text(&addresses[i], buffer));
}

/* What a decoder left out, if it returned 1. */
static void add_left_out(char *text, int r, const struct error *err)
{
	if (r > 0)
		add(text, " ~ %s", err->text);
}

struct row {
	const char *what, *yaml, *expected;
};

static void check_rows(void (*render)(const char *yaml, char text[TEXT_SIZE]),
		       const struct row *rows, size_t count)
{
	char text[TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		print_message("%s\n", rows[i].what);
		render(rows[i].yaml, text);
		assert_string_equal(text, rows[i].expected);
	}
}

#endif
