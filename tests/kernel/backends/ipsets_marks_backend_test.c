/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "witness.h"

/* Sets whose members have marks. As root; every test has a network namespace of its own. */

static struct virtual_server_key cluster_key(const char *address, uint16_t port)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	assert_true(address_parse(address, &key.address));
	key.port = port;
	key.protocol = IPPROTO_TCP;
	key.client_scope = CLIENT_SCOPE_IN_CLUSTER;
	return key;
}

#define MARK_LINES "ipset save | sed -n '/^add/p' | LC_ALL=C sort"

static void test_marks(void **state)
{
	static const struct mark_range range = {0x60000000, 0x1fff0000};
	struct virtual_server_key web = cluster_key("203.0.113.1", 80);
	struct virtual_server_key six = cluster_key("2001:db8::1", 80);
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(marks) struct marks *marks = marks_new(&range);
	auto_free(changes) struct changes *changes = changes_new();
	const char *reason;

	(void)state;
	assert_true(ipsets_has_marks(ipsets, &reason));
	ipsets_use_marks(ipsets, marks);
	marks_take(marks, &web);
	marks_take(marks, &six);
	marks_set_use(marks, &web, MARK_USE_SERVER, true);
	marks_set_use(marks, &six, MARK_USE_SERVER, true);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &web);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &six);
	ipsets_fixture_add(
		changes, CHANGE_KIND_MEMBER_ADD,
		ipsets_fixture_member(SET_KIND_IN_CLUSTER, "203.0.113.1", IPPROTO_TCP, 80, NULL));
	ipsets_fixture_add(
		changes, CHANGE_KIND_MEMBER_ADD,
		ipsets_fixture_member(SET_KIND_IN_CLUSTER, "203.0.113.9", IPPROTO_TCP, 80, NULL));
	ipsets_fixture_add(
		changes, CHANGE_KIND_MEMBER_ADD,
		ipsets_fixture_member(SET_KIND_IN_CLUSTER, "2001:db8::1", IPPROTO_TCP, 80, NULL));
	ipsets_fixture_apply(ipsets, changes);
	assert_int_equal(changes->items[0].result, 0);
	assert_int_equal(changes->items[1].result, -EAGAIN); /* nothing to send it to */
	assert_int_equal(changes->items[2].result, 0);
#define AS_IT_SHOULD_BE                                                       \
	"add KUBE-6-IN-CLUSTER 2001:db8::1,tcp:80 skbmark 0x20020000\n"       \
	"add KUBE-6-IN-CLUSTER-MARKS 2001:db8::1,tcp:80 skbmark 0x60020000\n" \
	"add KUBE-IN-CLUSTER 203.0.113.1,tcp:80 skbmark 0x20010000\n"         \
	"add KUBE-IN-CLUSTER-MARKS 203.0.113.1,tcp:80 skbmark 0x60010000\n"
	witness_expect(MARK_LINES, AS_IT_SHOULD_BE);
	assert_int_equal(ipsets_fixture_count(ipsets), 2);

	/* To look changes nothing. A member with another mark counts as none. */
	witness_run("ipset flush KUBE-IN-CLUSTER-MARKS");
	witness_run("ipset add KUBE-6-IN-CLUSTER-MARKS 2001:db8::9,tcp:1 skbmark 0x7");
	witness_run("ipset add -exist KUBE-IN-CLUSTER 203.0.113.1,tcp:80 skbmark 0x40030000");
	assert_int_equal(ipsets_fixture_count(ipsets), 1);
	witness_expect(MARK_LINES,
		       "add KUBE-6-IN-CLUSTER 2001:db8::1,tcp:80 skbmark 0x20020000\n"
		       "add KUBE-6-IN-CLUSTER-MARKS 2001:db8::1,tcp:80 skbmark 0x60020000\n"
		       "add KUBE-6-IN-CLUSTER-MARKS 2001:db8::9,tcp:1 skbmark 0x7\n"
		       "add KUBE-IN-CLUSTER 203.0.113.1,tcp:80 skbmark 0x40030000\n");

	/* The repairs bring the names back; what is wrong goes, unless it is right by then. */
	ipsets_fixture_repair(ipsets);
	witness_expect("ipset list -o save KUBE-IN-CLUSTER | grep -c ^add || true", "0\n");
	ipsets_fixture_apply(ipsets, changes);
	ipsets_fixture_repair(ipsets);
	witness_expect(MARK_LINES, AS_IT_SHOULD_BE);

	/* Who comes after this process learns the marks. */
	marks_free(take(&marks));
	marks = marks_new(&range);
	ipsets_use_marks(ipsets, marks);
	assert_int_equal(ipsets_fixture_count(ipsets), 2);
	assert_int_equal(marks_find(marks, &web), 0x60010000);
	assert_int_equal(marks_find(marks, &six), 0x60020000);

	/* A name of nothing goes once it is known that there is nothing. */
	changes_clear(changes);
	ipsets_fixture_add(
		changes, CHANGE_KIND_MEMBER_REMOVE,
		ipsets_fixture_member(SET_KIND_IN_CLUSTER, "203.0.113.1", IPPROTO_TCP, 80, NULL));
	ipsets_fixture_apply_all(ipsets, changes);
	assert_int_equal(ipsets_fixture_count(ipsets), 1);
	ipsets_fixture_repair(ipsets);
	assert_int_equal(marks_find(marks, &web), 0x60010000);
	marks_scan_begin(marks, MARK_USE_SERVER);
	marks_scan_end(marks, MARK_USE_SERVER);
	assert_int_equal(ipsets_fixture_count(ipsets), 1);
	ipsets_fixture_repair(ipsets);
	assert_int_equal(marks_find(marks, &web), 0);
	witness_expect("ipset list -o save KUBE-IN-CLUSTER-MARKS | grep -c ^add || true", "0\n");
	ipsets_close(ipsets);
}

static void test_marks_survive_growth(void **state)
{
	static const struct mark_range range = {0x60000000, 0x1fff0000};
	enum { COUNT_OF_KEYS = 100 };
	struct ipsets *ipsets = NULL;
	auto_free(marks) struct marks *marks = marks_new(&range);

	(void)state;
	witness_run("ipset create KUBE-IN-CLUSTER-MARKS hash:ip,port maxelem 64 skbinfo");
	ipsets = ipsets_fixture_open();
	ipsets_use_marks(ipsets, marks);
	for (uint16_t i = 0; i < COUNT_OF_KEYS; i++) {
		struct virtual_server_key key = cluster_key("203.0.113.1", (uint16_t)(i + 1));

		marks_take(marks, &key);
		ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &key);
	}
	witness_expect(
		"ipset save KUBE-IN-CLUSTER-MARKS | grep -c '^add .* skbmark 0x60[0-9a-f]*0000$'",
		"100\n");
	witness_expect(
		"ipset save KUBE-IN-CLUSTER-MARKS | grep -c '^add .*,tcp:100 skbmark 0x60640000$'",
		"1\n");
	ipsets_close(ipsets);
}

static void test_a_set_without_marks(void **state)
{
	struct ipsets *ipsets = NULL;
	const char *reason;

	(void)state;
	witness_run("ipset create KUBE-6-IN-CLUSTER hash:ip,port family inet6");
	ipsets = ipsets_fixture_open();
	assert_false(ipsets_has_marks(ipsets, &reason));
	assert_string_equal(reason, "set KUBE-6-IN-CLUSTER exists without marks (skbinfo)");
	ipsets_close(ipsets);
}

/* What was planned to go is in use again by the time that it is to go. */
static void test_a_name_that_is_needed_again(void **state)
{
	static const struct mark_range range = {0x60000000, 0x1fff0000};
	struct virtual_server_key web = cluster_key("203.0.113.1", 80);
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(marks) struct marks *marks = marks_new(&range);

	(void)state;
	ipsets_use_marks(ipsets, marks);
	marks_take(marks, &web);
	marks_set_use(marks, &web, MARK_USE_SERVER, true);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &web);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_REMOVE, &web);
	witness_expect(MARK_LINES,
		       "add KUBE-IN-CLUSTER-MARKS 203.0.113.1,tcp:80 skbmark 0x60010000\n");
	assert_int_equal(marks_find(marks, &web), 0x60010000);

	marks_set_use(marks, &web, MARK_USE_SERVER, false);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_REMOVE, &web);
	witness_expect(MARK_LINES, "");
	assert_int_equal(marks_find(marks, &web), 0);
	ipsets_close(ipsets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_marks, witness_enter_namespace),
		cmocka_unit_test_setup(test_marks_survive_growth, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_name_that_is_needed_again, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_set_without_marks, witness_enter_namespace),
	};

	return cmocka_run_group_tests_name("ipsets_marks", tests, NULL, NULL);
}
