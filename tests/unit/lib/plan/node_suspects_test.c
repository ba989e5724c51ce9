/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/node_suspects.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define LIST_MAX 8

/* "A B ..." sorted; Return: how many */
static size_t read_addresses(const char *text, struct address ret[LIST_MAX])
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		ret[count++] = object_text_address(word);
	address_sort(ret, count);
	return count;
}

/* "INTERFACE=ADDRESS/LENGTH ..." */
static size_t read_interfaces(const char *text, struct interface_address ret[LIST_MAX])
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(word, '='), *slash = strchr(word, '/');

		*equals = *slash = '\0';
		ret[count] = (struct interface_address){.address = object_text_address(equals + 1),
							.prefix_length = (uint16_t)atoi(slash + 1)};
		strcpy(ret[count++].interface, word);
	}
	return count;
}

static void test_suspects(void **state)
{
	static const struct {
		const char *what, *interfaces, *locals, *node_ip, *others, *candidates, *suspects;
	} cases[] = {
		{"none", "eth0=192.168.1.10/24", "192.168.1.10", "192.168.1.10", "", "", ""},
		{"elsewhere", "eth0=192.168.1.10/24", "192.168.1.10", "192.168.1.10", "",
		 "203.0.113.1 2001:db8::1", ""},
		{"in the subnet of an interface", "eth0=192.168.1.10/16 eth1=198.51.100.4/29",
		 "192.168.1.10 198.51.100.4", "192.168.1.10", "",
		 "192.168.77.1 198.51.100.6 198.51.100.8", "192.168.77.1 198.51.100.6"},
		{"its own", "eth0=192.168.1.10/24", "192.168.1.10", "192.168.1.10", "",
		 "192.168.1.10", ""},
		{"beside its own, where interfaces have no subnet", "eth0=10.1.2.3/32", "10.1.2.3",
		 "10.1.2.3", "", "10.1.2.200 10.1.3.3", "10.1.2.200"},
		{"beside another node's", "eth0=10.1.2.3/32", "10.1.2.3", "10.1.2.3",
		 "10.7.7.200 10.9.9.9", "10.7.7.7 10.7.8.7 10.9.9.10 10.9.10.0",
		 "10.7.7.7 10.9.9.10"},
		{"another node's", "eth0=10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.7.7.200",
		 "10.7.7.200", "10.7.7.200"},
		{"the dummy interface's subnets are none", "kube-ipvs0=203.0.113.1/24", "",
		 "192.168.1.10", "", "203.0.113.9", ""},
		{"everything is no subnet", "wg0=10.1.2.3/0", "10.1.2.3", "10.1.2.3", "",
		 "203.0.113.9", ""},
		{"IPv6", "eth0=fd00:1::10/64", "fd00:1::10", "fd00:1::10", "fd00:2::1",
		 "fd00:1::11 fd00:2::ff fd00:3::1", "fd00:1::11 fd00:2::ff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct interface_address observed[LIST_MAX];
		struct address locals[LIST_MAX], others[LIST_MAX], candidates[LIST_MAX],
			node_ip = object_text_address(cases[i].node_ip);
		auto_memory struct address *suspects = NULL;
		char text[LIST_MAX * ADDRESS_TEXT_SIZE] = "", buffer[ADDRESS_TEXT_SIZE];
		struct node_view node = {
			.local_addresses = locals,
			.local_address_count = read_addresses(cases[i].locals, locals),
			.other_addresses = others,
			.other_address_count = read_addresses(cases[i].others, others),
		};
		size_t count;

		print_message("%s\n", cases[i].what);
		node.node_ips[node_ip.family == AF_INET6] = node_ip;
		suspects =
			node_suspects(candidates, read_addresses(cases[i].candidates, candidates),
				      observed, read_interfaces(cases[i].interfaces, observed),
				      "kube-ipvs0", &node, &count);
		for (size_t k = 0; k < count; k++)
			strcat(strcat(text, k ? " " : ""), address_text(&suspects[k], buffer));
		assert_string_equal(text, cases[i].suspects);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suspects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
