/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/host_watch.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* What is to be reserved is what is reserved, and the NodePorts. */
static void test_overlap(void **state)
{
	static const struct {
		const char *what, *used, *ephemeral, *reserved, *port, *cure;
	} cases[] = {
		{"the kernel's default range is above", "30080,32767", "32768\t60999", "", NULL,
		 NULL},
		{"no NodePort is used", "", "1024 65535", "", NULL, NULL},
		{"one that is", "30080", "20000 60999", "", "30080", "30000-32767"},
		{"what is reserved stays so", "30080", "20000 60999", "8080", "30080",
		 "8080,30000-32767"},
		{"one that is reserved is none", "30080", "20000 60999", "30080", NULL, NULL},
		{"the next one that is not", "30080-30082", "20000 60999", "30080", "30081",
		 "30000-32767"},
		{"NodePorts elsewhere", "20000,20010,40000", "20005 60999", "", "20010",
		 "20010-40000"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct port_set used = {0};
		auto_memory char *text = NULL, *expected = NULL;

		print_message("%s\n", cases[i].what);
		assert_true(port_set_parse(&used, cases[i].used));
		text = host_watch_overlap(&used, cases[i].ephemeral, cases[i].reserved);
		if (!cases[i].port) {
			assert_null(text);
			continue;
		}
		expected = string_printf(
			"NodePort %s is an ephemeral port as well (net.ipv4.ip_local_port_range): a "
			"connection of this node from a port that is a NodePort gets no answer; set "
			"net.ipv4.ip_local_reserved_ports to %s, or --reserve-node-ports",
			cases[i].port, cases[i].cure);
		assert_string_equal(text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
