/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "witness.h"

/* As root. Every test has a network namespace of its own, and looks at it with ipset(8). */

#define CREATE_LINES "ipset save | sed -n 's/ bucketsize.*//; /^create/p' | sort"

static void test_sets_are_those_of_kube_proxy(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	struct error err = {0};

	(void)state;
	witness_expect(
		CREATE_LINES " | LC_ALL=C sort",
		"create KUBE-6-CLUSTER-IP hash:ip,port family inet6 hashsize 1024 maxelem 65536\n"
		"create KUBE-6-EXTERNAL-IP hash:ip,port family inet6 hashsize 1024 maxelem 65536\n"
		"create KUBE-6-EXTERNAL-IP-LOCAL hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535\n"
		"create KUBE-6-IN-CLUSTER hash:ip,port family inet6 hashsize 1024 maxelem 65536 "
		"skbinfo\n"
		"create KUBE-6-IN-CLUSTER-MARKS hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536 skbinfo\n"
		"create KUBE-6-IPVS-IPS hash:ip family inet6 hashsize 1024 maxelem 65536\n"
		"create KUBE-6-LOAD-BALANCER hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-LOAD-BALANCER-FW hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-LOAD-BALANCER-HEALTH hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-LOAD-BALANCER-LOCAL hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-LOAD-BALANCER-SOURCE-CID hash:ip,port,net family inet6 hashsize "
		"1024 maxelem 65536\n"
		"create KUBE-6-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family inet6 hashsize 1024 "
		"maxelem 65536\n"
		"create KUBE-6-LOOP-BACK hash:ip,port,ip family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-NO-ENDPOINT hash:ip,port family inet6 hashsize 1024 maxelem 65536\n"
		"create KUBE-6-NO-LOCAL-ENDPOINT hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-NODE-PORT-IP hash:ip family inet6 hashsize 1024 maxelem 65536\n"
		"create KUBE-6-NODE-PORT-LOCAL-SCTP-HAS hash:ip,port family inet6 hashsize 1024 "
		"maxelem 65536\n"
		"create KUBE-6-NODE-PORT-LOCAL-TCP bitmap:port range 0-65535\n"
		"create KUBE-6-NODE-PORT-LOCAL-UDP bitmap:port range 0-65535\n"
		"create KUBE-6-NODE-PORT-SCTP-HASH hash:ip,port family inet6 hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-6-NODE-PORT-TCP bitmap:port range 0-65535\n"
		"create KUBE-6-NODE-PORT-UDP bitmap:port range 0-65535\n"
		"create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-EXTERNAL-IP hash:ip,port family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-EXTERNAL-IP-LOCAL hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535\n"
		"create KUBE-IN-CLUSTER hash:ip,port family inet hashsize 1024 maxelem 65536 "
		"skbinfo\n"
		"create KUBE-IN-CLUSTER-MARKS hash:ip,port family inet hashsize 1024 maxelem 65536 "
		"skbinfo\n"
		"create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-LOAD-BALANCER hash:ip,port family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-LOAD-BALANCER-FW hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-LOAD-BALANCER-HEALTH hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-LOAD-BALANCER-LOCAL hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net family inet hashsize 1024 "
		"maxelem 65536\n"
		"create KUBE-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family inet hashsize 1024 "
		"maxelem 65536\n"
		"create KUBE-LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-NO-ENDPOINT hash:ip,port family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-NO-LOCAL-ENDPOINT hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-NODE-PORT-IP hash:ip family inet hashsize 1024 maxelem 65536\n"
		"create KUBE-NODE-PORT-LOCAL-SCTP-HASH hash:ip,port family inet hashsize 1024 "
		"maxelem 65536\n"
		"create KUBE-NODE-PORT-LOCAL-TCP bitmap:port range 0-65535\n"
		"create KUBE-NODE-PORT-LOCAL-UDP bitmap:port range 0-65535\n"
		"create KUBE-NODE-PORT-SCTP-HASH hash:ip,port family inet hashsize 1024 maxelem "
		"65536\n"
		"create KUBE-NODE-PORT-TCP bitmap:port range 0-65535\n"
		"create KUBE-NODE-PORT-UDP bitmap:port range 0-65535\n");
	/* Once more, over what is there. */
	assert_int_equal(ipsets_ensure(ipsets, &err), 0);
	assert_int_equal(ipsets_fixture_count(ipsets), 0);
	ipsets_close(ipsets);
}

static void test_members_of_every_type(void **state)
{
	const struct {
		const char *what;
		struct set_member member;
		const char *saved; /* by ipset, without "add " */
	} cases[] = {
		{"an address", ipsets_fixture_member(SET_KIND_IPVS_IPS, "10.96.0.1", 0, 0, NULL),
		 "KUBE-IPVS-IPS 10.96.0.1"},
		{"an IPv6 address",
		 ipsets_fixture_member(SET_KIND_IPVS_IPS, "fd00:96::1", 0, 0, NULL),
		 "KUBE-6-IPVS-IPS fd00:96::1"},
		{"TCP",
		 ipsets_fixture_member(SET_KIND_CLUSTER_IP, "10.96.0.1", IPPROTO_TCP, 443, NULL),
		 "KUBE-CLUSTER-IP 10.96.0.1,tcp:443"},
		{"UDP",
		 ipsets_fixture_member(SET_KIND_CLUSTER_IP, "fd00:96::a", IPPROTO_UDP, 53, NULL),
		 "KUBE-6-CLUSTER-IP fd00:96::a,udp:53"},
		{"SCTP",
		 ipsets_fixture_member(SET_KIND_NODE_PORT_SCTP, "192.168.77.10", IPPROTO_SCTP,
				       30080, NULL),
		 "KUBE-NODE-PORT-SCTP-HASH 192.168.77.10,sctp:30080"},
		{"an address, a port, an address",
		 ipsets_fixture_member(SET_KIND_LOOP_BACK, "10.244.1.1", IPPROTO_TCP, 8080,
				       "10.244.1.1"),
		 "KUBE-LOOP-BACK 10.244.1.1,tcp:8080,10.244.1.1"},
		{"the same for IPv6",
		 ipsets_fixture_member(SET_KIND_LOOP_BACK, "fd00:10:244:1::1", IPPROTO_TCP, 8080,
				       "fd00:10:244:1::1"),
		 "KUBE-6-LOOP-BACK fd00:10:244:1::1,tcp:8080,fd00:10:244:1::1"},
		{"a source range",
		 ipsets_fixture_member(SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "203.0.113.10",
				       IPPROTO_TCP, 80, "172.16.0.0/12"),
		 "KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.10,tcp:80,172.16.0.0/12"},
		{"a source range of one address",
		 ipsets_fixture_member(SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "203.0.113.10",
				       IPPROTO_TCP, 80, "172.16.0.9/32"),
		 "KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.10,tcp:80,172.16.0.9"},
		{"an IPv6 source range",
		 ipsets_fixture_member(SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "2001:db8::10",
				       IPPROTO_TCP, 80, "2001:db8:5::/48"),
		 "KUBE-6-LOAD-BALANCER-SOURCE-CID 2001:db8::10,tcp:80,2001:db8:5::/48"},
		{"a port", ipsets_fixture_member(SET_KIND_NODE_PORT_TCP, NULL, 0, 30080, NULL),
		 "KUBE-NODE-PORT-TCP 30080"},
		{"the highest port",
		 ipsets_fixture_member(SET_KIND_HEALTH_CHECK_NODE_PORT, NULL, 0, 65535, NULL),
		 "KUBE-HEALTH-CHECK-NODE-PORT 65535"},
	};
	struct ipsets *ipsets = ipsets_fixture_open();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(changes) struct changes *changes = changes_new();
		auto_free(changes) struct changes *observed = changes_new();
		char saved[256];

		print_message("%s\n", cases[i].what);
		snprintf(saved, sizeof(saved), "add %s\n", cases[i].saved);
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, cases[i].member);
		ipsets_fixture_apply_all(ipsets, changes);
		witness_expect("ipset save | sed -n /^add/p", saved);
		ipsets_fixture_apply_all(ipsets, changes); /* it is there already */

		ipsets_fixture_observe(ipsets, observed);
		assert_int_equal(observed->count, 1);
		assert_memory_equal(&observed->items[0].member, &cases[i].member,
				    sizeof(cases[i].member));

		changes->items[0].kind = CHANGE_KIND_MEMBER_REMOVE;
		ipsets_fixture_apply_all(ipsets, changes);
		witness_expect("ipset save | sed -n /^add/p", "");
		ipsets_fixture_apply_all(ipsets, changes); /* it is gone already */
	}
	ipsets_close(ipsets);
}

/* An IPv6 port lives in a set of its own, though its member has no address to say so. */
static void test_ports_of_both_families(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(changes) struct changes *changes = changes_new();
	struct set_member port =
		ipsets_fixture_member(SET_KIND_NODE_PORT_UDP, NULL, 0, 30053, NULL);

	(void)state;
	port.family = AF_INET6;
	ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, port);
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect("ipset save | sed -n /^add/p", "add KUBE-6-NODE-PORT-UDP 30053\n");
	ipsets_close(ipsets);
}

static void test_one_failure_stays_one(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(changes) struct changes *changes = changes_new();
	struct change *stranger;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(i));
		/* hash:ip,port,net refuses /0; hash types refuse the zero address */
		if (i % 1000 == 7)
			ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD,
					   ipsets_fixture_member(
						   SET_KIND_LOAD_BALANCER_SOURCE_CIDR,
						   "203.0.113.10", IPPROTO_TCP, (uint16_t)(80 + i),
						   i == 1007 ? "10.0.0.0/8" : "0.0.0.0/0"));
	}
	for (uint32_t i = 0; i < 3000; i++)
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD,
				   ipsets_fixture_member(SET_KIND_IPVS_IPS,
							 i % 500 == 3 ? "0.0.0.0" : "10.9.8.7", 0,
							 0, NULL));
	stranger = changes_add(changes, CHANGE_KIND_ADDRESS_ADD);
	stranger->result = 1;
	ipsets_fixture_apply(ipsets, changes);

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (change->kind == CHANGE_KIND_ADDRESS_ADD)
			assert_int_equal(change->result, 1);
		else if (change->member.kind == SET_KIND_LOAD_BALANCER_SOURCE_CIDR &&
			 !change->member.prefix_length)
			assert_true(change->result < 0);
		else if (change->member.kind == SET_KIND_IPVS_IPS &&
			 address_is_unspecified(&change->member.address))
			assert_true(change->result < 0);
		else
			assert_int_equal(change->result, 0);
	}
	witness_expect("ipset save | grep -c '^add KUBE-CLUSTER-IP'", "3000\n");
	witness_expect("ipset save | sed -n /^add.KUBE-LOAD-BALANCER/p",
		       "add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.10,tcp:1087,10.0.0.0/8\n");
	witness_expect("ipset save | sed -n /^add.KUBE-IPVS-IPS/p", "add KUBE-IPVS-IPS 10.9.8.7\n");
	ipsets_close(ipsets);
}

static void test_a_missing_set(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(changes) struct changes *changes = changes_new();
	struct error err = {0};

	(void)state;
	witness_run("ipset destroy KUBE-CLUSTER-IP");
	for (uint32_t i = 0; i < 2000; i++)
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(i));
	ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD,
			   ipsets_fixture_member(SET_KIND_IPVS_IPS, "10.96.0.1", 0, 0, NULL));
	ipsets_fixture_apply(ipsets, changes);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(changes->items[i].result, -ENOENT);
	assert_int_equal(changes->items[2000].result, 0);
	assert_int_equal(ipsets_fixture_count(ipsets), 1);

	/* It comes back with the next verification, and works again. */
	assert_int_equal(ipsets_ensure(ipsets, &err), 0);
	ipsets_fixture_apply_all(ipsets, changes);
	assert_int_equal(ipsets_fixture_count(ipsets), 2001);
	ipsets_close(ipsets);
}

/* Some at a time, so that nothing else has to wait long; sets of others are none of ours. */
static void test_creating_in_steps(void **state)
{
	struct ipset_usage usage[2 * SET_KIND_COUNT];
	struct ipsets *ipsets = NULL;
	struct error err = {0};
	unsigned int steps = 1;

	(void)state;
	witness_run("ipset create KUBE-STRANGERS hash:ip && ipset add KUBE-STRANGERS 10.1.1.1");
	witness_run("ipset create strangers list:set && ipset add strangers KUBE-STRANGERS");
	assert_int_equal(ipsets_open(&ipsets, &err), 0);
	assert_int_equal(ipsets_usage(ipsets, usage), 0);
	assert_int_equal(ipsets_ensure_begin(ipsets, &err), 0);
	witness_expect("ipset list -name | wc -l", "2\n");
	assert_int_equal(ipsets_ensure_step(ipsets, &err), 1);
	witness_expect("ipset list -name | wc -l", "12\n");
	assert_int_equal(ipsets_usage(ipsets, usage), 10);
	while (ipsets_ensure_step(ipsets, &err) == 1)
		steps++;
	assert_int_equal(steps, 4);
	witness_expect("ipset list -name | wc -l", "48\n");

	/* Where none is missing there is one step. */
	assert_int_equal(ipsets_ensure_begin(ipsets, &err), 0);
	assert_int_equal(ipsets_ensure_step(ipsets, &err), 0);
	assert_int_equal(ipsets_usage(ipsets, usage), 2 * SET_KIND_COUNT);
	for (size_t i = 0; i < COUNT(usage); i++)
		assert_int_equal(usage[i].member_count, 0);
	ipsets_close(ipsets);
}

static void test_a_set_of_another_type(void **state)
{
	struct ipsets *ipsets = NULL;
	struct error err = {0};

	(void)state;
	witness_run("ipset create KUBE-CLUSTER-IP hash:net");
	witness_run("ipset create KUBE-6-LOOP-BACK hash:ip,port,ip family inet");
	assert_int_equal(ipsets_open(&ipsets, &err), 0);
	assert_int_equal(ipsets_ensure(ipsets, &err), -EEXIST);
	assert_string_equal(
		err.text,
		"set KUBE-CLUSTER-IP exists as hash:net for IPv4, not as hash:ip,port for IPv4");
	witness_expect("ipset save | grep -c '^create'", "46\n");
	witness_run("ipset destroy KUBE-CLUSTER-IP");
	assert_int_equal(ipsets_ensure(ipsets, &err), -EEXIST);
	assert_string_equal(err.text, "set KUBE-6-LOOP-BACK exists as hash:ip,port,ip for IPv4, "
				      "not as hash:ip,port,ip for "
				      "IPv6");
	ipsets_close(ipsets);
}

static void test_a_set_with_extensions_is_adopted(void **state)
{
	struct ipsets *ipsets;
	auto_free(changes) struct changes *changes = changes_new();

	(void)state;
	witness_run("ipset create KUBE-CLUSTER-IP hash:ip,port comment timeout 0 counters");
	witness_run("ipset add KUBE-CLUSTER-IP 10.1.1.1,tcp:1 comment 'by hand'");
	ipsets = ipsets_fixture_open();
	assert_int_equal(ipsets_fixture_count(ipsets), 1);
	ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(0));
	ipsets_fixture_apply_all(ipsets, changes);
	assert_int_equal(ipsets_fixture_count(ipsets), 2);
	ipsets_close(ipsets);
}

#define CLUSTER_IP_MAXELEM \
	"ipset list -terse KUBE-CLUSTER-IP | sed -n 's/.* maxelem \\([0-9]*\\).*/\\1/p'"

static void test_many_members(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	struct ipset_usage usage[2 * SET_KIND_COUNT];
	size_t usage_count;
	double start, elapsed;

	(void)state;
	for (uint32_t from = 0; from < 70000; from += 10000) {
		auto_free(changes) struct changes *changes = changes_new();

		for (uint32_t i = from; i < from + 10000; i++)
			ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD,
					   ipsets_fixture_numbered(i));
		start = witness_seconds();
		ipsets_fixture_apply_all(ipsets, changes);
		print_message("adding members %u to %u: %.3f s\n", from, from + 10000,
			      witness_seconds() - start);
		if (from != 10000)
			continue;
		start = witness_seconds();
		assert_int_equal(ipsets_fixture_count(ipsets), 20000);
		elapsed = witness_seconds() - start;
		print_message("listing 20000 members: %.3f s\n", elapsed);
		assert_true(elapsed < 0.5);
	}
	witness_expect(CLUSTER_IP_MAXELEM, "131072\n");
	assert_int_equal(ipsets_fixture_count(ipsets), 70000);

	usage_count = ipsets_usage(ipsets, usage);
	assert_int_equal(usage_count, 2 * SET_KIND_COUNT);
	for (size_t i = 0; i < usage_count; i++) {
		bool is_full = usage[i].kind == SET_KIND_CLUSTER_IP && usage[i].family == AF_INET;
		bool is_bitmap = set_kind_type(usage[i].kind) == SET_TYPE_BITMAP_PORT;

		assert_int_equal(usage[i].member_count, is_full ? 70000 : 0);
		assert_int_equal(usage[i].capacity, is_bitmap ? 0 : is_full ? 131072 : 65536);
	}
	ipsets_close(ipsets);
}

static void test_destroying(void **state)
{
	struct ipsets *ipsets = ipsets_fixture_open();
	struct error err = {0};

	(void)state;
	witness_run("ipset create strangers hash:ip");
	witness_run("iptables -A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT");
	assert_int_equal(ipsets_destroy(ipsets, false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "KUBE-CLUSTER-IP"));
	witness_expect("ipset list -name | sort", "KUBE-CLUSTER-IP\nstrangers\n");
	witness_run("iptables -F INPUT");
	assert_int_equal(ipsets_destroy(ipsets, false, &err), 0);
	assert_int_equal(ipsets_destroy(ipsets, false, &err), 0);
	witness_expect("ipset list -name", "strangers\n");
	ipsets_close(ipsets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sets_are_those_of_kube_proxy, witness_enter_namespace),
		cmocka_unit_test_setup(test_members_of_every_type, witness_enter_namespace),
		cmocka_unit_test_setup(test_ports_of_both_families, witness_enter_namespace),
		cmocka_unit_test_setup(test_one_failure_stays_one, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_missing_set, witness_enter_namespace),
		cmocka_unit_test_setup(test_creating_in_steps, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_set_of_another_type, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_set_with_extensions_is_adopted,
				       witness_enter_namespace),
		cmocka_unit_test_setup(test_many_members, witness_enter_namespace),
		cmocka_unit_test_setup(test_destroying, witness_enter_namespace),
	};

	return cmocka_run_group_tests_name("ipsets", tests, NULL, NULL);
}
