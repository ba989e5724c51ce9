/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever the objects say, nothing that is planned takes an address that means the node itself:
 * neither bound to the dummy interface, nor as a virtual server, a member of a set or a destination.
 * Random objects go through the decoders and the planner.
 */
#include "lib/plan/desired.h"
#include "lib/source/json_value.h"
#include "lib/source/object_decode.h"
#include "tests/fake/object_text.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CASES 20000

static const char *const addresses[] = {
	"127.0.0.1",
	"127.0.0.53",
	"127.255.255.255",
	"::1",
	"::ffff:127.0.0.1",
	"0000127.0.0.001",
	"169.254.1.1",
	"169.254.169.254",
	"fe80::1",
	"febf::1",
	"224.0.0.1",
	"239.1.1.1",
	"ff02::1",
	"255.255.255.255",
	"0.0.0.0",
	"::",
	"::ffff:0.0.0.0",
	"localhost",
	"",
	"127.1",
	"10.96.0.10",
	"203.0.113.10",
	"fd00::10",
	"10.244.1.1",
	"192.168.1.10",
	"2001:db8::1",
	"10.96.0.11",
	"10.244.1.2",
};

static unsigned int seed = 1;

static const char *any(void)
{
	return addresses[(size_t)rand_r(&seed) % COUNT(addresses)];
}

static bool chance(void)
{
	return rand_r(&seed) % 2;
}

static json_t *any_list(const char *name)
{
	json_t *list = json_array();

	for (int i = rand_r(&seed) % 4; i > 0; i--)
		json_array_append_new(list,
				      name ? json_pack("{s:s}", name, any()) : json_string(any()));
	return list;
}

static struct service *any_service(void)
{
	static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer"};
	const char *cluster_ip = any();
	json_t *object = json_pack("{s:{s:s}, s:{s:s, s:s, s:o, s:s, s:[{s:i}]}, s:{s:{s:o}}}",
				   "metadata", "name", "web", "spec", "type",
				   types[(size_t)rand_r(&seed) % COUNT(types)], "clusterIP",
				   cluster_ip, "externalIPs", any_list(NULL),
				   "externalTrafficPolicy", chance() ? "Local" : "Cluster", "ports",
				   "port", 80, "status", "loadBalancer", "ingress", any_list("ip"));
	struct service *service = NULL;
	struct error err = {0};

	if (chance())
		json_object_set_new(json_object_get(object, "spec"), "clusterIPs",
				    json_pack("[s, s]", cluster_ip, any()));
	object_decode_service(json_value_of(object), &service, &err);
	json_decref(object);
	return service;
}

static struct endpoint_slice *any_slice(struct string_pool *strings)
{
	json_t *endpoints = json_array(), *object;
	struct endpoint_slice *slice = NULL;
	struct error err = {0};

	for (int i = rand_r(&seed) % 4; i > 0; i--)
		json_array_append_new(endpoints,
				      json_pack("{s:[s], s:s}", "addresses", any(), "nodeName",
						chance() ? "here" : "there"));
	object = json_pack("{s:{s:s, s:{s:s}}, s:s, s:[{s:i}], s:o}", "metadata", "name", "web-1",
			   "labels", "kubernetes.io/service-name", "web", "addressType",
			   chance() ? "IPv4" : "IPv6", "ports", "port", 8080, "endpoints",
			   endpoints);
	object_decode_endpoint_slice(json_value_of(object), strings, &slice, &err);
	json_decref(object);
	return slice;
}

static void require_usable(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address->family && (address_is_loopback(address) || address_is_link_local(address) ||
				address_is_unspecified(address) || address_is_multicast(address) ||
				address_is_broadcast(address)))
		fail_msg("%s is planned", address_text(address, text));
}

static void check_state(const struct service_state *state)
{
	struct set_member member;
	struct member_range members = service_state_all_members(state);

	for (uint32_t i = 0; i < state->address_count; i++)
		require_usable(&state->addresses[i]);
	for (uint32_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *wanted = &state->servers[i];

		require_usable(&wanted->server.key.address);
		for (uint32_t j = 0; j < wanted->destination_count; j++) {
			struct destination destination =
				service_state_destination(state, wanted, j);

			require_usable(&destination.address);
		}
	}
	while (service_state_next_member(state, &members, &member))
		require_usable(&member.address);
}

static size_t check_one(void)
{
	const struct address own = object_text_address("192.168.77.10");
	const struct node_view node = {
		.name = "here",
		.node_port_addresses = &own,
		.node_port_address_count = 1,
		.local_addresses = &own,
		.local_address_count = 1,
		.node_ips = {own},
	};
	const struct desired_options options = {0};
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(service) struct service *service = any_service();
	struct endpoint_slice *slice = any_slice(strings);
	struct service_view view = {.key = "default/web",
				    .service = service,
				    .slices = &slice,
				    .slice_count = slice ? 1 : 0};
	struct service_state *state;
	size_t count = 0;

	if (service) {
		state = desired_service(&view, &node, &options);
		check_state(state);
		count = state->server_count;
		service_state_free(state);
	}
	endpoint_slice_free(slice);
	return count;
}

static void test_plans(void **state)
{
	size_t servers = 0;

	(void)state;
	for (int i = 0; i < CASES; i++)
		servers += check_one();
	/* Enough of them had something that can be planned. */
	assert_true(servers > CASES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
