/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that nobody would send, and what is still known of them. */
#include "lib/source/object_field.h"
#include "lib/source/proto/proto_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) literal, sizeof(literal) - 1

/* metadata {name: "web", namespace: "shop", uid: "1"} */
#define META "\x0a\x0e\x0a\x03web\x1a\x04shop\x2a\x01\x31"

static const char *text_at(struct object_value value, const char *name)
{
	static char text[200];
	struct object_field root = object_field_root(value);
	struct object_field metadata = object_field_get(&root, "metadata");
	struct object_field field = object_field_get(&metadata, name);

	snprintf(text, sizeof(text), "%s", object_field_plain_text(&field));
	return text;
}

static void test_what_cannot_be_unpacked(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t size;
		const char *name; /* NULL: not known */
	} rows[] = {
		{"a field that ends too early", BYTES(META "\x12\x20"), "web"},
		{"a list of numbers where texts are", BYTES(META "\x12\x02\x18\x01"), "web"},
		{"a group", BYTES(META "\x13\x14"), "web"},
		{"metadata at the end", BYTES("\x12\x02\x18\x01" META), "web"},
		{"metadata behind what ends too early", BYTES("\x12\x7f" META), NULL},
		{"metadata with a number as name", BYTES("\x0a\x02\x08\x01"), ""},
		{"metadata that ends too early", BYTES("\x0a\x09\x0a\x03web"), NULL},
		{"metadata whose end is broken", BYTES("\x0a\x07\x0a\x03web\x1a\x04"), "web"},
		{"metadata that is a number", BYTES("\x08\x01"), NULL},
		{"a NUL in the name", BYTES("\x0a\x07\x0a\x03w\0b\x1a\x04"), ""},
	};
	auto_free(proto_arena) struct proto_arena *arena = proto_arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct object_value value = {0};
		struct error err = {0};

		print_message("%s\n", rows[i].what);
		assert_true(proto_object_unpack(arena, OBJECT_KIND_SERVICE, rows[i].bytes,
						rows[i].size, &value, &err) < 0);
		assert_string_equal(err.text, "not a protocol buffer of Service");
		value = proto_object_unpack_identity(arena, rows[i].bytes, rows[i].size);
		assert_int_equal(value.type == OBJECT_VALUE_ABSENT, !rows[i].name);
		assert_string_equal(text_at(value, "name"), rows[i].name ? rows[i].name : "");
	}
}

static void test_texts(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t size;
		enum object_value_type type;
	} rows[] = {
		{"absent", BYTES("\x0a\x00"), OBJECT_VALUE_ABSENT},
		{"empty", BYTES("\x0a\x02\x0a\x00"), OBJECT_VALUE_TEXT},
		{"ASCII", BYTES("\x0a\x03\x0a\x01w"), OBJECT_VALUE_TEXT},
		{"a NUL", BYTES("\x0a\x05\x0a\x03w\0b"), OBJECT_VALUE_OTHER},
		{"characters of two, three and four bytes",
		 BYTES("\x0a\x0b\x0a\x09\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), OBJECT_VALUE_TEXT},
		{"a byte that begins none", BYTES("\x0a\x03\x0a\x01\xff"), OBJECT_VALUE_OTHER},
		{"a byte that continues none", BYTES("\x0a\x03\x0a\x01\x80"), OBJECT_VALUE_OTHER},
		{"a character that ends too early", BYTES("\x0a\x04\x0a\x02\xe2\x82"),
		 OBJECT_VALUE_OTHER},
		{"a character that is longer than it has to be", BYTES("\x0a\x04\x0a\x02\xc0\xaf"),
		 OBJECT_VALUE_OTHER},
		{"half of a pair", BYTES("\x0a\x05\x0a\x03\xed\xa0\x80"), OBJECT_VALUE_OTHER},
		{"beyond Unicode", BYTES("\x0a\x06\x0a\x04\xf4\x90\x80\x80"), OBJECT_VALUE_OTHER},
	};
	auto_free(proto_arena) struct proto_arena *arena = proto_arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct object_value value = {0};
		struct object_field root, metadata, name;

		print_message("%s\n", rows[i].what);
		assert_int_equal(proto_object_unpack(arena, OBJECT_KIND_NODE, rows[i].bytes,
						     rows[i].size, &value, NULL),
				 0);
		root = object_field_root(value);
		metadata = object_field_get(&root, "metadata");
		name = object_field_get(&metadata, "name");
		assert_int_equal(name.value.type, rows[i].type);
		proto_arena_empty(arena);
	}
}

static void test_maps(void **state)
{
	/* labels {a: 1, b, a: 2, "a\0c": 3} */
	static const char bytes[] = "\x0a\x1d"
				    "\x5a\x06\x0a\x01"
				    "a\x12\x01\x31"
				    "\x5a\x03\x0a\x01"
				    "b"
				    "\x5a\x06\x0a\x01"
				    "a\x12\x01\x32"
				    "\x5a\x06\x0a\x02"
				    "a\0\x12\x00";
	auto_free(proto_arena) struct proto_arena *arena = proto_arena_new();
	struct object_value value = {0};
	struct object_field root, metadata, labels, a, b, c;

	(void)state;
	assert_int_equal(proto_object_unpack(arena, OBJECT_KIND_SERVICE, bytes, sizeof(bytes) - 1,
					     &value, NULL),
			 0);
	root = object_field_root(value);
	metadata = object_field_get(&root, "metadata");
	labels = object_field_get(&metadata, "labels");
	a = object_field_get(&labels, "a");
	b = object_field_get(&labels, "b");
	c = object_field_get(&labels, "c");
	assert_string_equal(object_field_plain_text(&a), "2");
	assert_int_equal(b.value.type, OBJECT_VALUE_TEXT);
	assert_string_equal(object_field_plain_text(&b), "");
	assert_int_equal(c.value.type, OBJECT_VALUE_ABSENT);
}

/* Two bytes each on the wire, a hundred in memory; or a list that grows with each merged message. */
static void test_messages_that_explode(void **state)
{
	static const struct {
		const char *what;
		const char *part;
		size_t size;
	} rows[] = {
		{"empty endpoints", BYTES("\x12\x00")},
		{"metadata over and over", BYTES("\x0a\x04\x5a\x02\x0a\x00")},
	};
	auto_free(proto_arena) struct proto_arena *arena = proto_arena_new();
	size_t size = (size_t)8 << 20;
	auto_memory char *bytes = memory_allocate(size);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = size / rows[i].size;
		struct object_value value = {0};
		struct error err = {0};

		print_message("%s\n", rows[i].what);
		for (size_t j = 0; j < count; j++)
			memcpy(bytes + j * rows[i].size, rows[i].part, rows[i].size);
		assert_true(proto_object_unpack(arena, OBJECT_KIND_ENDPOINT_SLICE, bytes,
						count * rows[i].size, &value, &err) < 0);
		proto_arena_empty(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be_unpacked),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_messages_that_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
