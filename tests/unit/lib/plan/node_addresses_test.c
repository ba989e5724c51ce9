/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/node_addresses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LIST_SIZE 16

/* Lists are words separated by blanks: addresses, prefixes, or ADDRESS@INTERFACE. */

static char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " ");
	while (word && !*word);
	return word;
}

static size_t read_observed(const char *text, struct interface_address ret[LIST_SIZE])
{
	auto_memory char *copy = string_dup(text);
	char *rest = copy, *word;
	size_t count = 0;

	while ((word = next_word(&rest))) {
		char *interface = strchr(word, '@');

		assert_non_null(interface);
		*interface++ = '\0';
		assert_true(count < LIST_SIZE);
		memset(&ret[count], 0, sizeof(ret[count]));
		assert_true(address_parse(word, &ret[count].address));
		strncpy(ret[count].interface, interface, sizeof(ret[count].interface) - 1);
		count++;
	}
	return count;
}

static size_t read_addresses(const char *text, struct address ret[LIST_SIZE])
{
	auto_memory char *copy = string_dup(text);
	char *rest = copy, *word;
	size_t count = 0;

	while ((word = next_word(&rest))) {
		assert_true(count < LIST_SIZE);
		assert_true(address_parse(word, &ret[count++]));
	}
	return count;
}

static struct node_port_selection read_selection(const char *text, struct prefix ret[LIST_SIZE])
{
	auto_memory char *words = string_dup(text);
	struct node_port_selection selection = {.prefixes = ret};
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (strcmp(word, "primary") == 0)
			selection.keywords |= NODE_PORT_KEYWORD_PRIMARY;
		else if (strcmp(word, "localhost") == 0)
			selection.keywords |= NODE_PORT_KEYWORD_LOCALHOST;
		else if (strcmp(word, "all") == 0)
			selection.keywords |= NODE_PORT_KEYWORD_ALL;
		else
			assert_true(address_parse_prefix(word, &ret[selection.prefix_count++]));
	}
	return selection;
}

static void assert_addresses(const struct address *actual, size_t count, const char *expected)
{
	char text[LIST_SIZE * ADDRESS_TEXT_SIZE] = "";

	for (size_t i = 0; i < count; i++) {
		char one[ADDRESS_TEXT_SIZE];

		if (i)
			strcat(text, " ");
		strcat(text, address_text(&actual[i], one));
	}
	assert_string_equal(text, expected);
}

#define USUAL                                                                                  \
	"127.0.0.1@lo ::1@lo 192.168.77.10@eth0 192.168.88.5@eth1 fd77::10@eth0 fe80::1@eth0 " \
	"fe80::2@cali1 10.96.0.1@kube-ipvs0 fd00:96::1@kube-ipvs0"

static void test_decisions(void **state)
{
	static const struct {
		const char *what, *observed, *node; /* node NULL: no Node object */
		const char *prefixes, *bind;	    /* prefixes may be keywords, too */
		const char *node_ports, *locals, *node_ips;
	} cases[] = {
		{"by default all but loopback, IPv6 link-local and VIPs", USUAL,
		 "192.168.77.10 fd77::10", "", "", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 fd77::10"},
		{"a prefix selects in its family only", USUAL, "192.168.77.10 fd77::10",
		 "192.168.88.0/24", "", "192.168.88.5 fd77::10",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 fd77::10"},
		{"prefixes add up", USUAL, "192.168.77.10",
		 "192.168.88.0/24 192.168.77.10/32 fd99::/64", "", "192.168.77.10 192.168.88.5",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 ::1"},
		{"the widest prefix selects all", USUAL, "192.168.77.10",
		 "192.168.88.0/24 0.0.0.0/0 ::/0", "", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 ::1"},
		{"loopback cannot be selected", USUAL, "192.168.77.10", "127.0.0.0/8 ::1/128", "",
		 "", "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 ::1"},
		{"VIPs cannot be selected", USUAL, "192.168.77.10", "10.0.0.0/8 fd00::/8", "",
		 "fd77::10", "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 ::1"},
		{"primary selects the node IPs", USUAL, "192.168.88.5 fd77::10", "primary", "",
		 "192.168.88.5 fd77::10", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.88.5 fd77::10"},
		{"primary without an IPv6 node IP", USUAL, "192.168.88.5", "primary", "",
		 "192.168.88.5", "192.168.77.10 192.168.88.5 fd77::10", "192.168.88.5 ::1"},
		{"a node IP that the node does not have serves nothing", USUAL, "192.168.99.9",
		 "primary", "", "", "192.168.77.10 192.168.88.5 fd77::10", "192.168.99.9 ::1"},
		{"primary and ranges add up, a family without ranges has its node IP only", USUAL,
		 "192.168.77.10 fd77::10", "192.168.88.0/24 primary", "",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 fd77::10"},
		{"localhost alone selects none of the other addresses", USUAL,
		 "192.168.77.10 fd77::10", "localhost", "", "",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 fd77::10"},
		{"localhost and a range", USUAL, "192.168.77.10 fd77::10",
		 "localhost 192.168.88.0/24", "", "192.168.88.5",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 fd77::10"},
		{"all selects all, whatever stands beside it", USUAL, "192.168.77.10 fd77::10",
		 "192.168.88.0/24 all primary", "", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 fd77::10"},
		{"all does not mean link-local addresses",
		 "169.254.20.10@nodelocaldns 192.168.77.10@eth0", NULL, "all", "", "192.168.77.10",
		 "169.254.20.10 192.168.77.10", "192.168.77.10 ::1"},
		{"the first of each family counts, whatever comes first", USUAL,
		 "fd77::10 fd77::11 192.168.77.10 192.168.88.5", "", "",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 fd77::10"},
		{"a bind address replaces the node IP of its family", USUAL,
		 "192.168.77.10 fd77::10", "primary", "192.168.88.5", "192.168.88.5 fd77::10",
		 "192.168.77.10 192.168.88.5 fd77::10", "192.168.88.5 fd77::10"},
		{"unspecified bind addresses do not", USUAL, "192.168.77.10 fd77::10", "primary",
		 "0.0.0.0", "192.168.77.10 fd77::10", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 fd77::10"},
		{"without a Node the host's first addresses stand in", USUAL, NULL, "primary", "",
		 "192.168.77.10 fd77::10", "192.168.77.10 192.168.88.5 fd77::10",
		 "192.168.77.10 fd77::10"},
		{"link-local addresses take no node ports and are nobody's node IP",
		 "169.254.20.10@nodelocaldns 192.168.77.10@eth0", NULL, "", "", "192.168.77.10",
		 "169.254.20.10 192.168.77.10", "192.168.77.10 ::1"},
		{"an address on two interfaces counts once", "10.1.1.1@a 10.1.1.1@b", "10.1.1.1",
		 "", "", "10.1.1.1", "10.1.1.1", "10.1.1.1 ::1"},
		{"a host without addresses", "", NULL, "", "", "", "", "127.0.0.1 ::1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct interface_address observed[LIST_SIZE];
		size_t observed_count = read_observed(cases[i].observed, observed);
		struct address own[LIST_SIZE];
		struct prefix prefixes[LIST_SIZE];
		struct node node = {.addresses = own};
		struct node_address_options options = {
			.dummy_interface = "kube-ipvs0",
		};
		auto_free(node_addresses) struct node_addresses *actual = NULL;
		struct node_view view = {0};

		print_message("%s\n", cases[i].what);
		if (cases[i].node)
			node.address_count = read_addresses(cases[i].node, own);
		options.node_ports = read_selection(cases[i].prefixes, prefixes);
		if (*cases[i].bind)
			assert_true(address_parse(cases[i].bind, &options.bind_address));
		actual = node_addresses_new(observed, observed_count, cases[i].node ? &node : NULL,
					    &options);
		node_addresses_fill(actual, &view);
		assert_addresses(view.node_port_addresses, view.node_port_address_count,
				 cases[i].node_ports);
		assert_addresses(view.local_addresses, view.local_address_count, cases[i].locals);
		assert_addresses(view.node_ips, COUNT(view.node_ips), cases[i].node_ips);
	}
}

#define NONE   LOOPBACK_USE_NONE
#define BESIDE LOOPBACK_USE_BESIDE
#define ALWAYS LOOPBACK_USE_ALWAYS

static void test_loopback(void **state)
{
	static const struct {
		const char *what, *selection;
		enum loopback_use ipv4, ipv6;
		bool is_open;
	} cases[] = {
		{"nothing selects everything", "", BESIDE, BESIDE, true},
		{"a range leaves the other family alone", "10.0.0.0/8", NONE, BESIDE, false},
		{"a range with loopback in it", "127.0.0.0/8 ::1/128", ALWAYS, ALWAYS, false},
		{"a range of everything names nothing", "0.0.0.0/0 ::/0", BESIDE, BESIDE, false},
		{"primary is not loopback", "primary", NONE, NONE, false},
		{"localhost is, in both families", "localhost", ALWAYS, ALWAYS, false},
		{"localhost beside primary and ranges", "primary localhost 10.0.0.0/8", ALWAYS,
		 ALWAYS, false},
		{"all is everything", "all", BESIDE, BESIDE, true},
		{"all is everything beside ranges", "10.0.0.0/8 all", BESIDE, BESIDE, true},
		{"localhost beside all", "all localhost", ALWAYS, ALWAYS, true},
	};
	struct address loopbacks[2];

	(void)state;
	assert_true(address_parse("127.0.0.1", &loopbacks[0]));
	assert_true(address_parse("::1", &loopbacks[1]));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefixes[LIST_SIZE];
		struct node_port_selection selection = read_selection(cases[i].selection, prefixes);

		print_message("%s\n", cases[i].what);
		assert_int_equal(node_addresses_loopback_use(&selection, &loopbacks[0]),
				 cases[i].ipv4);
		assert_int_equal(node_addresses_loopback_use(&selection, &loopbacks[1]),
				 cases[i].ipv6);
		assert_int_equal(node_addresses_is_open(&selection), cases[i].is_open);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
