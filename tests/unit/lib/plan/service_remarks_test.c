/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/service_remarks.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define DUAL	     "a/web ip=10.96.0.1 port=:80/TCP lb=203.0.113.2 lb=2001:db8::2 "
#define GATE	     "externalIPs are not programmed: feature gate AllowServiceExternalIPs is false"
#define UNPROGRAMMED "not programmed because of unprogrammedCIDRs: "
#define NO_IPV6 \
	"loadBalancerSourceRanges have no IPv6 range: every IPv6 client reaches 2001:db8::2; add a range of that family to restrict it"
#define NO_IPV4 \
	"loadBalancerSourceRanges have no IPv4 range: every IPv4 client reaches 203.0.113.2; add a range of that family to restrict it"

static void test_remarks(void **state)
{
	static struct prefix items[] = {{{{203, 0, 113}, AF_INET}, 24},
					{{{0x20, 0x01, 0x0d, 0xb8}, AF_INET6}, 32}};
	static const struct desired_options few = {.allowed_external_ips = {items, 2},
						   .allowed_load_balancer_ips = {items, 1}},
					    few_gate_off = {.allowed_external_ips = {items, 1},
							    .omits_external_ips = true};
	static const struct desired_options usual, gate_off = {.omits_external_ips = true},
						   strict = {.has_strict_ranges = true};
	static const struct desired_options no_mh = {
		.scheduler = "rr", .affinity_scheduler = "sh", .missing_schedulers = ~1U};
	struct prefix kept[] = {object_text_prefix("203.0.113.0/24"),
				object_text_prefix("10.96.0.0/12")};
	const struct desired_options keeps = {.opt_out.unprogrammed = {kept, COUNT(kept)}};
	const struct desired_options keeps_one = {.opt_out.unprogrammed = {kept, 1}};
	const struct {
		const char *what, *service;
		const struct desired_options *options;
		const char *remarks[SERVICE_REMARK_COUNT];
	} cases[] = {
		{"a plain Service", DUAL, &usual, {NULL}},
		{"external IPs as usual", DUAL "external=198.51.100.1", &usual, {NULL}},
		{"external IPs with the gate off", DUAL "external=198.51.100.1", &gate_off, {GATE}},
		{"no external IPs with the gate off", DUAL, &gate_off, {NULL}},
		{"an IPv4 range only", DUAL "range=10.0.0.0/8", &usual, {NO_IPV6}},
		{"an IPv6 range only", DUAL "range=fd00::/8", &usual, {NO_IPV4}},
		{"everybody of one family only", DUAL "range=0.0.0.0/0", &usual, {NO_IPV6}},
		{"ranges of both families", DUAL "range=10.0.0.0/8 range=fd00::/8", &usual, {NULL}},
		{"one family only, read strictly", DUAL "range=10.0.0.0/8", &strict, {NULL}},
		{"a range of the only family there is",
		 "a/web ip=10.96.0.1 port=:80/TCP lb=203.0.113.2 range=10.0.0.0/8",
		 &usual,
		 {NULL}},
		{"a range of the family that there is not",
		 "a/web ip=10.96.0.1 port=:80/TCP lb=203.0.113.2 range=fd00::/8",
		 &usual,
		 {NO_IPV4}},
		{"an address that is not programmed",
		 DUAL,
		 &keeps_one,
		 {UNPROGRAMMED "203.0.113.2"}},
		{"several that are not", DUAL, &keeps, {UNPROGRAMMED "10.96.0.1 and 1 more"}},
		{"a scheduler that there is", DUAL "scheduler=mh", &usual, {NULL}},
		{"a scheduler that there is not",
		 DUAL "scheduler=mh",
		 &no_mh,
		 {"this kernel has no scheduler mh (module ip_vs_mh); using rr"}},
		{"a scheduler that there is not, with affinity",
		 DUAL "scheduler=mh affinity=60",
		 &no_mh,
		 {"this kernel has no scheduler mh (module ip_vs_mh); using sh"}},
		{"both at once",
		 DUAL "external=198.51.100.1 range=10.0.0.0/8",
		 &gate_off,
		 {GATE, NO_IPV6}},
		{"external IPs in the allowed ranges",
		 "a/web ip=10.96.0.1 port=:80/TCP external=203.0.113.9 external=2001:db8::9",
		 &few,
		 {NULL}},
		{"one outside of them",
		 "a/web ip=10.96.0.1 port=:80/TCP external=203.0.113.9 external=198.51.100.1",
		 &few,
		 {"external IP 198.51.100.1 is outside of allowedExternalIPs and not programmed"}},
		{"several",
		 "a/web ip=10.96.0.1 port=:80/TCP external=fd00::1 external=198.51.100.1",
		 &few,
		 {"external IPs fd00::1, 198.51.100.1 are outside of allowedExternalIPs and not "
		  "programmed"}},
		{"with the gate off ranges do not matter",
		 "a/web ip=10.96.0.1 port=:80/TCP external=198.51.100.1",
		 &few_gate_off,
		 {GATE}},
		{"a family without a range is outside",
		 DUAL,
		 &few,
		 {"load balancer IP 2001:db8::2 is outside of allowedLoadBalancerIPs and not "
		  "programmed"}},
		{"what is outside is not open",
		 DUAL "range=10.0.0.0/8",
		 &few,
		 {"load balancer IP 2001:db8::2 is outside of allowedLoadBalancerIPs and not "
		  "programmed"}},
		{"more than can be named",
		 "a/web ip=10.96.0.1 port=:80/TCP"
		 " lb=fd00:1111:1111:1111:1111:1111:1111:1101 lb=fd00:1111:1111:1111:1111:1111:1111:1102"
		 " lb=fd00:1111:1111:1111:1111:1111:1111:1103 lb=fd00:1111:1111:1111:1111:1111:1111:1104"
		 " lb=fd00:1111:1111:1111:1111:1111:1111:1105 lb=fd00:1111:1111:1111:1111:1111:1111:1106"
		 " lb=fd00:1111:1111:1111:1111:1111:1111:1107 lb=fd00:1111:1111:1111:1111:1111:1111:1108"
		 " lb=fd00:1111:1111:1111:1111:1111:1111:1109 lb=fd00:1111:1111:1111:1111:1111:1111:110a",
		 &few,
		 {"load balancer IPs fd00:1111:1111:1111:1111:1111:1111:1101, "
		  "fd00:1111:1111:1111:1111:1111:1111:1102, fd00:1111:1111:1111:1111:1111:1111:1103, "
		  "fd00:1111:1111:1111:1111:1111:1111:1104, fd00:1111:1111:1111:1111:1111:1111:1105, "
		  "fd00:1111:1111:1111:1111:1111:1111:1106, fd00:1111:1111:1111:1111:1111:1111:1107, "
		  "fd00:1111:1111:1111:1111:1111:1111:1108 and 2 more are outside of "
		  "allowedLoadBalancerIPs and not programmed"}},
		{"a Service of another proxy",
		 DUAL "external=198.51.100.1 proxy=other",
		 &gate_off,
		 {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(service) struct service *service = object_text_service(cases[i].service);
		struct service_remark remarks[SERVICE_REMARK_COUNT];
		size_t count, expected = 0;

		print_message("%s\n", cases[i].what);
		count = service_remarks(service, cases[i].options, remarks);
		while (expected < SERVICE_REMARK_COUNT && cases[i].remarks[expected])
			expected++;
		assert_int_equal(count, expected);
		for (size_t k = 0; k < count; k++)
			assert_string_equal(remarks[k].text, cases[i].remarks[k]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
