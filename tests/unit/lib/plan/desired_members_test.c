/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void test_members(void **cmocka_state)
{
	/*
	 * What every row's ClusterIP has: the hairpin of the local endpoint, the port, the address.
	 */
	static const struct {
		const char *what, *service, *slices[SLICES], *members;
	} cases[] = {
		{"a ClusterIP", WEB, {SLICE}, HAIRPIN " | " CLUSTER " | " BOUND},
		{"without local endpoints no hairpins",
		 WEB,
		 {"a/web-1 port=:8080/TCP 10.0.0.2@there"},
		 CLUSTER " | " BOUND},
		{"a local endpoint that is not ready may still have connections",
		 WEB,
		 {"a/web-1 port=:8080/TCP 10.0.0.1@here!terminating"},
		 HAIRPIN " | " CLUSTER " | " BOUND},
		{"IPv6 has its own sets",
		 "a/web ip=fd00::1 port=:53/UDP",
		 {"a/web-1 family=6 port=:5353/UDP fd02::1@here"},
		 "6-LOOP-BACK fd02::1,udp:5353,fd02::1 | 6-CLUSTER-IP fd00::1,udp:53 | "
		 "6-IPVS-IPS fd00::1"},
		{"an external IP",
		 WEB " external=203.0.113.1",
		 {NULL},
		 CLUSTER " | EXTERNAL-IP 203.0.113.1,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.1"},
		{"an external IP with policy Local",
		 WEB " external=203.0.113.1 etp=Local",
		 {NULL},
		 CLUSTER " | EXTERNAL-IP-LOCAL 203.0.113.1,tcp:80 | " BOUND
			 " | IPVS-IPS 203.0.113.1"},
		{"an external IP that is the node's own keeps the node's other ports open",
		 WEB " external=" LOCAL_IP,
		 {NULL},
		 CLUSTER " | EXTERNAL-IP 192.168.2.10,tcp:80 | " BOUND},
		{"a load balancer IP",
		 WEB " lb=203.0.113.2",
		 {NULL},
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"a load balancer IP with policy Local",
		 WEB " lb=203.0.113.2 etp=Local",
		 {NULL},
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | LOAD-BALANCER-LOCAL "
			 "203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"source ranges",
		 WEB " lb=203.0.113.2 range=198.51.100.0/24",
		 {NULL},
		 "LOAD-BALANCER-SOURCE-CIDR 203.0.113.2,tcp:80,198.51.100.0/24 | "
		 "LOAD-BALANCER-FW 203.0.113.2,tcp:80 | " CLUSTER
		 " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"a ClusterIP that is a load balancer IP with source ranges, too, is restricted",
		 WEB " lb=10.96.0.1 range=198.51.100.0/24",
		 {NULL},
		 "LOAD-BALANCER-SOURCE-CIDR 10.96.0.1,tcp:80,198.51.100.0/24 | "
		 "LOAD-BALANCER-FW 10.96.0.1,tcp:80 | LOAD-BALANCER 10.96.0.1,tcp:80 | " BOUND},
		{"source ranges that let the node in let its VIP in",
		 WEB " lb=203.0.113.2 range=192.168.1.0/24",
		 {NULL},
		 "LOAD-BALANCER-SOURCE-CIDR 203.0.113.2,tcp:80,192.168.1.0/24 | "
		 "LOAD-BALANCER-SOURCE-IP 203.0.113.2,tcp:80,203.0.113.2 | "
		 "LOAD-BALANCER-FW 203.0.113.2,tcp:80 | " CLUSTER
		 " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"source ranges of the other family do not restrict this one",
		 WEB " lb=203.0.113.2 range=fd09::/64",
		 {NULL},
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"a source range of everybody lifts the others of its family",
		 WEB " lb=203.0.113.2 range=198.51.100.0/24 range=0.0.0.0/0 range=fd09::/64",
		 {NULL},
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"source ranges concern no external IP",
		 WEB " external=203.0.113.1 range=10.0.0.0/8",
		 {NULL},
		 CLUSTER " | EXTERNAL-IP 203.0.113.1,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.1"},
		{"a TCP node port",
		 "a/web ip=10.96.0.1 port=:80/TCP:30080",
		 {NULL},
		 CLUSTER " | NODE-PORT-TCP 30080 | " NODE_PORT_IP " | " BOUND},
		{"a UDP node port with policy Local",
		 "a/web ip=10.96.0.1 port=:80/UDP:30080 etp=Local",
		 {NULL},
		 "CLUSTER-IP 10.96.0.1,udp:80 | NODE-PORT-UDP 30080 | NODE-PORT-LOCAL-UDP 30080 "
		 "| " NODE_PORT_IP " | " BOUND},
		{"a TCP node port with policy Local",
		 "a/web ip=10.96.0.1 port=:80/TCP:30080 etp=Local",
		 {NULL},
		 CLUSTER " | NODE-PORT-TCP 30080 | NODE-PORT-LOCAL-TCP 30080 | " NODE_PORT_IP
			 " | " BOUND},
		{"an SCTP node port goes by address",
		 "a/web ip=10.96.0.1 port=:80/SCTP:30080 etp=Local",
		 {NULL},
		 "CLUSTER-IP 10.96.0.1,sctp:80 | NODE-PORT-SCTP-HASH 192.168.1.10,sctp:30080 | "
		 "NODE-PORT-LOCAL-SCTP-HASH 192.168.1.10,sctp:30080 | " NODE_PORT_IP " | " BOUND},
		{"a health check port",
		 WEB " health=32000",
		 {NULL},
		 CLUSTER " | HEALTH-CHECK-NODE-PORT 32000 | " BOUND},
		{"a health check port on the load balancer IP, and on no other VIP",
		 WEB " health=32000 external=203.0.113.1 lb=203.0.113.2",
		 {NULL},
		 CLUSTER " | EXTERNAL-IP 203.0.113.1,tcp:80 | LOAD-BALANCER 203.0.113.2,tcp:80 | "
			 "HEALTH-CHECK-NODE-PORT 32000 | LOAD-BALANCER-HEALTH "
			 "203.0.113.2,tcp:32000 | " BOUND
			 " | IPVS-IPS 203.0.113.1 | IPVS-IPS 203.0.113.2"},
		{"what two ports want is there once",
		 "a/web ip=10.96.0.1 port=x:80/TCP port=y:81/TCP health=32000",
		 {"a/web-1 port=x:8080/TCP port=y:8080/TCP 10.0.0.1@here"},
		 HAIRPIN " | " CLUSTER " | CLUSTER-IP 10.96.0.1,tcp:81 | HEALTH-CHECK-NODE-PORT "
			 "32000 | " BOUND},
		{"nothing for a skipped Service", WEB " proxy=other health=32000", {SLICE}, ""},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, cases[i].slices, &desired_ordinary);
		auto_memory char *members = desired_text(state, desired_write_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(members, cases[i].members);
	}
}

/* The reading of source ranges that an operator may choose instead of kube-proxy's. */
static void test_strict_source_ranges(void **cmocka_state)
{
#define RESTRICTED "LOAD-BALANCER-FW 203.0.113.2,tcp:80 | "
	static const struct desired_options strict = {
		.scheduler = "rr", .affinity_scheduler = "sh", .has_strict_ranges = true};
	static const struct {
		const char *what, *service, *members;
	} cases[] = {
		{"ranges of the other family shut this one", WEB " lb=203.0.113.2 range=fd09::/64",
		 RESTRICTED CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND
				    " | IPVS-IPS 203.0.113.2"},
		{"no ranges, no restriction", WEB " lb=203.0.113.2",
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
		{"a range of everybody opens its family",
		 WEB " lb=203.0.113.2 range=0.0.0.0/0 range=fd09::/64",
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.2"},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const none[SLICES] = {NULL};
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, none, &strict);
		auto_memory char *members = desired_text(state, desired_write_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(members, cases[i].members);
	}
}

/* Addresses outside of what the operator allows are as if the Service did not name them. */
static void test_allowed_ranges(void **cmocka_state)
{
	static struct prefix ranges[] = {{{{203, 0, 113}, AF_INET}, 24}};
	static const struct desired_options few_external = {.scheduler = "rr",
							    .affinity_scheduler = "sh",
							    .allowed_external_ips = {ranges, 1}},
					    few_balanced = {
						    .scheduler = "rr",
						    .affinity_scheduler = "sh",
						    .allowed_load_balancer_ips = {ranges, 1}};
	static const struct {
		const char *what, *service, *same;
		const struct desired_options *options;
	} cases[] = {
		{"an external IP inside stays, one outside goes",
		 WEB " external=203.0.113.2 external=198.51.100.2", WEB " external=203.0.113.2",
		 &few_external},
		{"load balancer IPs have ranges of their own",
		 WEB " external=198.51.100.3 lb=203.0.113.2 lb=198.51.100.2",
		 WEB " external=198.51.100.3 lb=203.0.113.2", &few_balanced},
		{"ranges of external IPs leave load balancer IPs alone",
		 WEB " external=198.51.100.3 lb=198.51.100.2", WEB " lb=198.51.100.2",
		 &few_external},
		{"an address that is both is served as what it may be",
		 WEB " external=198.51.100.2 lb=198.51.100.2", WEB " lb=198.51.100.2",
		 &few_external},
		{"a family without a range is outside, NodePorts and the ClusterIP are not",
		 "a/web ip=fd00::1 type=NodePort port=http:80/TCP:30080 external=2001:db8::2 "
		 "lb=2001:db8::3",
		 "a/web ip=fd00::1 type=NodePort port=http:80/TCP:30080 lb=2001:db8::3",
		 &few_external},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const none[SLICES] = {NULL};
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, none, cases[i].options);
		auto_free(service_state) struct service_state *same =
			desired_plan(cases[i].same, none, &desired_ordinary);
		auto_memory char *members = desired_text(state, desired_write_members);
		auto_memory char *expected = desired_text(same, desired_write_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(members, expected);
		assert_int_equal(state->server_count, same->server_count);
		assert_int_equal(state->address_count, same->address_count);
	}
}

/* The load balancer's health checks come to its own address; to an address of somebody else, they are his. */
static void test_health_port(void **cmocka_state)
{
	static const struct desired_options served = {
		.scheduler = "rr", .affinity_scheduler = "sh", .health_port = 10256};
	static const struct {
		const char *what, *service, *members;
	} cases[] = {
		{"neither on a ClusterIP nor on an external IP", WEB " external=203.0.113.1",
		 CLUSTER " | EXTERNAL-IP 203.0.113.1,tcp:80 | " BOUND " | IPVS-IPS 203.0.113.1"},
		{"with the health check port of the Service", WEB " lb=203.0.113.2 health=32000",
		 CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | HEALTH-CHECK-NODE-PORT 32000 | "
			 "LOAD-BALANCER-HEALTH 203.0.113.2,tcp:32000 | "
			 "LOAD-BALANCER-HEALTH 203.0.113.2,tcp:10256 | " BOUND
			 " | IPVS-IPS 203.0.113.2"},
		{"IPv6", "a/web ip=fd00::1 port=:80/TCP lb=2001:db8::2",
		 "6-CLUSTER-IP fd00::1,tcp:80 | 6-LOAD-BALANCER 2001:db8::2,tcp:80 | "
		 "6-LOAD-BALANCER-HEALTH 2001:db8::2,tcp:10256 | 6-IPVS-IPS 2001:db8::2 | "
		 "6-IPVS-IPS fd00::1"},
		{"not on an address of the node", WEB " lb=192.168.1.10",
		 CLUSTER " | LOAD-BALANCER 192.168.1.10,tcp:80 | " BOUND},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const none[SLICES] = {NULL};
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, none, &served);
		auto_memory char *members = desired_text(state, desired_write_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(members, cases[i].members);
	}
}

/* What a dual-stack Service wants is then what it would want with IPv4 alone. */
static void test_without_ipv6(void **cmocka_state)
{
#define SIX  "a/web-6 family=6 port=http:8080/TCP fd01::1@here"
#define FOUR "a/web-4 port=http:8080/TCP 10.0.0.1@here"
	static const struct {
		const char *what, *service, *slices[SLICES], *same;
	} cases[] = {
		{"both families, every kind of address",
		 "a/web ip=10.96.0.1 ip=fd00::1 type=NodePort port=http:80/TCP:30080 "
		 "external=203.0.113.2 external=2001:db8::2 lb=203.0.113.3 lb=2001:db8::3 "
		 "etp=Local health=31000",
		 {FOUR, SIX},
		 "a/web ip=10.96.0.1 type=NodePort port=http:80/TCP:30080 external=203.0.113.2 "
		 "lb=203.0.113.3 etp=Local health=31000"},
		{"IPv6 first",
		 "a/web ip=fd00::1 ip=10.96.0.1 port=http:80/TCP",
		 {SIX, FOUR},
		 "a/web ip=10.96.0.1 port=http:80/TCP"},
		{"IPv6 alone", "a/web ip=fd00::1 port=http:80/TCP", {SIX}, NULL},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const four[SLICES] = {FOUR};
		auto_free(service_state) struct service_state *state =
			desired_plan_without_ipv6(cases[i].service, cases[i].slices);
		auto_free(service_state) struct service_state *same =
			desired_plan(cases[i].same, four, &desired_ordinary);
		auto_memory char *members = desired_text(state, desired_write_members);
		auto_memory char *expected = desired_text(same, desired_write_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(members, expected);
		assert_int_equal(state->server_count, same->server_count);
		assert_int_equal(state->address_count, same->address_count);
		assert_int_equal(state->local_endpoint_count, same->local_endpoint_count);
		assert_int_equal(service_state_is_empty(state), !cases[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),	       cmocka_unit_test(test_strict_source_ranges),
		cmocka_unit_test(test_allowed_ranges), cmocka_unit_test(test_health_port),
		cmocka_unit_test(test_without_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
