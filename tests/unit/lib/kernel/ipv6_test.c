/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/ipv6.h"

#include "lib/base/memory.h"
#include "lib/kernel/sysctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void tells_what_turns_it_off(void **state)
{
	static const struct {
		const char *what;
		struct ipv6_switches switches;
		const char *text;
	} cases[] = {
		{"on", {false, 0, 0, 0}, ""},
		{"on for all, so far without the interface", {false, 0, 0, -1}, ""},
		{"off for all", {false, 1, 1, 1}, "net.ipv6.conf.all.disable_ipv6 is 1"},
		{"off for all, but on for the interface",
		 {false, 1, 1, 0},
		 "net.ipv6.conf.all.disable_ipv6 is 1"},
		{"off for the interface", {false, 0, 0, 1}, "net.ipv6.conf.vip0.disable_ipv6 is 1"},
		{"off for interfaces that are created, as this one was",
		 {false, 0, 1, 1},
		 "net.ipv6.conf.vip0.disable_ipv6 is 1"},
		{"off for interfaces that are created, as this one will be",
		 {false, 0, 1, -1},
		 "net.ipv6.conf.default.disable_ipv6 is 1"},
		{"off for other interfaces that are created", {false, 0, 1, 0}, ""},
		{"not known", {false, -1, -1, -1}, ""},
		{"not there", {true, -1, -1, -1}, "this kernel has no IPv6"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[IPV6_TEXT_SIZE];

		print_message("%s\n", cases[i].what);
		assert_string_equal(ipv6_off_text(&cases[i].switches, "vip0", text), cases[i].text);
	}
}

static void reads_the_switches(void **state)
{
	struct ipv6_switches switches;
	int all = -1, own = -1;

	(void)state;
	sysctl_get("net/ipv6/conf/all/disable_ipv6", &all, NULL);
	sysctl_get("net/ipv6/conf/lo/disable_ipv6", &own, NULL);
	ipv6_read("lo", &switches);
	assert_int_equal(switches.is_missing, access("/proc/net/if_inet6", F_OK) < 0);
	assert_int_equal(switches.all, all);
	assert_int_equal(switches.own, own);
	ipv6_read("no-such", &switches);
	assert_int_equal(switches.own, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_turns_it_off),
		cmocka_unit_test(reads_the_switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
