/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/address.h"
#include "lib/base/memory.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct address address(const char *text)
{
	struct address value;

	assert_true(address_parse(text, &value));
	return value;
}

static void test_parse(void **state)
{
	static const struct {
		const char *what, *text, *printed; /* NULL: refused */
	} cases[] = {
		{"IPv4", "10.0.0.1", "10.0.0.1"},
		{"the lowest", "0.0.0.0", "0.0.0.0"},
		{"the highest", "255.255.255.255", "255.255.255.255"},
		{"IPv6 is printed in its short form", "fd00:0:0:0::1", "fd00::1"},
		{"upper case becomes lower case", "FD00::A", "fd00::a"},
		{"IPv4 in IPv6 stays IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.1"},
		{"nothing", "", NULL},
		{"a number too many", "10.0.0.1.2", NULL},
		{"a number too few", "10.0.1", NULL},
		{"a number too large", "10.0.0.256", NULL},
		{"a leading zero, which some read as octal", "10.0.0.010", NULL},
		{"a blank before", " 10.0.0.1", NULL},
		{"a blank after", "10.0.0.1 ", NULL},
		{"a zone", "fe80::1%eth0", NULL},
		{"brackets", "[fd00::1]", NULL},
		{"a prefix", "10.0.0.0/8", NULL},
		{"a name", "localhost", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buffer[ADDRESS_TEXT_SIZE];
		struct address value = {.family = 7};

		print_message("%s\n", cases[i].what);
		assert_int_equal(address_parse(cases[i].text, &value), cases[i].printed != NULL);
		if (cases[i].printed)
			assert_string_equal(address_text(&value, buffer), cases[i].printed);
		else
			assert_int_equal(value.family, 7); /* untouched */
	}
}

static void test_parse_port(void **state)
{
	static const struct {
		const char *what, *text, *printed; /* NULL: refused */
	} cases[] = {
		{"IPv4", "10.0.0.1:80", "10.0.0.1:80"},
		{"IPv6", "[fd00::1]:65535", "[fd00::1]:65535"},
		{"an address alone", "10.0.0.1", "10.0.0.1:0"},
		{"an IPv6 address alone", "fd00::1", "[fd00::1]:0"},
		{"an IPv6 address that ends like a port", "fd00::1:80", "[fd00::1:80]:0"},
		{"nothing", "", NULL},
		{"a port alone", ":80", NULL},
		{"no port after the colon", "10.0.0.1:", NULL},
		{"port 0", "10.0.0.1:0", NULL},
		{"a port too large", "10.0.0.1:65536", NULL},
		{"a sign", "10.0.0.1:+80", NULL},
		{"IPv4 in brackets", "[10.0.0.1]:80", NULL},
		{"brackets without a port", "[fd00::1]", NULL},
		{"an open bracket", "[:80", NULL},
		{"a name", "web:80", NULL},
		{"more than any address",
		 "0123456789012345678901234567890123456789012345678901234567890123456789:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buffer[ADDRESS_TEXT_SIZE];
		struct address value;
		uint16_t port;

		print_message("%s\n", cases[i].what);
		assert_int_equal(address_parse_port(cases[i].text, &value, &port),
				 cases[i].printed != NULL);
		if (cases[i].printed)
			assert_string_equal(address_port_text(&value, port, buffer),
					    cases[i].printed);
	}
}

static void test_parse_prefix(void **state)
{
	static const struct {
		const char *what, *text, *printed; /* NULL: refused */
	} cases[] = {
		{"IPv4", "10.0.0.0/8", "10.0.0.0/8"},
		{"host bits are cleared", "10.1.2.3/8", "10.0.0.0/8"},
		{"host bits within a byte are cleared", "10.255.0.0/12", "10.240.0.0/12"},
		{"everything", "1.2.3.4/0", "0.0.0.0/0"},
		{"one host", "1.2.3.4/32", "1.2.3.4/32"},
		{"IPv6", "fd00:1:2:3:4::/64", "fd00:1:2:3::/64"},
		{"IPv6 host", "fd00::1/128", "fd00::1/128"},
		{"a leading zero in the length", "10.0.0.0/08", "10.0.0.0/8"},
		{"no length", "10.0.0.0", NULL},
		{"an empty length", "10.0.0.0/", NULL},
		{"a length too large", "10.0.0.0/33", NULL},
		{"a length too large for IPv6", "fd00::/129", NULL},
		{"a length out of all numbers", "10.0.0.0/99999999999999999999", NULL},
		{"a negative length", "10.0.0.0/-1", NULL},
		{"a signed length", "10.0.0.0/+8", NULL},
		{"a netmask", "10.0.0.0/255.0.0.0", NULL},
		{"something after it", "10.0.0.0/8 ", NULL},
		{"no address", "/8", NULL},
		{"an address longer than any",
		 "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buffer[ADDRESS_TEXT_SIZE];
		struct prefix value;

		print_message("%s\n", cases[i].what);
		assert_int_equal(address_parse_prefix(cases[i].text, &value),
				 cases[i].printed != NULL);
		if (cases[i].printed)
			assert_string_equal(address_prefix_text(&value, buffer), cases[i].printed);
	}
}

static void test_port_text(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *text;
	} cases[] = {
		{"10.0.0.1", 80, "10.0.0.1:80"},
		{"fd00::1", 65535, "[fd00::1]:65535"},
		{"1111:2222:3333:4444:5555:6666:7777:8888", 65535,
		 "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
	};
	struct address none = {0};
	char buffer[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address value = address(cases[i].address);

		assert_string_equal(address_port_text(&value, cases[i].port, buffer),
				    cases[i].text);
	}
	assert_string_equal(address_text(&none, buffer), "none");
	assert_string_equal(address_port_text(&none, 1, buffer), "none:1");
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		bool is_loopback, is_link_local, is_unspecified, is_multicast;
	} cases[] = {
		{"127.0.0.1", true, false, false, false},
		{"127.255.0.9", true, false, false, false},
		{"128.0.0.1", false, false, false, false},
		{"::1", true, false, false, false},
		{"::2", false, false, false, false},
		{"169.254.169.254", false, true, false, false},
		{"169.253.0.1", false, false, false, false},
		{"fe80::1", false, true, false, false},
		{"febf::1", false, true, false, false},
		{"fec0::1", false, false, false, false},
		{"0.0.0.0", false, false, true, false},
		{"::", false, false, true, false},
		{"224.0.0.1", false, false, false, true},
		{"239.255.255.255", false, false, false, true},
		{"240.0.0.1", false, false, false, false},
		{"ff02::1", false, false, false, true},
		{"10.0.0.1", false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address value = address(cases[i].text);

		print_message("%s\n", cases[i].text);
		assert_int_equal(address_is_loopback(&value), cases[i].is_loopback);
		assert_int_equal(address_is_link_local(&value), cases[i].is_link_local);
		assert_int_equal(address_is_unspecified(&value), cases[i].is_unspecified);
		assert_int_equal(address_is_multicast(&value), cases[i].is_multicast);
	}
}

static void test_contains(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool is_inside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.240.0.0/12", "10.255.0.1", true},
		{"10.240.0.0/12", "10.239.255.255", false},
		{"0.0.0.0/0", "192.0.2.1", true},
		{"0.0.0.0/0", "fd00::1", false},
		{"::/0", "10.0.0.1", false},
		{"fd00::/8", "fdff::1", true},
		{"fd00:0:0:1::/64", "fd00:0:0:2::1", false},
		{"192.0.2.1/32", "192.0.2.1", true},
		{"192.0.2.1/32", "192.0.2.2", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address value = address(cases[i].address);
		struct prefix prefix;

		print_message("%s in %s\n", cases[i].address, cases[i].prefix);
		assert_true(address_parse_prefix(cases[i].prefix, &prefix));
		assert_int_equal(prefix_contains(&prefix, &value), cases[i].is_inside);
	}
}

static struct address parsed(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static void test_networks(void **state)
{
	static const struct {
		const char *a, *b;
		uint16_t length;
		bool is_shared;
	} cases[] = {
		{"10.1.2.3", "10.1.2.200", 24, true}, {"10.1.2.3", "10.1.3.3", 24, false},
		{"10.1.2.3", "10.1.3.3", 23, true},   {"10.1.2.3", "10.1.2.3", 32, true},
		{"10.1.2.3", "10.1.2.4", 32, false},  {"10.1.2.3", "192.0.2.1", 0, true},
		{"fd00::1", "fd00::ffff", 64, true},  {"fd00::1", "fd00:0:0:1::1", 64, false},
		{"10.1.2.3", "fd00::1", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct address a = parsed(cases[i].a), b = parsed(cases[i].b);

		print_message("%s, %s /%u\n", cases[i].a, cases[i].b, cases[i].length);
		assert_int_equal(address_shares_prefix(&a, &b, cases[i].length),
				 cases[i].is_shared);
		assert_int_equal(address_shares_prefix(&b, &a, cases[i].length),
				 cases[i].is_shared);
	}
}

static void test_prefix_lists(void **state)
{
	struct prefix prefixes[2];
	const struct prefix_list none = {0}, one = {prefixes, 1}, both = {prefixes, 2},
				 second = {prefixes + 1, 1};
	const struct address inside = parsed("10.1.2.3"), outside = parsed("11.1.2.3"),
			     other = parsed("fd00::1");

	(void)state;
	assert_true(address_parse_prefix("10.0.0.0/8", &prefixes[0]));
	assert_true(address_parse_prefix("fd00::/8", &prefixes[1]));
	assert_false(prefix_list_contains(&none, &inside));
	assert_true(prefix_list_contains(&one, &inside));
	assert_false(prefix_list_contains(&both, &outside));
	assert_false(prefix_list_contains(&one, &other));
	assert_true(prefix_list_contains(&both, &other));
	assert_true(prefix_list_is_equal(&none, &none));
	assert_true(prefix_list_is_equal(&both, &both));
	assert_false(prefix_list_is_equal(&one, &both));
	assert_false(prefix_list_is_equal(&one, &second));
}

static void test_order(void **state)
{
	static const char *const ascending[] = {"0.0.0.0",   "9.255.0.0", "10.0.0.1", "10.0.0.2",
						"192.0.2.1", "::",	  "fd00::1",  "fd00::2"};

	(void)state;
	for (size_t i = 0; i < COUNT(ascending); i++) {
		for (size_t j = 0; j < COUNT(ascending); j++) {
			struct address a = address(ascending[i]), b = address(ascending[j]);
			int order = address_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			assert_int_equal(address_is_equal(&a, &b), i == j);
		}
	}
}

static void test_protocol_names(void **state)
{
	(void)state;
	assert_string_equal(address_protocol_name(IPPROTO_TCP), "TCP");
	assert_string_equal(address_protocol_name(IPPROTO_UDP), "UDP");
	assert_string_equal(address_protocol_name(IPPROTO_SCTP), "SCTP");
	assert_string_equal(address_protocol_name(IPPROTO_ICMP), "?");
	assert_int_equal(address_length(AF_INET), 4);
	assert_int_equal(address_length(AF_INET6), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	     cmocka_unit_test(test_parse_port),
		cmocka_unit_test(test_parse_prefix), cmocka_unit_test(test_port_text),
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_contains),
		cmocka_unit_test(test_order),	     cmocka_unit_test(test_networks),
		cmocka_unit_test(test_prefix_lists), cmocka_unit_test(test_protocol_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
