/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/marks.h"

#include "tests/fake/object_text.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Three marks: 0x60010000, 0x60020000, 0x60030000 */
static const struct mark_range three = {0x60000000, 0x30000};

static struct virtual_server_key key_of(const char *address, uint16_t port)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = object_text_address(address);
	key.port = port;
	key.protocol = IPPROTO_TCP;
	key.client_scope = CLIENT_SCOPE_IN_CLUSTER;
	return key;
}

/* As the kernel names a virtual server by mark. */
static struct virtual_server_key by_mark(uint32_t mark, uint16_t family)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.firewall_mark = mark;
	key.address.family = family;
	return key;
}

static void test_ranges(void **state)
{
	static const struct {
		const char *what;
		struct mark_range range;
		bool is_valid;
	} cases[] = {
		{"the default", {0x60000000, 0x1fff007e}, true},
		{"a mark that is negative to ipvsadm", {0xc0000000, 0x3fff0000}, false},
		{"one mark", {0x5, 0x2}, true},
		{"a base of one bit", {0x40000000, 0x1fff0000}, false},
		{"base and mask overlap", {0x60000000, 0x3fff0000}, false},
		{"no base: others have marks without it", {0, 0xff}, false},
		{"no mask", {0x60000000, 0}, false},
		{"a gap in the mask", {0x60000000, 0x5}, true},
		{"20 bits", {0x60000000, 0xfffff}, true},
		{"21 bits are too many", {0x60000000, 0x1fffff}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].what);
		assert_int_equal(mark_range_is_valid(&cases[i].range), cases[i].is_valid);
	}
}

static void test_choice(void **state)
{
	auto_free(marks) struct marks *marks = marks_new(&three);
	struct virtual_server_key a = key_of("10.0.0.1", 80), b = key_of("10.0.0.1", 81);
	struct virtual_server_key c = key_of("fd00::1", 80), d = key_of("10.0.0.2", 80);
	auto_free(changes) struct changes *names = changes_new();

	(void)state;
	assert_int_equal(marks_find(marks, &a), 0);
	assert_int_equal(marks_set_value(marks, &a), 0);
	assert_int_equal(marks_take(marks, &a), 0x60010000);
	assert_int_equal(marks_take(marks, &a), 0x60010000);
	assert_int_equal(marks_set_value(marks, &a), 0x20010000);
	assert_int_equal(marks_take(marks, &b), 0x60020000);
	assert_int_equal(marks_take(marks, &c), 0x60030000);
	assert_int_equal(marks_take(marks, &d), 0); /* none left */
	marks_drop(marks, &b);
	marks_drop(marks, &b);
	assert_int_equal(marks_find(marks, &b), 0);
	assert_int_equal(marks_take(marks, &d), 0x60020000);
	marks_plan_names(marks, names);
	assert_int_equal(names->count, 3);
}

/* IPVS looks for marks in 256 lists, by their lowest bits, of which the default has six. */
static void test_marks_are_spread(void **state)
{
	const struct mark_range range = {0x60000000, 0x1fff007e};
	auto_free(marks) struct marks *marks = marks_new(&range);
	unsigned int lists[256] = {0};

	(void)state;
	for (uint16_t port = 1; port <= 6400; port++) {
		struct virtual_server_key key = key_of("10.0.0.1", port);
		uint32_t mark = marks_take(marks, &key);

		assert_int_equal(mark & ~range.mask, range.base);
		assert_int_not_equal(mark, range.base);
		assert_true(++lists[mark & 0xff] <= 101);
		assert_int_equal(marks_find(marks, &key), mark);
	}

	/* What an agent with the range 0x1fff0000 left is still what it was. */
	{
		struct virtual_server_key old = key_of("10.0.0.2", 80);
		struct virtual_server_key found = by_mark(0x7abc0000, AF_INET);

		assert_true(marks_learn(marks, &old, 0x7abc0000));
		marks_translate(marks, &found);
		assert_memory_equal(&found, &old, sizeof(found));
	}
}

static void test_a_mark_is_not_chosen_again_at_once(void **state)
{
	auto_free(marks) struct marks *marks = marks_new(&three);
	struct virtual_server_key a = key_of("10.0.0.1", 80);

	(void)state;
	assert_int_equal(marks_take(marks, &a), 0x60010000);
	marks_drop(marks, &a);
	assert_int_equal(marks_take(marks, &a), 0x60020000);
}

static void test_what_the_kernel_says(void **state)
{
	auto_free(marks) struct marks *marks = marks_new(&three);
	struct virtual_server_key a = key_of("10.0.0.1", 80), b = key_of("10.0.0.1", 81);
	struct virtual_server_key found;

	(void)state;
	assert_true(marks_learn(marks, &a, 0x60020000));
	assert_true(marks_learn(marks, &a, 0x60020000));
	assert_int_equal(marks_find(marks, &a), 0x60020000);
	assert_false(marks_learn(marks, &b, 0x60020000)); /* is a's */
	assert_false(marks_learn(marks, &b, 0x50000));	  /* of another range */
	assert_false(marks_learn(marks, &b, 0));
	assert_int_equal(marks_find(marks, &b), 0);

	found = by_mark(0x60020000, AF_INET);
	marks_translate(marks, &found);
	assert_memory_equal(&found, &a, sizeof(a));

	/* The same mark in the other family is somebody else's. */
	found = by_mark(0x60020000, AF_INET6);
	marks_translate(marks, &found);
	assert_int_equal(found.firewall_mark, 0x60020000);
	assert_int_equal(found.client_scope, CLIENT_SCOPE_ANY);

	/* What was ours under other settings is ours to remove. */
	found = by_mark(0x50000, AF_INET);
	marks_translate(marks, &found);
	assert_int_equal(found.firewall_mark, 0x50000);
	assert_int_equal(found.client_scope, CLIENT_SCOPE_IN_CLUSTER);
}

static void test_marks_of_others_are_not_chosen(void **state)
{
	auto_free(marks) struct marks *marks = marks_new(&three);
	struct virtual_server_key a = key_of("10.0.0.1", 80);
	struct virtual_server_key found = by_mark(0x60010000, AF_INET), far = by_mark(17, AF_INET);

	(void)state;
	marks_translate(marks, &far);
	assert_int_equal(far.client_scope, CLIENT_SCOPE_ANY);
	assert_int_equal(marks_foreign_count(marks), 0);
	marks_translate(marks, &found);
	marks_translate(marks, &found);
	assert_int_equal(found.client_scope, CLIENT_SCOPE_ANY);
	assert_int_equal(marks_foreign_count(marks), 1);
	assert_int_equal(marks_take(marks, &a), 0x60020000);
}

static void test_uses(void **state)
{
	auto_free(marks) struct marks *marks = marks_new(&three);
	struct virtual_server_key a = key_of("10.0.0.1", 80), b = key_of("10.0.0.1", 81);

	(void)state;
	marks_take(marks, &a);
	marks_take(marks, &b);
	marks_set_use(marks, &a, MARK_USE_NAME, true);
	marks_set_use(marks, &a, MARK_USE_SERVER, true);
	marks_set_use(marks, &b, MARK_USE_SERVER, true);
	assert_int_equal(marks_uses(marks, &a), MARK_USE_NAME | MARK_USE_SERVER);
	assert_false(marks_has_seen(marks, MARK_USE_SERVER));

	/* A look that is cut short says nothing; one that ends says all. */
	marks_scan_begin(marks, MARK_USE_SERVER);
	assert_int_equal(marks_uses(marks, &a), MARK_USE_NAME | MARK_USE_SERVER);
	marks_scan_begin(marks, MARK_USE_SERVER);
	marks_scan_see(marks, &b, MARK_USE_SERVER);
	marks_scan_end(marks, MARK_USE_SERVER);
	assert_int_equal(marks_uses(marks, &a), MARK_USE_NAME);
	assert_int_equal(marks_uses(marks, &b), MARK_USE_SERVER);
	assert_true(marks_has_seen(marks, MARK_USE_SERVER));
	marks_drop(marks, &a);
	assert_int_equal(marks_uses(marks, &a), 0);
}

static void test_without_a_range(void **state)
{
	static const struct mark_range none;
	auto_free(marks) struct marks *marks = marks_new(&none);
	struct virtual_server_key a = key_of("10.0.0.1", 80);
	struct virtual_server_key found = by_mark(0x60010000, AF_INET);

	(void)state;
	assert_int_equal(marks_take(marks, &a), 0);
	assert_false(marks_learn(marks, &a, 0x60010000));
	marks_translate(marks, &found);
	assert_int_equal(found.client_scope, CLIENT_SCOPE_IN_CLUSTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_marks_are_spread),
		cmocka_unit_test(test_a_mark_is_not_chosen_again_at_once),
		cmocka_unit_test(test_what_the_kernel_says),
		cmocka_unit_test(test_marks_of_others_are_not_chosen),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_without_a_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
