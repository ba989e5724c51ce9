/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/changes.h"

#include "tests/fake/object_text.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct set_member member_of(enum set_kind kind, const char *address, uint16_t port)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.address = object_text_address(address);
	member.family = (uint8_t)member.address.family;
	member.protocol = IPPROTO_TCP;
	member.port = port;
	return member;
}

static struct virtual_server_key key_of(const char *address, uint16_t port, uint16_t protocol)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = object_text_address(address);
	key.port = port;
	key.protocol = protocol;
	return key;
}

static void add_member(struct changes *changes, enum change_kind kind, enum set_kind set)
{
	changes_add(changes, kind)->member = member_of(set, "10.0.0.1", 80);
}

static void add_all_members(struct changes *changes, enum change_kind kind)
{
	for (int set = SET_KIND_COUNT - 1; set >= 0; set--)
		add_member(changes, kind, (enum set_kind)set);
}

static size_t position_of(const struct changes *changes, enum change_kind kind, enum set_kind set)
{
	bool is_member = kind == CHANGE_KIND_MEMBER_ADD || kind == CHANGE_KIND_MEMBER_REMOVE;

	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].kind == kind &&
		    (!is_member || changes->items[i].member.kind == set))
			return i;
	fail();
	return 0;
}

/* Every kind of change, and every set, the wrong way round. */
static struct changes *shuffled(void)
{
	struct changes *changes = changes_new();

	add_all_members(changes, CHANGE_KIND_MEMBER_REMOVE);
	for (int kind = CHANGE_KIND_SERVER_REMOVE; kind > CHANGE_KIND_MEMBER_ADD; kind--)
		changes_add(changes, (enum change_kind)kind);
	add_all_members(changes, CHANGE_KIND_MEMBER_ADD);
	return changes;
}

static void test_order(void **state)
{
#define ADD(set)    CHANGE_KIND_MEMBER_ADD, SET_KIND_##set
#define REMOVE(set) CHANGE_KIND_MEMBER_REMOVE, SET_KIND_##set
#define IS(kind)    CHANGE_KIND_##kind, SET_KIND_COUNT
	static const struct {
		const char *what;
		enum change_kind first;
		int first_set;
		enum change_kind second;
		int second_set;
	} cases[] = {
		{"sources are allowed before others are refused", ADD(LOAD_BALANCER_SOURCE_CIDR),
		 ADD(LOAD_BALANCER_FIREWALL)},
		{"the node itself is allowed before others are refused",
		 ADD(LOAD_BALANCER_SOURCE_IP), ADD(LOAD_BALANCER_FIREWALL)},
		{"a restriction precedes the virtual server", ADD(LOAD_BALANCER_FIREWALL),
		 IS(SERVER_ADD)},
		{"allowed sources precede the virtual server", ADD(LOAD_BALANCER_SOURCE_CIDR),
		 IS(SERVER_ADD)},
		{"masquerading of ClusterIPs precedes the virtual server", ADD(CLUSTER_IP),
		 IS(SERVER_ADD)},
		{"masquerading of external IPs precedes the virtual server", ADD(EXTERNAL_IP),
		 IS(SERVER_ADD)},
		{"masquerading of load balancer IPs precedes the virtual server",
		 ADD(LOAD_BALANCER), IS(SERVER_ADD)},
		{"masquerading of node ports precedes the virtual server", ADD(NODE_PORT_TCP),
		 IS(SERVER_ADD)},
		{"hairpins precede the virtual server", ADD(LOOP_BACK), IS(SERVER_ADD)},
		{"the VIP's other ports are closed before it is bound", ADD(IPVS_IPS),
		 IS(ADDRESS_ADD)},
		{"what lets traffic in precedes the end of the host's ports", ADD(CLUSTER_IP),
		 ADD(IPVS_IPS)},
		{"a virtual server precedes its destinations", IS(SERVER_ADD), IS(DESTINATION_ADD)},
		{"an existing virtual server is edited before it gets destinations",
		 IS(SERVER_EDIT), IS(DESTINATION_ADD)},
		{"new destinations come before old ones drain", IS(DESTINATION_ADD),
		 IS(DESTINATION_EDIT)},
		{"new destinations come before old ones go", IS(DESTINATION_ADD),
		 IS(DESTINATION_REMOVE)},
		{"destinations precede the address", IS(DESTINATION_ADD), IS(ADDRESS_ADD)},
		{"the address goes before the virtual server", IS(ADDRESS_REMOVE),
		 IS(SERVER_REMOVE)},
		{"the virtual server goes before its masquerading", IS(SERVER_REMOVE),
		 REMOVE(CLUSTER_IP)},
		{"the virtual server goes before its restriction", IS(SERVER_REMOVE),
		 REMOVE(LOAD_BALANCER_FIREWALL)},
		{"the VIP's other ports stay closed while it is bound", IS(ADDRESS_REMOVE),
		 REMOVE(IPVS_IPS)},
		{"members go in reverse", REMOVE(IPVS_IPS), REMOVE(CLUSTER_IP)},
		{"the restriction goes last", REMOVE(CLUSTER_IP), REMOVE(LOAD_BALANCER_FIREWALL)},
		{"allowed sources go before others' destinations come",
		 REMOVE(LOAD_BALANCER_SOURCE_CIDR), IS(DESTINATION_ADD)},
		{"new allowed sources come before old ones go", ADD(LOAD_BALANCER_SOURCE_CIDR),
		 REMOVE(LOAD_BALANCER_SOURCE_CIDR)},
		{"no exemption from masquerading while other nodes serve (load balancer)",
		 IS(DESTINATION_EDIT), ADD(LOAD_BALANCER_LOCAL)},
		{"no exemption from masquerading before UDP destinations go (load balancer)",
		 IS(DESTINATION_REMOVE), ADD(LOAD_BALANCER_LOCAL)},
		{"the exemption ends before other nodes serve (load balancer)",
		 REMOVE(LOAD_BALANCER_LOCAL), IS(DESTINATION_ADD)},
		{"a new VIP has its exemption when it begins to answer", ADD(LOAD_BALANCER_LOCAL),
		 IS(ADDRESS_ADD)},
		{"the in-cluster server is complete before in-cluster clients are sent to it",
		 IS(DESTINATION_ADD), ADD(IN_CLUSTER)},
		{"the server for all is complete before in-cluster clients are sent back",
		 IS(DESTINATION_ADD), REMOVE(IN_CLUSTER)},
		{"in-cluster clients have their own server before the common one loses endpoints",
		 ADD(IN_CLUSTER), IS(DESTINATION_EDIT)},
		{"in-cluster clients are sent back before their server goes", REMOVE(IN_CLUSTER),
		 IS(SERVER_REMOVE)},
		{"clients are dropped before the last local endpoint goes", ADD(NO_LOCAL),
		 IS(DESTINATION_EDIT)},
		{"clients are dropped until the first local endpoint has come", IS(DESTINATION_ADD),
		 REMOVE(NO_LOCAL)},
		{"no exemption while other nodes serve (TCP node port)", IS(DESTINATION_REMOVE),
		 ADD(NODE_PORT_LOCAL_TCP)},
		{"the exemption ends before other nodes serve (TCP node port)",
		 REMOVE(NODE_PORT_LOCAL_TCP), IS(DESTINATION_ADD)},
		{"no exemption while other nodes serve (UDP node port)", IS(DESTINATION_REMOVE),
		 ADD(NODE_PORT_LOCAL_UDP)},
		{"the exemption ends before other nodes serve (UDP node port)",
		 REMOVE(NODE_PORT_LOCAL_UDP), IS(DESTINATION_ADD)},
		{"no exemption while other nodes serve (SCTP node port)", IS(DESTINATION_REMOVE),
		 ADD(NODE_PORT_LOCAL_SCTP)},
		{"the exemption ends before other nodes serve (SCTP node port)",
		 REMOVE(NODE_PORT_LOCAL_SCTP), IS(DESTINATION_ADD)},
	};
	struct changes *changes = shuffled();

	(void)state;
	changes_sort(changes);
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].what);
		assert_true(
			position_of(changes, cases[i].first, (enum set_kind)cases[i].first_set) <
			position_of(changes, cases[i].second, (enum set_kind)cases[i].second_set));
	}
	changes_free(changes);
}

static void test_sorting_loses_nothing_and_is_stable(void **state)
{
	struct changes *changes = changes_new(), *all = shuffled();
	size_t count = all->count;

	(void)state;
	changes_sort(all);
	assert_int_equal(all->count, count);
	for (int kind = CHANGE_KIND_MEMBER_ADD; kind <= CHANGE_KIND_MEMBER_REMOVE; kind++)
		position_of(all, (enum change_kind)kind, SET_KIND_CLUSTER_IP);
	changes_free(all);

	for (uint16_t i = 0; i < 100; i++) {
		changes_add(changes, CHANGE_KIND_DESTINATION_EDIT)->destination.value.port = i;
		changes_add(changes, CHANGE_KIND_DESTINATION_ADD)->destination.value.port = i;
	}
	changes_sort(changes);
	assert_int_equal(changes->count, 200);
	for (uint16_t i = 0; i < 100; i++) {
		assert_int_equal(changes->items[i].kind, CHANGE_KIND_DESTINATION_ADD);
		assert_int_equal(changes->items[i].destination.value.port, i);
		assert_int_equal(changes->items[100 + i].kind, CHANGE_KIND_DESTINATION_EDIT);
		assert_int_equal(changes->items[100 + i].destination.value.port, i);
	}
	changes_clear(changes);
	changes_sort(changes);
	assert_int_equal(changes->count, 0);
	changes_free(changes);
	changes_free(NULL);
}

/* A list is filled, sorted and cleared again and again, with more or fewer changes each time. */
static void test_a_list_is_sorted_again_and_again(void **state)
{
	static const uint16_t counts[] = {5, 40, 8, 1, 200, 3, 100, 300, 200};
	struct changes *changes = changes_new();

	(void)state;
	for (size_t round = 0; round < COUNT(counts); round++) {
		uint16_t count = counts[round];

		for (uint16_t i = 0; i < count; i++) {
			changes_add(changes, CHANGE_KIND_DESTINATION_EDIT)->destination.value.port =
				i;
			changes_add(changes, CHANGE_KIND_DESTINATION_ADD)->destination.value.port =
				i;
		}
		changes_sort(changes);
		assert_int_equal(changes->count, 2 * count);
		for (uint16_t i = 0; i < count; i++) {
			const struct change *added = &changes->items[i], *edited = added + count;

			assert_int_equal(added->kind, CHANGE_KIND_DESTINATION_ADD);
			assert_int_equal(added->destination.value.port, i);
			assert_int_equal(edited->kind, CHANGE_KIND_DESTINATION_EDIT);
			assert_int_equal(edited->destination.value.port, i);
		}
		changes_clear(changes);
	}
	changes_free(changes);
}

static void test_text(void **state)
{
	struct virtual_server_key server = key_of("10.96.0.10", 53, IPPROTO_UDP);
	struct virtual_server_key server6 = key_of("fd00::10", 53, IPPROTO_SCTP);
	struct virtual_server_key mark = {.firewall_mark = 17, .address.family = AF_INET6};
	struct destination destination = {.address = object_text_address("10.244.1.7"),
					  .port = 8080};
	struct changes *changes = changes_new();
	static const char *const texts[] = {
		"adding virtual server 10.96.0.10:53/UDP",
		"changing virtual server [fd00::10]:53/SCTP",
		"removing virtual server fwmark 17 IPv6",
		"adding 10.244.1.7:8080 to 10.96.0.10:53/UDP",
		"setting weight 0 of 10.244.1.7:8080 in 10.96.0.10:53/UDP",
		"removing 10.244.1.7:8080 from 10.96.0.10:53/UDP",
		"binding 10.244.1.7",
		"unbinding fd00::10",
		"adding 10.0.0.1,tcp:80 to set KUBE-CLUSTER-IP",
		"removing fd00::1,tcp:80 from set KUBE-6-LOAD-BALANCER-FW",
	};
	struct change *change;

	(void)state;
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->server.key = server;
	changes_add(changes, CHANGE_KIND_SERVER_EDIT)->server.key = server6;
	changes_add(changes, CHANGE_KIND_SERVER_REMOVE)->server.key = mark;
	for (int i = 0; i < 3; i++) {
		static const enum change_kind kinds[] = {CHANGE_KIND_DESTINATION_ADD,
							 CHANGE_KIND_DESTINATION_EDIT,
							 CHANGE_KIND_DESTINATION_REMOVE};

		change = changes_add(changes, kinds[i]);
		change->destination.server = server;
		change->destination.value = destination;
	}
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = destination.address;
	changes_add(changes, CHANGE_KIND_ADDRESS_REMOVE)->address = server6.address;
	add_member(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP);
	changes_add(changes, CHANGE_KIND_MEMBER_REMOVE)->member =
		member_of(SET_KIND_LOAD_BALANCER_FIREWALL, "fd00::1", 80);

	for (size_t i = 0; i < COUNT(texts); i++) {
		char buffer[6 * ADDRESS_TEXT_SIZE];

		assert_string_equal(change_text(&changes->items[i], buffer), texts[i]);
	}
	changes_free(changes);
}

static void test_facilities(void **state)
{
	(void)state;
	for (int kind = CHANGE_KIND_MEMBER_ADD; kind <= CHANGE_KIND_MEMBER_REMOVE; kind++) {
		char buffer[6 * ADDRESS_TEXT_SIZE];
		struct change change = {.kind = (enum change_kind)kind};
		const char *text = change_text(&change, buffer);
		const char *name = facility_name(change_facility((enum change_kind)kind));

		if (strstr(text, " set "))
			assert_string_equal(name, "ipset");
		else if (strstr(text, "binding"))
			assert_string_equal(name, "link");
		else
			assert_string_equal(name, "ipvs");
	}
}

static void test_member_text(void **state)
{
	static const struct {
		const char *what;
		enum set_kind kind;
		const char *address, *source;
		uint8_t prefix_length;
		const char *text;
	} cases[] = {
		{"an address", SET_KIND_IPVS_IPS, "10.0.0.1", NULL, 0, "10.0.0.1"},
		{"address and port", SET_KIND_CLUSTER_IP, "10.0.0.1", NULL, 0, "10.0.0.1,tcp:80"},
		{"IPv6 and port", SET_KIND_CLUSTER_IP, "fd00::1", NULL, 0, "fd00::1,tcp:80"},
		{"address, port and a source", SET_KIND_LOOP_BACK, "10.0.0.1", "10.0.0.2", 0,
		 "10.0.0.1,tcp:80,10.0.0.2"},
		{"address, port and a source range", SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "10.0.0.1",
		 "10.0.0.0", 8, "10.0.0.1,tcp:80,10.0.0.0/8"},
		{"a range of one host", SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "10.0.0.1", "10.0.0.9",
		 32, "10.0.0.1,tcp:80,10.0.0.9"},
		{"an IPv6 range of one host", SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "fd00::1",
		 "fd00::2", 128, "fd00::1,tcp:80,fd00::2"},
		{"an IPv6 range", SET_KIND_LOAD_BALANCER_SOURCE_CIDR, "fd00::1", "fd00::", 32,
		 "fd00::1,tcp:80,fd00::/32"},
		{"a port alone", SET_KIND_NODE_PORT_TCP, "10.0.0.1", NULL, 0, "80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct set_member member = member_of(cases[i].kind, cases[i].address, 80);
		char buffer[3 * ADDRESS_TEXT_SIZE];

		print_message("%s\n", cases[i].what);
		if (cases[i].source)
			member.source = object_text_address(cases[i].source);
		member.prefix_length = cases[i].prefix_length;
		assert_string_equal(set_member_text(&member, buffer), cases[i].text);
	}
}

/* The kernel cuts nothing: a set's name has 31 characters at most. */
static void test_set_names_fit(void **state)
{
	(void)state;
	for (int kind = 0; kind < SET_KIND_COUNT; kind++) {
		const char *name = set_kind_name((enum set_kind)kind, AF_INET);
		const char *name6 = set_kind_name((enum set_kind)kind, AF_INET6);

		assert_true(strlen(name) <= 31 && strlen(name6) <= 31);
		assert_memory_equal(name, "KUBE-", 5);
		assert_memory_equal(name6, "KUBE-6-", 7);
		assert_memory_equal(name + 5, name6 + 7, strlen(name6) - 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_sorting_loses_nothing_and_is_stable),
		cmocka_unit_test(test_a_list_is_sorted_again_and_again),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_facilities),
		cmocka_unit_test(test_member_text),
		cmocka_unit_test(test_set_names_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
