/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired_fixture.h"

#include "tests/fake/object_text.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_servers(void **cmocka_state)
{
	static const struct {
		const char *what, *service, *slices[SLICES], *servers, *addresses;
	} cases[] = {
		{"a ClusterIP", WEB, {SLICE}, AT_WEB, "10.96.0.1"},
		{"without endpoints it still has its virtual server",
		 WEB,
		 {NULL},
		 "10.96.0.1:80/TCP rr >",
		 "10.96.0.1"},
		{"endpoints of several slices are one list",
		 WEB,
		 {SLICE, "a/web-2 port=:8080/TCP 10.0.0.3 10.0.0.2"},
		 AT_WEB " 10.0.0.3:8080",
		 "10.96.0.1"},
		{"several ports",
		 "a/web ip=10.96.0.1 port=x:80/TCP port=y:53/UDP port=z:9/SCTP",
		 {"a/web-1 port=x:8080/TCP port=y:5353/UDP port=z:99/SCTP 10.0.0.1"},
		 "10.96.0.1:80/TCP rr > 10.0.0.1:8080 | 10.96.0.1:53/UDP rr > 10.0.0.1:5353 | "
		 "10.96.0.1:9/SCTP rr > 10.0.0.1:99",
		 "10.96.0.1"},
		{"two families",
		 "a/web ip=10.96.0.1 ip=fd00::1 port=:80/TCP",
		 {SLICE, "a/web-2 family=6 port=:8080/TCP fd02::1"},
		 AT_WEB " | [fd00::1]:80/TCP rr > [fd02::1]:8080",
		 "10.96.0.1 fd00::1"},
		{"affinity",
		 WEB " affinity=10800",
		 {SLICE},
		 "10.96.0.1:80/TCP sh 10800s > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1"},
		{"an external IP",
		 WEB " external=203.0.113.1",
		 {SLICE},
		 AT_WEB " | 203.0.113.1:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1 203.0.113.1"},
		{"an external IP of a family that the Service lacks",
		 WEB " external=fd09::1",
		 {SLICE},
		 AT_WEB,
		 "10.96.0.1"},
		{"an external IP that is the node's own stays on its interface",
		 WEB " external=" LOCAL_IP,
		 {SLICE},
		 AT_WEB " | 192.168.2.10:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1"},
		{"an external IP that is another node's is not bound",
		 WEB " external=" OTHER_IP " lb=" OTHER_IP,
		 {SLICE},
		 AT_WEB " | 192.168.1.11:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1"},
		{"an external IP that is a pod's is not bound",
		 WEB " external=10.0.0.2",
		 {SLICE},
		 AT_WEB " | 10.0.0.2:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1"},
		{"external policy Local concerns external IPs only",
		 WEB " external=203.0.113.1 etp=Local",
		 {SLICE},
		 AT_WEB " | 203.0.113.1:80/TCP rr > 10.0.0.1:8080",
		 "10.96.0.1 203.0.113.1"},
		{"internal policy Local concerns the ClusterIP only",
		 WEB " external=203.0.113.1 itp=Local",
		 {SLICE},
		 "10.96.0.1:80/TCP rr > 10.0.0.1:8080 | "
		 "203.0.113.1:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1 203.0.113.1"},
		{"internal policy Local with nobody here reaches nobody, but outside traffic does",
		 "a/web ip=10.96.0.1 external=203.0.113.1 itp=Local port=:80/TCP",
		 {"a/web-1 port=:8080/TCP 10.0.0.2@there"},
		 "10.96.0.1:80/TCP rr > | 203.0.113.1:80/TCP rr > 10.0.0.2:8080",
		 "10.96.0.1 203.0.113.1"},
		{"a load balancer IP",
		 WEB " lb=203.0.113.2",
		 {SLICE},
		 AT_WEB " | 203.0.113.2:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1 203.0.113.2"},
		{"an IP that is external and load balancer is one virtual server",
		 WEB " external=203.0.113.2 lb=203.0.113.2",
		 {SLICE},
		 AT_WEB " | 203.0.113.2:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1 203.0.113.2"},
		{"a node port on the addresses that take node ports, which are not bound",
		 "a/web ip=10.96.0.1 port=:80/TCP:30080",
		 {SLICE},
		 AT_WEB " | 192.168.1.10:30080/TCP rr > 10.0.0.1:8080 10.0.0.2:8080",
		 "10.96.0.1"},
		{"node ports of two families",
		 "a/web ip=10.96.0.1 ip=fd00::1 port=:80/TCP:30080",
		 {"a/web-1 port=:8080/TCP 10.0.0.1", "a/web-2 family=6 port=:8080/TCP fd02::1"},
		 "10.96.0.1:80/TCP rr > 10.0.0.1:8080 | [fd00::1]:80/TCP rr > [fd02::1]:8080 | "
		 "192.168.1.10:30080/TCP rr > 10.0.0.1:8080 | "
		 "[fd01::10]:30080/TCP rr > [fd02::1]:8080",
		 "10.96.0.1 fd00::1"},
		{"a node port with policy Local",
		 "a/web ip=10.96.0.1 port=:80/TCP:30080 etp=Local",
		 {SLICE},
		 AT_WEB " | 192.168.1.10:30080/TCP rr > 10.0.0.1:8080",
		 "10.96.0.1"},
		{"headless", "a/web port=:80/TCP", {SLICE}, "", ""},
		{"ExternalName", WEB " type=ExternalName", {SLICE}, "", ""},
		{"for another proxy", WEB " proxy=other", {SLICE}, "", ""},
		{"no ports", "a/web ip=10.96.0.1", {SLICE}, "", ""},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, cases[i].slices, &desired_ordinary);
		auto_memory char *servers = desired_text(state, desired_write_servers);
		auto_memory char *addresses = desired_text(state, desired_write_addresses);

		print_message("%s\n", cases[i].what);
		assert_string_equal(servers, cases[i].servers);
		assert_string_equal(addresses, cases[i].addresses);
	}
}

static void test_in_cluster(void **cmocka_state)
{
	static const struct desired_options options = {
		.scheduler = "wrr", .affinity_scheduler = "sh", .has_in_cluster = true};
	static const struct {
		const char *what, *service, *slices[SLICES], *servers, *members;
	} cases[] = {
		{"others reach endpoints of this node, the cluster all",
		 WEB " lb=203.0.113.2 etp=Local",
		 {SLICE},
		 "10.96.0.1:80/TCP wrr > 10.0.0.1:8080 10.0.0.2:8080 | "
		 "203.0.113.2:80/TCP wrr > 10.0.0.1:8080 | "
		 "203.0.113.2:80/TCP (in-cluster) wrr > 10.0.0.1:8080 10.0.0.2:8080",
		 "IN-CLUSTER 203.0.113.2,tcp:80"},
		{"where there are only others', nobody else is answered",
		 "a/web ip=10.96.0.1 port=:80/UDP:30080 etp=Local",
		 {"a/web-1 port=:8080/UDP 10.0.0.2@there"},
		 "10.96.0.1:80/UDP wrr > 10.0.0.2:8080 | 192.168.1.10:30080/UDP wrr > | "
		 "192.168.1.10:30080/UDP (in-cluster) wrr > 10.0.0.2:8080",
		 "NO-ENDPOINT 192.168.1.10,udp:30080 | NO-LOCAL-ENDPOINT 192.168.1.10,udp:30080 | IN-CLUSTER 192.168.1.10,udp:30080"},
		{"where there are none at all everybody is refused",
		 WEB " external=203.0.113.1 etp=Local",
		 {NULL},
		 "10.96.0.1:80/TCP wrr > | 203.0.113.1:80/TCP wrr > | "
		 "203.0.113.1:80/TCP (in-cluster) wrr >",
		 "NO-ENDPOINT 10.96.0.1,tcp:80 | NO-ENDPOINT 203.0.113.1,tcp:80 | IN-CLUSTER 203.0.113.1,tcp:80"},
		{"whatever scheduler the Service asks for",
		 WEB " lb=203.0.113.2 etp=Local affinity=60 scheduler=lc",
		 {NULL},
		 "10.96.0.1:80/TCP lc 60s > | 203.0.113.2:80/TCP lc 60s > | "
		 "203.0.113.2:80/TCP (in-cluster) sh >",
		 "NO-ENDPOINT 10.96.0.1,tcp:80 | NO-ENDPOINT 203.0.113.2,tcp:80 | "
		 "IN-CLUSTER 203.0.113.2,tcp:80"},
		{"affinity is by hash, since persistence forgets the ports of endpoints",
		 WEB " lb=203.0.113.2 etp=Local affinity=60",
		 {NULL},
		 "10.96.0.1:80/TCP sh 60s > | 203.0.113.2:80/TCP sh 60s > | "
		 "203.0.113.2:80/TCP (in-cluster) sh >",
		 "NO-ENDPOINT 10.96.0.1,tcp:80 | NO-ENDPOINT 203.0.113.2,tcp:80 | "
		 "IN-CLUSTER 203.0.113.2,tcp:80"},
		{"a terminating endpoint of this node serves others if no other one does",
		 WEB " lb=203.0.113.2 etp=Local",
		 {"a/web-1 port=:8080/TCP 10.0.0.1@here!terminating 10.0.0.2@there"},
		 "10.96.0.1:80/TCP wrr > 10.0.0.2:8080 | 203.0.113.2:80/TCP wrr > 10.0.0.1:8080 | "
		 "203.0.113.2:80/TCP (in-cluster) wrr > 10.0.0.2:8080",
		 "IN-CLUSTER 203.0.113.2,tcp:80"},
		{"policy Cluster makes no difference between clients",
		 WEB " lb=203.0.113.2",
		 {SLICE},
		 "10.96.0.1:80/TCP wrr > 10.0.0.1:8080 10.0.0.2:8080 | "
		 "203.0.113.2:80/TCP wrr > 10.0.0.1:8080 10.0.0.2:8080",
		 ""},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, cases[i].slices, &options);
		auto_memory char *servers = desired_text(state, desired_write_servers);
		auto_memory char *members = desired_text(state, desired_write_scope_members);

		print_message("%s\n", cases[i].what);
		assert_string_equal(servers, cases[i].servers);
		assert_string_equal(members, cases[i].members);
		for (size_t s = 0; s < state->server_count; s++)
			if (strcmp(state->servers[s].server.scheduler, "sh") == 0)
				assert_int_equal(state->servers[s].server.flags,
						 IP_VS_SVC_F_SCHED_SH_FALLBACK);
	}
}

static void test_schedulers(void **cmocka_state)
{
	static const struct {
		const char *what;
		struct desired_options options;
		const char *service, *scheduler;
		uint32_t persistence, flags;
	} cases[] = {
		{"the scheduler is that of the option",
		 {.scheduler = "lc", .affinity_scheduler = "sh"},
		 WEB,
		 "lc",
		 0,
		 0},
		{"affinity has a scheduler of its own",
		 {.scheduler = "lc", .affinity_scheduler = "sh"},
		 WEB " affinity=60",
		 "sh",
		 60,
		 IP_VS_SVC_F_SCHED_SH_FALLBACK},
		{"affinity inherits the scheduler",
		 {.scheduler = "lc", .affinity_scheduler = "inherit"},
		 WEB " affinity=60",
		 "lc",
		 60,
		 0},
		{"sh of all virtual servers is as kube-proxy has it",
		 {.scheduler = "sh", .affinity_scheduler = "inherit"},
		 WEB " affinity=60",
		 "sh",
		 60,
		 0},
		{"mh looks at the source port",
		 {.scheduler = "mh", .affinity_scheduler = "sh"},
		 WEB,
		 "mh",
		 0,
		 IP_VS_SVC_F_SCHED2},
		{"a Service may ask for another one",
		 {.scheduler = "rr", .affinity_scheduler = "sh"},
		 WEB " scheduler=wlc",
		 "wlc",
		 0,
		 0},
		{"with affinity, too, and it stays persistent",
		 {.scheduler = "rr", .affinity_scheduler = "sh"},
		 WEB " scheduler=lc affinity=60",
		 "lc",
		 60,
		 0},
		{"sh at the wish of a Service does not refuse clients of draining endpoints",
		 {.scheduler = "rr", .affinity_scheduler = "inherit"},
		 WEB " scheduler=sh",
		 "sh",
		 0,
		 IP_VS_SVC_F_SCHED_SH_FALLBACK},
		{"mh at the wish of a Service looks at the source port",
		 {.scheduler = "rr", .affinity_scheduler = "sh"},
		 WEB " scheduler=mh",
		 "mh",
		 0,
		 IP_VS_SVC_F_SCHED2},
		{"one that the kernel does not have counts for nothing",
		 {.scheduler = "rr", .affinity_scheduler = "sh", .missing_schedulers = ~1U},
		 WEB " scheduler=mh",
		 "rr",
		 0,
		 0},
		{"nor with affinity",
		 {.scheduler = "rr", .affinity_scheduler = "sh", .missing_schedulers = ~1U},
		 WEB " scheduler=mh affinity=60",
		 "sh",
		 60,
		 IP_VS_SVC_F_SCHED_SH_FALLBACK},
		{"the longest name fits",
		 {.scheduler = "fifteen_letters", .affinity_scheduler = "sh"},
		 WEB,
		 "fifteen_letters",
		 0,
		 0},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const none[SLICES];
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, none, &cases[i].options);
		const struct virtual_server *server = &state->servers[0].server;

		print_message("%s\n", cases[i].what);
		assert_string_equal(server->scheduler, cases[i].scheduler);
		assert_int_equal(server->persistence_seconds, cases[i].persistence);
		assert_int_equal(server->flags, cases[i].flags);
		assert_int_equal(server->netmask, 0xffffffff);
	}
}

static void test_health_checks(void **cmocka_state)
{
	static const struct {
		const char *what, *service, *slices[SLICES];
		uint16_t port;
		uint32_t endpoints;
	} cases[] = {
		{"no health check", WEB, {SLICE}, 0, 0},
		{"health checks count only local endpoints",
		 WEB " health=32000",
		 {SLICE},
		 32000,
		 1},
		{"health checks count only ready endpoints",
		 WEB " health=32000",
		 {"a/web-1 port=:80/TCP 10.0.0.1@here!terminating 10.0.0.2@here"},
		 32000,
		 1},
		{"once per address, whatever the slices and ports",
		 WEB " health=32000",
		 {"a/web-1 port=x:80/TCP 10.0.0.1@here", "a/web-2 port=y:81/TCP 10.0.0.1@here",
		  "a/web-3 port=:80/TCP 10.0.0.3@here"},
		 32000,
		 2},
		{"nobody", WEB " health=32000", {NULL}, 32000, 0},
		{"a slice without port numbers has no endpoints",
		 WEB " health=32000",
		 {"a/web-1 10.0.0.1@here"},
		 32000,
		 0},
		{"both families count",
		 WEB " ip=fd00::1 health=32000",
		 {SLICE, "a/web-2 family=6 port=:80/TCP fd02::1@here fd02::2@here"},
		 32000,
		 3},
		{"a skipped Service has none", WEB " health=32000 proxy=other", {SLICE}, 0, 0},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, cases[i].slices, &desired_ordinary);

		print_message("%s\n", cases[i].what);
		assert_int_equal(state->health_check_port, cases[i].port);
		assert_int_equal(state->local_endpoint_count, cases[i].endpoints);
	}
}

static void test_no_address_for_node_ports(void **cmocka_state)
{
	const char *const slices[SLICES] = {SLICE};
	auto_free(service_state) struct service_state *state =
		desired_plan_on(0, "a/web ip=10.96.0.1 port=:80/TCP:30080 health=32000 etp=Local",
				slices, &desired_ordinary);
	auto_memory char *members = desired_text(state, desired_write_members);

	(void)cmocka_state;
	assert_string_equal(members,
			    HAIRPIN " | " CLUSTER " | HEALTH-CHECK-NODE-PORT 32000 | " BOUND);
	assert_int_equal(state->health_check_port, 32000);
}

static void test_skip_reasons(void **cmocka_state)
{
	static const struct {
		const char *service;
		enum skip_reason reason;
	} cases[] = {
		{WEB, SKIP_REASON_NONE},
		{NULL, SKIP_REASON_NO_SERVICE},
		{"a/web port=:80/TCP", SKIP_REASON_HEADLESS},
		{WEB " type=ExternalName", SKIP_REASON_EXTERNAL_NAME},
		{WEB " proxy=other", SKIP_REASON_OTHER_PROXY},
		{WEB " opted-out", SKIP_REASON_OPTED_OUT},
		{WEB " opted-out unbound", SKIP_REASON_OPTED_OUT},
	};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const slices[SLICES] = {SLICE};
		auto_free(service) struct service *service =
			cases[i].service ? object_text_service(cases[i].service) : NULL;
		auto_free(service_state) struct service_state *state =
			desired_plan(cases[i].service, slices, &desired_ordinary);
		enum skip_reason reason = skip_reason_of(service);

		assert_int_equal(reason, cases[i].reason);
		assert_int_equal(*skip_reason_text(reason) == '\0', reason == SKIP_REASON_NONE);
		assert_int_equal(state->server_count == 0, reason != SKIP_REASON_NONE);
	}
}

#define LARGE_PORTS 100
#define LARGE_IPS   1000

/* A Service of 19 kB that asks for a hundred thousand virtual servers. */
static struct service *large_service(void)
{
	struct service *service = object_text_service("a/large ip=10.96.0.1 port=:1/TCP");

	free(service->ports[0].name);
	service->ports = memory_resize(service->ports, LARGE_PORTS, sizeof(*service->ports));
	for (uint16_t i = 0; i < LARGE_PORTS; i++)
		service->ports[i] = (struct service_port){
			.name = string_printf("p%u", i), .port = i + 1, .protocol = IPPROTO_TCP};
	service->port_count = LARGE_PORTS;
	service->external_ips = memory_array(LARGE_IPS, sizeof(*service->external_ips));
	for (uint16_t i = 0; i < LARGE_IPS; i++) {
		service->external_ips[i] = object_text_address("198.18.0.0");
		service->external_ips[i].bytes[2] = (uint8_t)(i >> 8);
		service->external_ips[i].bytes[3] = (uint8_t)i;
	}
	service->external_ip_count = LARGE_IPS;
	return service;
}

#define STEP 256

/* Each step does what its budget says and not much more, so that no turn of the loop is long. */
static void test_large_service(void **state)
{
	static const struct {
		const char *what;
		int objects_max;
		uint32_t servers, left_out;
	} cases[] = {
		{"without a bound everything is planned", 0, LARGE_PORTS * (LARGE_IPS + 1), 0},
		{"what is beyond the bound is left out, ClusterIPs last of all", 5000, 1250,
		 LARGE_PORTS * (LARGE_IPS + 1) - 1250},
		{"a bound that nothing fits in", 1, 0, LARGE_PORTS * (LARGE_IPS + 1)},
	};
	const struct node_view node = {.name = "here"};
	struct service *service = large_service();
	const struct service_view view = {.key = "a/large", .service = service};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct desired_options options = desired_ordinary;
		auto_free(service_state) struct service_state *planned = NULL;
		struct desired *desired;
		size_t steps = 0, budget;

		print_message("%s\n", cases[i].what);
		options.objects_max = cases[i].objects_max;
		desired = desired_begin(&view, &node, &options);
		do {
			budget = STEP;
			steps++;
		} while (!desired_step(desired, &budget));
		planned = desired_end(desired);
		assert_int_equal(planned->server_count, cases[i].servers);
		assert_int_equal(planned->left_out, cases[i].left_out);
		assert_in_range(steps, LARGE_PORTS * LARGE_IPS / STEP, SIZE_MAX);
		for (size_t k = 0; k < planned->server_count && k < LARGE_PORTS; k++)
			assert_int_equal(planned->servers[k].origin, ADDRESS_ORIGIN_CLUSTER_IP);
		if (options.objects_max)
			assert_in_range(planned->object_count, 0, (size_t)options.objects_max);
	}
	service_free(service);
}

/* @prefix: of addresses that end in two numbers below 100 */
static struct endpoint_slice *large_slice(struct string_pool *strings, const char *name,
					  const char *prefix, const char *separator, size_t count)
{
	auto_memory char *text = NULL;
	struct endpoint_slice *slice;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, "%s port=a:8080/TCP port=b:8081/TCP", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, " %s%zu%s%zu", prefix, i / 100, separator, i % 100 + 1);
	fclose(stream);
	slice = object_text_slice(strings, text);
	return slice;
}

/* Nothing is left out of what large clusters really have. */
static void test_default_limits(void **state)
{
	const struct address node_port_addresses[] = {object_text_address(NODE_IP),
						      object_text_address(NODE_IP6)};
	const struct node_view node = {.name = "here",
				       .node_port_addresses = node_port_addresses,
				       .node_port_address_count = 2};
	struct service *service =
		object_text_service("a/web ip=10.96.0.1 ip=fd00::1 lb=203.0.113.1 lb=2001:db8::1 "
				    "port=a:80/TCP:30080 port=b:443/TCP:30443 etp=Local");
	struct string_pool *strings = string_pool_new();
	struct endpoint_slice *slices[] = {
		large_slice(strings, "a/web-4", "10.1.", ".", 5000),
		large_slice(strings, "a/web-6 family=6", "fd02::", ":", 5000)};
	const struct service_view view = {
		.key = "a/web", .service = service, .slices = slices, .slice_count = 2};
	struct desired_options options = desired_ordinary;
	auto_free(service_state) struct service_state *planned = NULL;

	(void)state;
	options.has_in_cluster = true;
	options.objects_max = 250000;
	options.endpoints_max = 10000;
	planned = desired_service(&view, &node, &options);
	assert_int_equal(planned->left_out, 0);
	assert_int_equal(planned->endpoints_left_out, 0);
	assert_int_equal(planned->server_count, 2 * 2 * 5);
	for (size_t i = 0; i < COUNT(slices); i++)
		endpoint_slice_free(slices[i]);
	service_free(service);
	string_pool_free(strings);
}

/* However many endpoints a Service may have, what is in order at once is not more. */
static void test_other_objects(void **state)
{
	const struct node_view node = {.name = "here"};
	struct service *service = large_service();
	const struct service_view view = {.key = "a/large", .service = service};
	struct desired_options options = desired_ordinary;
	auto_free(service_state) struct service_state *planned = NULL;

	(void)state;
	options.objects_max = 10000000;
	planned = desired_service(&view, &node, &options);
	assert_in_range(planned->object_count, 49990, 50000);
	assert_true(planned->left_out);
	service_free(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_schedulers),
		cmocka_unit_test(test_health_checks),
		cmocka_unit_test(test_no_address_for_node_ports),
		cmocka_unit_test(test_skip_reasons),
		cmocka_unit_test(test_large_service),
		cmocka_unit_test(test_default_limits),
		cmocka_unit_test(test_other_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
