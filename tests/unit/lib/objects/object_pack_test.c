/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/objects/endpoint_slice.h"
#include "lib/objects/service.h"
#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ENDPOINTS 40

static void lays_parts_out(void **state)
{
	size_t size = 5;

	(void)state;
	assert_int_equal(memory_part(&size, 3, 4, 4), 8);
	assert_int_equal(size, 20);
	assert_int_equal(memory_part(&size, 0, 8, 8), 24);
	assert_int_equal(size, 24);
	assert_int_equal(memory_part_text(&size, "ab"), 24);
	assert_int_equal(size, 27);
	assert_int_equal(memory_part_text(&size, NULL), 0);
	assert_int_equal(size, 27);
}

/* That everything is in one block is what AddressSanitizer sees when it is freed. */
static void keeps_all_of_a_service(void **state)
{
	const char *text = "shop/web ip=10.96.0.10 ip=fd00::10 port=http:80/TCP:30080 "
			   "port=dns:53/UDP external=192.0.2.1 lb=192.0.2.2 proxied=192.0.2.3 "
			   "affinity=60";
	auto_free(service) struct service *original = object_text_service(text);
	auto_free(service) struct service *packed = service_pack(object_text_service(text));

	(void)state;
	assert_true(service_is_equal(original, packed));
	assert_int_equal(packed->port_count, 2);
	assert_string_equal(packed->ports[1].name, "dns");
	assert_string_equal(packed->name, "web");
	assert_null(packed->proxy_name);
}

static void keeps_all_of_a_slice(void **state)
{
	const char *text = "shop/web-1 service=web port=http:8080/TCP 10.1.0.1@node1+a+b "
			   "10.1.0.2@node2!unready 10.1.0.3+c~node3";
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(endpoint_slice) struct endpoint_slice *original =
		object_text_slice(strings, text);
	auto_free(endpoint_slice) struct endpoint_slice *packed =
		endpoint_slice_pack(object_text_slice(strings, text));

	(void)state;
	assert_true(endpoint_slice_is_equal(original, packed));
	assert_string_equal(endpoint_hints(packed, &packed->endpoints[0]).zones, "a,b");
	assert_null(endpoint_hints(packed, &packed->endpoints[1]).zones);
	assert_string_equal(endpoint_hints(packed, &packed->endpoints[2]).zones, "c");
	assert_null(endpoint_hints(packed, &packed->endpoints[0]).nodes);
	assert_string_equal(endpoint_hints(packed, &packed->endpoints[2]).nodes, "node3");
	packed->endpoints[2].hint = packed->endpoints[0].hint;
	assert_false(endpoint_slice_is_equal(original, packed));
}

static bool set_zone(struct endpoint_slice *slice, struct endpoint *endpoint, const char *zone)
{
	return endpoint_set_hints(slice, endpoint, &(struct endpoint_hints){.zones = zone});
}

/* More hints than are compared with each other, and each of them again. */
static void knows_which_hints_belong_to_an_endpoint(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(endpoint_slice) struct endpoint_slice *slice =
		object_text_slice(strings, "shop/web-1 service=web");
	struct endpoint endpoints[2 * ENDPOINTS] = {0};
	char zone[16];

	(void)state;
	for (int i = 0; i < 2 * ENDPOINTS; i++) {
		snprintf(zone, sizeof(zone), "zone-%d", i % ENDPOINTS);
		assert_true(set_zone(slice, &endpoints[i], zone));
	}
	for (int i = 0; i < 2 * ENDPOINTS; i++) {
		snprintf(zone, sizeof(zone), "zone-%d", i % ENDPOINTS);
		assert_string_equal(endpoint_hints(slice, &endpoints[i]).zones, zone);
	}
	assert_int_equal(string_pool_count(strings), ENDPOINTS);
	assert_true(set_zone(slice, &endpoints[0], "zone-39"));
	assert_int_equal(endpoints[0].hint, slice->hint_count);

	while (slice->hint_count < UINT16_MAX) {
		snprintf(zone, sizeof(zone), "other-%u", slice->hint_count);
		assert_true(set_zone(slice, &endpoints[0], zone));
	}
	assert_false(set_zone(slice, &endpoints[1], "one-more"));
	assert_string_equal(endpoint_hints(slice, &endpoints[1]).zones, "zone-1");
}

/* The same zones with other nodes are other hints. */
static void keeps_hints_for_nodes_apart(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(endpoint_slice) struct endpoint_slice *one =
		object_text_slice(strings, "shop/web-1 service=web 10.1.0.1+a~n1 10.1.0.2+a~n2");
	auto_free(endpoint_slice) struct endpoint_slice *other =
		object_text_slice(strings, "shop/web-1 service=web 10.1.0.1+a~n1 10.1.0.2+a~n1");

	(void)state;
	assert_int_equal(one->hint_count, 2);
	assert_string_equal(endpoint_hints(one, &one->endpoints[1]).nodes, "n2");
	assert_int_equal(other->hint_count, 1);
	assert_false(endpoint_slice_is_equal(one, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_parts_out),
		cmocka_unit_test(keeps_all_of_a_service),
		cmocka_unit_test(keeps_all_of_a_slice),
		cmocka_unit_test(knows_which_hints_belong_to_an_endpoint),
		cmocka_unit_test(keeps_hints_for_nodes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
