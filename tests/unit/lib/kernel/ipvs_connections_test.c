/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/ipvs_connections.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *line, *expected;
	} cases[] = {
		{"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n",
		 "none"},
		{"TCP C0A84D01 B2DE 0A60000A 0050 0AF40101 1F90 ESTABLISHED     899\n",
		 "TCP 192.168.77.1:45790 10.96.0.10:80 10.244.1.1:8080 ESTABLISHED 899"},
		{"UDP C0A84D01 0000 0A600035 0035 0AF40101 14E9 UDP             300 sip abc\n",
		 "UDP 192.168.77.1:0 10.96.0.53:53 10.244.1.1:5353 UDP 300"},
		{"TCP fd00:0010:0244:0001:0000:0000:0000:0003 B2DE "
		 "fd00:0096:0000:0000:0000:0000:0000:0010 0050 "
		 "fd00:0010:0244:0001:0000:0000:0000:0001 1F90 FIN_WAIT         12\n",
		 "TCP [fd00:10:244:1::3]:45790 [fd00:96::10]:80 [fd00:10:244:1::1]:8080 FIN_WAIT "
		 "12"},
		{"IP  C0A84D01 0000 00000011 0000 0AF40101 0000 NONE            300\n", "none"},
		{"TCP C0A84D01 B2DE 0A60000A 0050 0AF40101\n", "none"},
		{"TCP C0A84D01X B2DE 0A60000A 0050 0AF40101 1F90 ESTABLISHED     899\n", "none"},
		{"", "none"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char client[ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
		char endpoint[ADDRESS_TEXT_SIZE];
		struct ipvs_connection is;
		auto_memory char *text = NULL;

		if (ipvs_connection_parse(cases[i].line, &is))
			text = string_printf(
				"%s %s %s %s %s %u", address_protocol_name(is.protocol),
				address_port_text(&is.client, is.client_port, client),
				address_port_text(&is.address, is.port, address),
				address_port_text(&is.endpoint, is.endpoint_port, endpoint),
				is.state, is.seconds);
		assert_string_equal(text ? text : "none", cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
