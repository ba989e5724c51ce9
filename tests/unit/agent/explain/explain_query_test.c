/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/explain/explain_query.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_understood(void **state)
{
	static const struct {
		const char *words, *text;
	} rows[] = {
		{"node 10.96.0.10:80", "node 10.96.0.10:80/TCP"},
		{"outside to 10.96.0.10:53/udp", "outside 10.96.0.10:53/UDP"},
		{"10.244.1.3  10.96.0.10:99/SCTP", "10.244.1.3 10.96.0.10:99/SCTP"},
		{"outside [fd00:96::10]:80", "outside [fd00:96::10]:80/TCP"},
		{"fd00::1 to [fd00:96:0::10]:65535/Tcp", "fd00::1 [fd00:96::10]:65535/TCP"},
		{"127.0.0.1 127.0.0.1:1", "127.0.0.1 127.0.0.1:1/TCP"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct explain_query query, again;
		auto_memory char *text = NULL;
		struct error err = {0};

		if (explain_query_parse(rows[i].words, &query, &err) < 0)
			fail_msg("%s: %s", rows[i].words, err.text);
		text = explain_query_text(&query);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(explain_query_parse(text, &again, &err), 0);
		assert_memory_equal(&again.address, &query.address, sizeof(query.address));
		assert_memory_equal(&again.source, &query.source, sizeof(query.source));
		assert_int_equal(again.client, query.client);
		assert_int_equal(again.port, query.port);
		assert_int_equal(again.protocol, query.protocol);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *words, *error;
	} rows[] = {
		{"", "missing CLIENT and ADDRESS:PORT"},
		{"node", "missing ADDRESS:PORT"},
		{"node to", "missing ADDRESS:PORT"},
		{"node 10.0.0.1:80 more", "unexpected argument \"more\""},
		{"node to 10.0.0.1:80 more", "unexpected argument \"more\""},
		{"pod 10.0.0.1:80",
		 "\"pod\" is no client: it is an address, \"node\" or \"outside\""},
		{"10.0.0.0/8 10.0.0.1:80",
		 "\"10.0.0.0/8\" is no client: it is an address, \"node\" or \"outside\""},
		{"node 10.0.0.1", "\"10.0.0.1\" is not ADDRESS:PORT[/PROTO]"},
		{"node fd00::10", "\"fd00::10\" is not ADDRESS:PORT[/PROTO]"},
		{"node [fd00::10]", "\"[fd00::10]\" is not ADDRESS:PORT[/PROTO]"},
		{"node 10.0.0.1:0", "\"10.0.0.1:0\" is not ADDRESS:PORT[/PROTO]"},
		{"node 10.0.0.1:65536", "\"10.0.0.1:65536\" is not ADDRESS:PORT[/PROTO]"},
		{"node 10.0.0.1:80x", "\"10.0.0.1:80x\" is not ADDRESS:PORT[/PROTO]"},
		{"node web:80", "\"web:80\" is not ADDRESS:PORT[/PROTO]"},
		{"node 10.0.0.1:80/", "\"10.0.0.1:80/\": the protocol is not tcp, udp or sctp"},
		{"node 10.0.0.1:80/icmp",
		 "\"10.0.0.1:80/icmp\": the protocol is not tcp, udp or sctp"},
		{"node 10.0.0.1:80/tcp/udp",
		 "\"10.0.0.1:80/tcp/udp\": the protocol is not tcp, udp or sctp"},
		{"fd00::1 10.0.0.1:80", "fd00::1 and 10.0.0.1:80 are not of one IP family"},
		{"10.0.0.1 to [fd00::1]:80", "10.0.0.1 and [fd00::1]:80 are not of one IP family"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct explain_query query;
		struct error err = {0};

		print_message("%s\n", rows[i].words);
		assert_int_equal(explain_query_parse(rows[i].words, &query, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
