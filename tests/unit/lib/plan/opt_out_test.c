/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired_fixture.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TO_ALL " rr > 10.0.0.1:8080 10.0.0.2:8080"

/* A Service, and ranges that are not programmed or not bound; "" for none */
static void test_ranges(void **cmocka_state)
{
	static const struct {
		const char *what, *service, *unprogrammed, *unbound, *servers, *members, *addresses;
	} cases[] = {
		{"ranges of others change nothing", WEB, "10.97.0.0/16", "fd00::/8", AT_WEB,
		 HAIRPIN " | " CLUSTER " | " BOUND, "10.96.0.1"},
		{"a Service that is not to be programmed wants nothing",
		 WEB " external=203.0.113.1 health=32000 opted-out", "", "", "", "", ""},
		{"unbound, it has all but the address", WEB " unbound", "", "", AT_WEB,
		 HAIRPIN " | " CLUSTER, ""},
		{"unbound, with an external IP and a load balancer IP",
		 WEB " external=203.0.113.1 lb=203.0.113.2 unbound", "", "",
		 AT_WEB " | 203.0.113.1:80/TCP" TO_ALL " | 203.0.113.2:80/TCP" TO_ALL,
		 HAIRPIN " | " CLUSTER " | EXTERNAL-IP 203.0.113.1,tcp:80 | "
			 "LOAD-BALANCER 203.0.113.2,tcp:80",
		 ""},
		{"a range that is not bound", WEB " lb=203.0.113.2", "", "203.0.113.0/24",
		 AT_WEB " | 203.0.113.2:80/TCP" TO_ALL,
		 HAIRPIN " | " CLUSTER " | LOAD-BALANCER 203.0.113.2,tcp:80 | " BOUND, "10.96.0.1"},
		{"a range that is not programmed", WEB " external=203.0.113.1 lb=203.0.113.2",
		 "203.0.113.0/24", "", AT_WEB, HAIRPIN " | " CLUSTER " | " BOUND, "10.96.0.1"},
		{"not to be programmed is more than not to be bound", WEB " lb=203.0.113.2 unbound",
		 "203.0.113.0/24", "203.0.113.0/24", AT_WEB, HAIRPIN " | " CLUSTER, ""},
		{"a ClusterIP that is not programmed leaves its other addresses",
		 WEB " external=203.0.113.1", "10.96.0.0/12", "", "203.0.113.1:80/TCP" TO_ALL,
		 HAIRPIN " | EXTERNAL-IP 203.0.113.1,tcp:80 | IPVS-IPS 203.0.113.1", "203.0.113.1"},
		{"NodePorts are no addresses of the Service",
		 "a/web ip=10.96.0.1 port=:80/TCP:30080", "0.0.0.0/0", "",
		 "192.168.1.10:30080/TCP" TO_ALL, HAIRPIN " | NODE-PORT-TCP 30080 | " NODE_PORT_IP,
		 ""},
		{"where nothing is left to program, no pod is masqueraded on its account", WEB,
		 "0.0.0.0/0", "", "", "", ""},
		{"of two families, one", "a/web ip=10.96.0.1 ip=fd00::1 port=:80/TCP", "fd00::/8",
		 "10.96.0.0/12", AT_WEB, HAIRPIN " | " CLUSTER, ""},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const slices[SLICES] = {SLICE};
		struct desired_options options = desired_ordinary;
		struct prefix unprogrammed, unbound;
		auto_free(service_state) struct service_state *state = NULL;
		auto_memory char *servers = NULL, *members = NULL, *addresses = NULL;

		print_message("%s\n", cases[i].what);
		if (*cases[i].unprogrammed) {
			unprogrammed = object_text_prefix(cases[i].unprogrammed);
			options.opt_out.unprogrammed = (struct prefix_list){&unprogrammed, 1};
		}
		if (*cases[i].unbound) {
			unbound = object_text_prefix(cases[i].unbound);
			options.opt_out.unbound = (struct prefix_list){&unbound, 1};
		}
		state = desired_plan(cases[i].service, slices, &options);
		servers = desired_text(state, desired_write_servers);
		members = desired_text(state, desired_write_members);
		addresses = desired_text(state, desired_write_addresses);
		assert_string_equal(servers, cases[i].servers);
		assert_string_equal(members, cases[i].members);
		assert_string_equal(addresses, cases[i].addresses);
	}
}

static void test_equality(void **cmocka_state)
{
	struct prefix first = object_text_prefix("10.0.0.0/8");
	struct prefix other = object_text_prefix("10.0.0.0/9");
	const struct opt_out_ranges none = {0}, unbound = {.unbound = {&first, 1}},
				    unprogrammed = {.unprogrammed = {&first, 1}},
				    longer = {.unbound = {&other, 1}};

	(void)cmocka_state;
	assert_true(opt_out_is_equal(&none, &none));
	assert_true(opt_out_is_equal(&unbound, &unbound));
	assert_false(opt_out_is_equal(&none, &unbound));
	assert_false(opt_out_is_equal(&unbound, &unprogrammed));
	assert_false(opt_out_is_equal(&unbound, &longer));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
