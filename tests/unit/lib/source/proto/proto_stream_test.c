/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists and watches in protocol buffers are cut into objects, wherever the bytes were split; lengths that lie
 * cost neither memory nor time. */
#include "lib/source/proto/proto_stream.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was delivered, each in brackets. */
struct heard {
	char text[200];
	int refuse_after; /* -1: never */
};

static int on_object(void *owner, const char *bytes, size_t size, struct error *err)
{
	struct heard *heard = owner;
	size_t used = strlen(heard->text);

	if (heard->refuse_after == 0)
		return error_set(err, -ECANCELED, "enough");
	heard->refuse_after--;
	snprintf(heard->text + used, sizeof(heard->text) - used, "[%.*s]", (int)size, bytes);
	return 0;
}

#define BYTES(literal) literal, sizeof(literal) - 1

struct row {
	const char *what;
	const char *bytes;
	size_t size;
	const char *objects;
	const char *end; /* of a list "KIND VERSION TOKEN"; "!..." is an error */
};

/* @raw: with its length before it */
#define LIST(raw)  "k8s\0\x0a\x0f\x0a\x02v1\x12\x09PodDoList\x12" raw
#define META	   "\x0a\x03\x12\x01\x37"
#define OVER_LONG  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
#define HUGE_COUNT "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"

static const struct row lists[] = {
	{"an empty list", BYTES(LIST("\x05" META)), "", "PodDoList 7 "},
	{"two items", BYTES(LIST("\x0c" META "\x12\x02xy\x12\x01z")), "[xy][z]", "PodDoList 7 "},
	{"an empty item", BYTES(LIST("\x0a" META "\x12\x00\x12\x01z")), "[][z]", "PodDoList 7 "},
	{"items before what is said of the list", BYTES(LIST("\x08\x12\x01z" META)), "[z]",
	 "PodDoList 7 "},
	{"a token for the next page", BYTES(LIST("\x09\x0a\x07\x12\x01\x37\x1a\x02qq")), "",
	 "PodDoList 7 qq"},
	{"encoding and type behind it", BYTES(LIST("\x08" META "\x12\x01z") "\x1a\x00\x22\x00"),
	 "[z]", "PodDoList 7 "},
	{"fields of a later version",
	 BYTES(LIST("\x1d\x18\x96\x01\x21"
		    "12345678\x2d"
		    "1234\x32\x02??" META "\x12\x01z")),
	 "[z]", "PodDoList 7 "},
	{"no version", BYTES(LIST("\x03\x12\x01z")), "[z]", "PodDoList  "},
	{"no type", BYTES("k8s\0\x12\x08" META "\x12\x01z"), "[z]", " 7 "},
	{"a NUL in the version ends it", BYTES(LIST("\x06\x0a\x04\x12\x02\x37\x00")), "",
	 "PodDoList 7 "},
	{"cut in an item", BYTES(LIST("\x09" META "\x12\x05z")), "", "!"},
	{"cut before an item", BYTES(LIST("\x0c" META "\x12\x02xy")), "[xy]", "!"},
	{"cut in a field's header", BYTES(LIST("\x0c" META "\x12\x02xy\x12")), "[xy]", "!"},
	{"cut before the list", BYTES("k8s\0\x0a"), "", "!"},
	{"nothing but the beginning", BYTES("k8s\0"), "", "  "},
	{"nothing", BYTES(""), "", "!"},
	{"JSON", BYTES("{\"kind\":\"PodList\"}"), "", "!"},
	{"an item that is longer than its list", BYTES(LIST("\x08" META "\x12\x02xy")), "", "!"},
	{"metadata that is longer than its list", BYTES(LIST("\x05\x0a\x04\x12\x01\x37")), "", "!"},
	{"a list of any length", BYTES(LIST(HUGE_COUNT META "\x12\x01z")), "[z]", "!"},
	{"an item of any length", BYTES(LIST(HUGE_COUNT META "\x12\xff\xff\xff\xff\xff\x1fz")), "",
	 "!"},
	{"an unknown field of any length", BYTES(LIST(HUGE_COUNT META "\x32\xff\xff\xff\xff\x1fz")),
	 "", "!"},
	{"an unknown field of any length outside",
	 BYTES(LIST("\x05" META) "\x32\xff\xff\xff\xff\x1fz"), "", "!"},
	{"a length that does not end", BYTES(LIST("\x20" META "\x12" OVER_LONG)), "", "!"},
	{"a field that does not end", BYTES(LIST("\x20" META OVER_LONG)), "", "!"},
	{"a field without a number", BYTES(LIST("\x0a" META "\x02\x01z\x12\x00")), "", "!"},
	{"a group", BYTES(LIST("\x08" META "\x13\x14\x00")), "", "!"},
};

static const struct row frames[] = {
	{"two frames", BYTES("\0\0\0\x02xy\0\0\0\x01z"), "[xy][z]", ""},
	{"an empty frame", BYTES("\0\0\0\0\0\0\0\x01z"), "[][z]", ""},
	{"a frame without an end", BYTES("\0\0\0\x01z\0\0\0\x03xy"), "[z]", ""},
	{"a length without an end", BYTES("\0\0\0\x01z\0\0"), "[z]", ""},
	{"nothing", BYTES(""), "", ""},
	{"a frame of any length", BYTES("\0\0\0\x01z\xff\xff\xff\xffxy"), "[z]", "!"},
	{"JSON", BYTES("{\"type\":\"ADDED\"}\n"), "", "!"},
};

static void check(const struct row *row, const struct heard *heard, const char *end, int r)
{
	assert_string_equal(heard->text, row->objects);
	if (*row->end == '!')
		assert_true(r == -EINVAL || r == -EBADMSG);
	else
		assert_int_equal(r, 0);
	if (r >= 0)
		assert_string_equal(end, row->end);
}

static void feed_list(const struct row *row, size_t piece)
{
	struct heard heard = {.refuse_after = -1};
	auto_free(proto_list) struct proto_list *list = proto_list_new(on_object, &heard);
	struct proto_list_end end;
	struct error err = {0};
	char text[100] = "";
	int r = 0;

	for (size_t at = 0; r >= 0 && at < row->size; at += piece)
		r = proto_list_feed(list, row->bytes + at,
				    row->size - at < piece ? row->size - at : piece, &err);
	if (r >= 0)
		r = proto_list_finish(list, &end, &err);
	if (r >= 0)
		snprintf(text, sizeof(text), "%s %s %s", end.kind, end.version, end.token);
	check(row, &heard, text, r);
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		print_message("%s\n", lists[i].what);
		for (size_t piece = 1; piece < 20; piece++)
			feed_list(&lists[i], piece);
		feed_list(&lists[i], 1000);
	}
}

static void feed_frames(const struct row *row, size_t piece)
{
	struct heard heard = {.refuse_after = -1};
	auto_free(proto_frames) struct proto_frames *reader = proto_frames_new(on_object, &heard);
	struct error err = {0};
	int r = 0;

	for (size_t at = 0; r >= 0 && at < row->size; at += piece)
		r = proto_frames_feed(reader, row->bytes + at,
				      row->size - at < piece ? row->size - at : piece, &err);
	check(row, &heard, "", r);
}

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(frames); i++) {
		print_message("%s\n", frames[i].what);
		for (size_t piece = 1; piece < 12; piece++)
			feed_frames(&frames[i], piece);
		feed_frames(&frames[i], 1000);
	}
}

static void test_refusal(void **state)
{
	static const char list[] = LIST("\x0c" META "\x12\x02xy\x12\x01z");
	struct heard heard = {.refuse_after = 1};
	auto_free(proto_list) struct proto_list *reader = proto_list_new(on_object, &heard);
	struct error err = {0};

	(void)state;
	assert_int_equal(proto_list_feed(reader, list, sizeof(list) - 1, &err), -ECANCELED);
	assert_string_equal(heard.text, "[xy]");
}

/* Memory follows what has come, not what was announced. */
static void test_announced_memory(void **state)
{
	static const char list[] = LIST("\xff\xff\xff\x1f" META "\x12\xff\xff\xff\x07z");
	static const char frame[] = "\0\xff\xff\xff"
				    "z";
	struct heard heard = {.refuse_after = -1};
	auto_free(proto_list) struct proto_list *reader = proto_list_new(on_object, &heard);
	auto_free(proto_frames) struct proto_frames *others = proto_frames_new(on_object, &heard);
	struct error err = {0};
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

	(void)state;
	assert_int_equal(proto_list_feed(reader, list, sizeof(list) - 1, &err), 0);
	assert_int_equal(proto_frames_feed(others, frame, sizeof(frame) - 1, &err), 0);
	assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + 4096);
	assert_string_equal(heard.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_announced_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
