/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/input/node_state.h"
#include "agent/settings/command_line.h"

#include "lib/plan/address_owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void the_name(void **state)
{
	char host[256] = "";
	const struct {
		const char *given, *environment, *name;
	} rows[] = {
		{"Given", "Environment", "given"},
		{NULL, "Environment.Example", "environment.example"},
		{NULL, "", host},
		{NULL, NULL, host},
	};

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = options_new();
		struct node_state *node;

		options->node_name = string_dup(rows[i].given);
		if (rows[i].environment)
			setenv("NODE_NAME", rows[i].environment, 1);
		else
			unsetenv("NODE_NAME");
		node = node_state_new(options);
		assert_int_equal(strcasecmp(node_state_name(node), rows[i].name), 0);
		for (const char *c = node_state_name(node); *c; c++)
			assert_false(*c >= 'A' && *c <= 'Z');
		node_state_free(node);
	}
}

static struct node *object_text_node(const char *pod_cidr)
{
	struct node *node = memory_allocate(sizeof(*node));

	node->name = string_dup("n");
	if (pod_cidr) {
		node->pod_cidrs = memory_array(1, sizeof(*node->pod_cidrs));
		node->pod_cidr_count = 1;
		assert_true(address_parse_prefix(pod_cidr, node->pod_cidrs));
	}
	return node;
}

static void assert_pod_prefix(const struct node_state *node, const char *text)
{
	struct ruleset_options rules[2];
	char buffer[ADDRESS_TEXT_SIZE];

	node_state_rules(node, rules);
	assert_int_equal(rules[0].detection, LOCAL_DETECTION_PREFIX);
	assert_string_equal(address_prefix_text(&rules[0].pod_prefix, buffer), text);
}

static void pod_cidrs_outlive_the_node(void **state)
{
	auto_free(options) struct options *options = options_new();
	struct node_state *node;

	(void)state;
	options->node_name = string_dup("n");
	options->is_node_cidr = true;
	node = node_state_new(options);
	assert_false(node_state_has_pod_cidrs(node));
	node_state_set_node(node, object_text_node(NULL));
	assert_false(node_state_has_pod_cidrs(node));
	node_state_set_node(node, object_text_node("10.1.0.0/24"));
	assert_true(node_state_has_pod_cidrs(node));
	assert_pod_prefix(node, "10.1.0.0/24");
	node_state_set_node(node, object_text_node("10.2.0.0/24"));
	assert_pod_prefix(node, "10.2.0.0/24");
	assert_true(node_state_remove_node(node, "n"));
	assert_true(node_state_has_pod_cidrs(node));
	assert_pod_prefix(node, "10.2.0.0/24");
	node_state_free(node);
}

static struct node *other_node(const char *name, const char *address)
{
	struct node *node = memory_allocate(sizeof(*node));

	node->name = string_dup(name);
	node->addresses = memory_array(1, sizeof(*node->addresses));
	node->address_count = 1;
	assert_true(address_parse(address, node->addresses));
	return node;
}

static void assert_others(struct node_state *node, size_t count, const char *owned)
{
	struct node_view view;
	struct address address;

	node_state_view(node, &view);
	assert_int_equal(view.other_address_count, count);
	for (size_t i = 1; i < count; i++)
		assert_true(address_compare(&view.other_addresses[i - 1],
					    &view.other_addresses[i]) < 0);
	assert_true(address_parse(owned, &address));
	assert_int_equal(address_owner_find(&view, NULL, &address),
			 count ? ADDRESS_OWNER_OTHER_NODE : ADDRESS_OWNER_NONE);
}

static void assert_owner(struct node_state *node, const char *text, const char *name)
{
	struct node_view view;
	struct address address;

	node_state_view(node, &view);
	assert_true(address_parse(text, &address));
	assert_string_equal(address_owner_node(&view, &address), name);
}

static void addresses_of_other_nodes(void **state)
{
	auto_free(options) struct options *options = options_new();
	struct node_state *node;

	(void)state;
	options->node_name = string_dup("n");
	node = node_state_new(options);
	assert_others(node, 0, "192.168.0.2");
	assert_false(node_state_set_node(node, other_node("m", "192.168.0.3")));
	assert_false(node_state_set_node(node, other_node("o", "192.168.0.4")));
	assert_false(node_state_set_node(node, other_node("m", "192.168.0.2")));
	assert_true(node_state_set_node(node, other_node("n", "192.168.0.1")));
	assert_others(node, 2, "192.168.0.2");
	assert_others(node, 2, "192.168.0.4");
	assert_owner(node, "192.168.0.2", "m");
	assert_owner(node, "192.168.0.4", "o");
	assert_owner(node, "192.168.0.3", "");
	assert_false(node_state_remove_node(node, "o"));
	assert_false(node_state_remove_node(node, "o"));
	assert_others(node, 1, "192.168.0.2");
	assert_false(node_state_remove_node(node, "m"));
	assert_others(node, 0, "192.168.0.2");
	node_state_free(node);
}

#define NONE   LOOPBACK_USE_NONE
#define BESIDE LOOPBACK_USE_BESIDE
#define ALWAYS LOOPBACK_USE_ALWAYS

static void loopback_addresses_are_selected_like_others(void **state)
{
	static const struct {
		const char *what, *selection;
		bool is_off;
		enum loopback_use expected[2];
	} rows[] = {
		{"no ranges take all", "", false, {BESIDE, BESIDE}},
		{"a range that has it", "127.0.0.0/8", false, {ALWAYS, BESIDE}},
		{"a range that has it not", "10.0.0.0/8", false, {NONE, BESIDE}},
		{"one of two", "10.0.0.0/8,127.0.0.1/32", false, {ALWAYS, BESIDE}},
		{"of the other family", "fd00::/8", false, {BESIDE, NONE}},
		{"primary addresses", "primary", false, {NONE, NONE}},
		{"localhost beside primary addresses",
		 "primary,localhost",
		 false,
		 {ALWAYS, ALWAYS}},
		{"localhost, though none are to by default", "localhost", true, {ALWAYS, ALWAYS}},
		{"a range that has it, though none are to", "127.0.0.0/8", true, {NONE, NONE}},
		{"all, though none are to", "all", true, {NONE, NONE}},
		{"none are to", "", true, {NONE, NONE}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = options_new();
		auto_memory char *flag =
			string_printf("--nodeport-addresses=%s", rows[i].selection);
		char *argv[] = {(char[]){"run"}, flag,
				(char[]){"--iptables-localhost-nodeports=false"}, NULL};
		struct node_state *node;
		struct error err = {0};
		enum loopback_use uses[2];

		print_message("%s\n", rows[i].what);
		assert_int_equal(command_line_parse(options, OPTION_SCOPE_RUN,
						    rows[i].is_off ? 3 : 2, argv, &err),
				 0);
		node = node_state_new(options);
		node_state_loopbacks(node, uses);
		assert_int_equal(uses[0], rows[i].expected[0]);
		assert_int_equal(uses[1], rows[i].expected[1]);
		node_state_free(node);
	}
}

static struct node *node_with_addresses(void)
{
	struct node *node = object_text_node(NULL);

	node->addresses = memory_array(2, sizeof(*node->addresses));
	node->address_count = 2;
	node->internal_count = 1;
	assert_true(address_parse("192.168.77.10", &node->addresses[0]));
	assert_true(address_parse("198.51.100.1", &node->addresses[1]));
	return node;
}

static void assert_local(struct node_state *node, const char *text)
{
	char buffer[ADDRESS_TEXT_SIZE];
	struct node_view view;

	node_state_view(node, &view);
	assert_int_equal(view.local_address_count, text ? 1 : 0);
	if (text)
		assert_string_equal(address_text(view.local_addresses, buffer), text);
}

static void addresses_can_be_assumed(void **state)
{
	auto_free(options) struct options *options = options_new();
	struct address given[2];
	struct node_state *node;

	(void)state;
	assert_true(address_parse("192.168.77.11", &given[0]));
	assert_true(address_parse("127.0.0.1", &given[1]));
	options->node_name = string_dup("n");
	node = node_state_new(options);
	node_state_assume_addresses(node, NULL, 0);
	assert_local(node, NULL);
	node_state_set_node(node, node_with_addresses());
	node_state_assume_addresses(node, NULL, 0);
	assert_local(node, "192.168.77.10");
	node_state_assume_addresses(node, given, COUNT(given));
	assert_local(node, "192.168.77.11");
	node_state_free(node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name),
		cmocka_unit_test(pod_cidrs_outlive_the_node),
		cmocka_unit_test(addresses_of_other_nodes),
		cmocka_unit_test(loopback_addresses_are_selected_like_others),
		cmocka_unit_test(addresses_can_be_assumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
