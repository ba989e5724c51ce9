/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/saved_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_canonical(void **state)
{
	static const struct {
		const char *what, *a, *b;
		bool is_equal;
	} cases[] = {
		{"identity", "-j DROP", "-j DROP", true},
		{"blanks", "-s  1.2.3.4   -j DROP ", "-s 1.2.3.4 -j DROP", true},
		{"a host with and without its length", "-s 1.2.3.4/32 -j DROP",
		 "-s 1.2.3.4 -j DROP", true},
		{"an IPv6 host", "-d fd00::1/128 -j DROP", "-d fd00::1 -j DROP", true},
		{"another prefix", "-s 1.2.3.0/24 -j DROP", "-s 1.2.3.0 -j DROP", false},
		{"/32 of an IPv6 address", "-s fd00::/32 -j DROP", "-s fd00:: -j DROP", false},
		{"quotes where none are needed", "-m comment --comment \"x\" -j DROP",
		 "-m comment --comment x -j DROP", true},
		{"an escaped quote", "-m comment --comment \"a \\'b\\'\"",
		 "-m comment --comment \"a 'b'\"", true},
		{"a blank in a comment is not a separator", "-m comment --comment \"a b\"",
		 "-m comment --comment a b", false},
		{"the order of matches", "-m mark --mark 0x1/0x1 -m addrtype --dst-type LOCAL",
		 "-m addrtype --dst-type LOCAL -m mark --mark 0x1/0x1", true},
		{"the order of leading options", "-p tcp -s 1.2.3.4", "-s 1.2.3.4 -p tcp", true},
		{"a negated leading option", "! -s 1.2.3.4 -p tcp", "-s 1.2.3.4 ! -p tcp", false},
		{"a negated match", "-m mark ! --mark 0x1/0x1", "-m mark --mark 0x1/0x1", false},
		{"an option of another match", "-m a --x -m b", "-m a -m b --x", false},
		{"the target's options", "-j MARK --set-xmark 0x4000/0x4000",
		 "-j MARK --set-xmark 0x4000/0x0", false},
		{"a number too large to be one", "-m mark --mark 0xffffffffffffffffff",
		 "-m mark --mark 0xfffffffffffffffffe", false},
		{"nothing", "", "  ", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *a = saved_rules_canonical(cases[i].a);
		auto_memory char *b = saved_rules_canonical(cases[i].b);

		print_message("%s\n", cases[i].what);
		assert_int_equal(strcmp(a, b) == 0, cases[i].is_equal);
	}
}

static void test_reader(void **state)
{
	auto_free(saved_rules) struct saved_rules *saved =
		saved_rules_new("# a comment\n-A KUBE-LOST -j DROP\n*nat\n:INPUT ACCEPT [0:0]\n"
				":KUBE-A - [0:0]\n[17:4] -A KUBE-A -j DROP\nnonsense\n"
				"-A KUBE-UNDECLARED -j DROP\n-A INPUT -j LOG\n"
				"-A INPUT -g KUBE-A\nCOMMIT\n*filter\n:KUBE-A - [0:0]");
	const struct saved_chain *chain = saved_rules_chain(saved, "nat", "KUBE-A");

	(void)state;
	assert_non_null(chain);
	assert_int_equal(chain->count, 1);
	assert_string_equal(chain->rules[0].target, "DROP");
	chain = saved_rules_chain(saved, "nat", "INPUT");
	assert_int_equal(chain->count, 1);
	assert_string_equal(chain->rules[0].target, "KUBE-A");
	assert_int_equal(saved_rules_chain(saved, "filter", "KUBE-A")->count, 0);
	assert_null(saved_rules_chain(saved, "nat", "KUBE-UNDECLARED"));
	assert_null(saved_rules_chain(saved, "mangle", "KUBE-A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
