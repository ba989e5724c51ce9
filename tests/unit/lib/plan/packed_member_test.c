/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/packed_member.h"

#include "tests/fake/object_text.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* @address, @source: "" = none */
struct row {
	uint8_t kind, family, protocol, prefix_length;
	uint16_t port;
	const char *address, *source;
	uint8_t expected;
};

static const struct row rows[] = {
	{SET_KIND_NODE_PORT_TCP, AF_INET, 0, 0, 30080, "", "", 6},
	{SET_KIND_NODE_PORT_TCP, AF_INET6, 0, 0, 30080, "", "", 6},
	{SET_KIND_NODE_PORT_UDP, AF_INET, 0, 0, 30080, "", "", 6},
	{SET_KIND_IPVS_IPS, AF_INET, 0, 0, 0, "10.96.0.1", "", 10},
	{SET_KIND_IPVS_IPS, AF_INET6, 0, 0, 0, "fd00::1", "", 22},
	{SET_KIND_CLUSTER_IP, AF_INET, IPPROTO_TCP, 0, 65535, "10.96.0.1", "", 10},
	{SET_KIND_CLUSTER_IP, AF_INET, IPPROTO_UDP, 0, 65535, "10.96.0.1", "", 10},
	{SET_KIND_CLUSTER_IP, AF_INET, IPPROTO_TCP, 0, 1, "10.96.0.1", "", 10},
	{SET_KIND_CLUSTER_IP, AF_INET, IPPROTO_TCP, 0, 1, "10.96.0.2", "", 10},
	{SET_KIND_LOOP_BACK, AF_INET, IPPROTO_TCP, 0, 80, "10.244.0.1", "10.244.0.1", 14},
	{SET_KIND_LOOP_BACK, AF_INET6, IPPROTO_SCTP, 0, 80, "fd00::1", "fd00::1", 38},
	{SET_KIND_LOAD_BALANCER_SOURCE_CIDR, AF_INET, IPPROTO_TCP, 1, 80, "10.0.0.1", "0.0.0.0",
	 14},
	{SET_KIND_LOAD_BALANCER_SOURCE_CIDR, AF_INET, IPPROTO_TCP, 1, 80, "10.0.0.1", "128.0.0.0",
	 14},
	{SET_KIND_LOAD_BALANCER_SOURCE_CIDR, AF_INET, IPPROTO_TCP, 2, 80, "10.0.0.1", "128.0.0.0",
	 14},
	{SET_KIND_LOAD_BALANCER_SOURCE_CIDR, AF_INET6, IPPROTO_TCP, 64, 80, "fd00::1",
	 "fd01::", 38},
};

static struct set_member member_of(const struct row *row)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = row->kind;
	member.family = row->family;
	member.protocol = row->protocol;
	member.prefix_length = row->prefix_length;
	member.port = row->port;
	if (*row->address)
		member.address = object_text_address(row->address);
	if (*row->source)
		member.source = object_text_address(row->source);
	return member;
}

static void test_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct set_member member = member_of(&rows[i]), back;
		struct packed_member packed = packed_member_of(&member);

		assert_int_equal(packed.length, rows[i].expected);
		assert_int_equal(packed_member_length(packed.bytes), packed.length);
		back = packed_member_value(packed.bytes);
		assert_memory_equal(&back, &member, sizeof(member));
	}
}

/* As keys of a table have to be. */
static void test_no_two_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(rows); k++) {
			struct set_member a = member_of(&rows[i]), b = member_of(&rows[k]);
			struct packed_member first = packed_member_of(&a);
			struct packed_member second = packed_member_of(&b);
			size_t length = first.length < second.length ? first.length : second.length;

			if (i != k)
				assert_memory_not_equal(first.bytes, second.bytes, length);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_two_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
