/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/planned_state.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static struct virtual_server_key key_of(const char *address, uint16_t port, uint16_t scope)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = address_of(address);
	key.port = port;
	key.protocol = IPPROTO_TCP;
	key.client_scope = scope;
	return key;
}

static void add_destination(struct changes *changes, const struct virtual_server_key *server,
			    const char *address)
{
	struct change *change = changes_add(changes, CHANGE_KIND_DESTINATION_ADD);

	change->destination.server = *server;
	change->destination.value =
		(struct destination){.address = address_of(address), .port = 8080, .weight = 1};
}

static void add_member(struct changes *changes, enum set_kind kind, const char *address)
{
	struct set_member *member = &changes_add(changes, CHANGE_KIND_MEMBER_ADD)->member;

	member->address = address_of(address);
	member->family = (uint8_t)member->address.family;
	member->kind = (uint8_t)kind;
}

static void nothing(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	auto_free(planned_state) struct planned_state *planned = planned_state_new(changes);
	struct virtual_server_key key = key_of("10.96.0.10", 80, CLIENT_SCOPE_ANY);

	(void)state;
	assert_int_equal(planned->server_count + planned->member_count + planned->address_count, 0);
	assert_null(planned_state_find(planned, &key));
}

static void servers_have_their_destinations_in_order(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct virtual_server_key inside = key_of("10.96.0.10", 80, CLIENT_SCOPE_IN_CLUSTER);
	struct virtual_server_key any = key_of("10.96.0.10", 80, CLIENT_SCOPE_ANY);
	struct virtual_server_key ipv6 = key_of("fd00::1", 80, CLIENT_SCOPE_ANY);
	struct virtual_server_key other = key_of("10.96.0.10", 81, CLIENT_SCOPE_ANY);
	struct planned_state *planned;
	const struct planned_server *server;

	(void)state;
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->server.key = ipv6;
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->server.key = inside;
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->server.key = any;
	add_destination(changes, &any, "10.244.1.2");
	add_destination(changes, &inside, "10.244.2.1");
	add_destination(changes, &any, "10.244.1.1");
	planned = planned_state_new(changes);

	assert_int_equal(planned->server_count, 3);
	assert_memory_equal(&planned->servers[0].server.key, &any, sizeof(any));
	assert_memory_equal(&planned->servers[1].server.key, &inside, sizeof(inside));
	assert_memory_equal(&planned->servers[2].server.key, &ipv6, sizeof(ipv6));

	server = planned_state_find(planned, &any);
	assert_ptr_equal(server, &planned->servers[0]);
	assert_int_equal(server->destination_count, 2);
	assert_int_equal(server->destinations[0].address.bytes[3], 1);
	assert_int_equal(server->destinations[1].address.bytes[3], 2);
	assert_int_equal(planned_state_find(planned, &inside)->destination_count, 1);
	assert_int_equal(planned_state_find(planned, &ipv6)->destination_count, 0);
	assert_null(planned_state_find(planned, &other));
	planned_state_free(planned);
}

static void assert_members(const struct planned_state *planned, enum set_kind kind, uint16_t family,
			   size_t first, size_t count)
{
	size_t found;
	const struct set_member *members = planned_state_members(planned, kind, family, &found);

	assert_int_equal(found, count);
	if (count)
		assert_ptr_equal(members, &planned->members[first]);
}

static void members_and_addresses_are_in_order(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct planned_state *planned;

	(void)state;
	add_member(changes, SET_KIND_CLUSTER_IP, "fd00::1");
	add_member(changes, SET_KIND_IPVS_IPS, "10.96.0.1");
	add_member(changes, SET_KIND_CLUSTER_IP, "10.96.0.2");
	add_member(changes, SET_KIND_CLUSTER_IP, "10.96.0.1");
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = address_of("fd00::1");
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = address_of("10.96.0.1");
	planned = planned_state_new(changes);

	assert_int_equal(planned->member_count, 4);
	assert_int_equal(planned->members[0].address.bytes[3], 1);
	assert_int_equal(planned->members[1].address.bytes[3], 2);
	assert_int_equal(planned->members[2].kind, SET_KIND_IPVS_IPS);
	assert_int_equal(planned->members[3].family, AF_INET6);
	assert_members(planned, SET_KIND_CLUSTER_IP, AF_INET, 0, 2);
	assert_members(planned, SET_KIND_IPVS_IPS, AF_INET, 2, 1);
	assert_members(planned, SET_KIND_CLUSTER_IP, AF_INET6, 3, 1);
	assert_members(planned, SET_KIND_IPVS_IPS, AF_INET6, 0, 0);
	assert_members(planned, SET_KIND_LOOP_BACK, AF_INET, 0, 0);
	assert_int_equal(planned->address_count, 2);
	assert_int_equal(planned->addresses[0].family, AF_INET);
	planned_state_free(planned);
}

static void sets_are_as_large_as_they_have_to_be(void **state)
{
	static const struct {
		size_t count;
		uint32_t capacity;
	} rows[] = {{0, 65536}, {61440, 65536}, {61441, 131072}, {122881, 262144}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(planned_state_capacity(rows[i].count), rows[i].capacity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(servers_have_their_destinations_in_order),
		cmocka_unit_test(members_and_addresses_are_in_order),
		cmocka_unit_test(sets_are_as_large_as_they_have_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
