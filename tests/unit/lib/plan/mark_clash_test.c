/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/mark_clash.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_clashes(void **state)
{
	static const struct mark_range range = {0x60000000, 0x1fff0000};
	static const struct {
		const char *what, *rule, *clash;
	} cases[] = {
		{"nothing about marks", "-A INPUT -s 10.0.0.0/8 -j ACCEPT", NULL},
		{"bits that are not ours", "-A INPUT -j MARK --set-xmark 0x8000/0x8000", NULL},
		{"bits of ours are set", "-A cali-fw -j MARK --set-xmark 0x10000/0x10000",
		 "chain cali-fw of table mangle: -j MARK --set-xmark 0x10000/0x10000"},
		{"bits of ours are cleared", "-A cali-fw -j MARK --set-xmark 0x0/0xffff0000",
		 "chain cali-fw of table mangle: -j MARK --set-xmark 0x0/0xffff0000"},
		{"all bits are set", "-A X -i eth0 -j MARK --set-xmark 0x1/0xffffffff",
		 "chain X of table mangle: -i eth0 -j MARK --set-xmark 0x1/0xffffffff"},
		{"a connection's mark is restored",
		 "-A X -i eni+ -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80", NULL},
		{"with bits of ours",
		 "-A X -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
		 "chain X of table mangle: -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask "
		 "0xffffffff"},
		{"a connection's mark is saved: that does not change the packet",
		 "-A X -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff", NULL},
		{"bits of ours are asked for", "-A ts -m mark --mark 0x40000/0xff0000 -j ACCEPT",
		 "chain ts of table mangle: -m mark --mark 0x40000/0xff0000 -j ACCEPT"},
		{"of marks that cannot be ours", "-A X -m mark --mark 0x10001/0x3000f -j ACCEPT",
		 NULL},
		{"one mark that is not ours", "-A X -m mark --mark 0x1 -j ACCEPT", NULL},
		{"marks that are not something", "-A X -m mark ! --mark 0x10000/0x10000 -j RETURN",
		 NULL},
		{"what we and kubelet have", "-A KUBE-X -j MARK --set-xmark 0x10000/0x10000", NULL},
		{"what leads to our chains", "-A OUTPUT -m mark --mark 0x10000/0x10000 -j KUBE-X",
		 NULL},
		{"nonsense", "-A X -m mark --mark -j MARK --set-xmark", NULL},
		{"no rule", "-A ", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *saved = string_printf(
			"# saved\n*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\n%s\nCOMMIT\n",
			cases[i].rule);
		auto_memory char *clash = mark_clash_find(saved, &range);

		print_message("%s\n", cases[i].what);
		if (cases[i].clash)
			assert_string_equal(clash, cases[i].clash);
		else
			assert_null(clash);
	}
	assert_null(mark_clash_find("", &range));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
