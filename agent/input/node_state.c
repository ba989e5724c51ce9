/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_state.h"

#include "lib/plan/node_suspects.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

/* Another Node */
struct other_node {
	UT_hash_handle hh;
	struct address *addresses;
	size_t count;
	char name[];
};

/* @node: the name of the Node that has it */
struct owned_address {
	struct address address;
	const char *node;
};

struct node_state {
	const struct options *options;
	char *name;
	struct node *node;
	struct interface_address *observed;
	size_t observed_count, observed_capacity;
	struct node_addresses *addresses;
	struct prefix *pod_cidrs;
	size_t pod_cidr_count;
	struct other_node *others;
	struct address *other_addresses; /* of all @others, as of the last view */
	const char **other_names;	 /* likewise */
};

static char *find_name(const struct options *options)
{
	const char *given = options->node_name ? options->node_name : getenv("NODE_NAME");
	char host[256] = "localhost";
	char *name;

	if (!given || !*given)
		gethostname(host, sizeof(host) - 1);
	name = string_dup(given && *given ? given : host);
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return name;
}

struct node_state *node_state_new(const struct options *options)
{
	struct node_state *state = memory_allocate(sizeof(*state));

	state->options = options;
	state->name = find_name(options);
	return state;
}

static void drop_other(struct node_state *state, struct other_node *other)
{
	HASH_DEL(state->others, other);
	free(other->addresses);
	free(other);
}

void node_state_free(struct node_state *state)
{
	struct other_node *other, *next;

	if (!state)
		return;
	HASH_ITER (hh, state->others, other, next) {
		drop_other(state, other);
	}
	free(state->other_addresses);
	free(state->other_names);
	node_free(state->node);
	node_addresses_free(state->addresses);
	free(state->observed);
	free(state->pod_cidrs);
	free(state->name);
	free(state);
}

const char *node_state_name(const struct node_state *state)
{
	return state->name;
}

uint32_t node_state_seed(const struct node_state *state)
{
	uint32_t hash;

	HASH_VALUE(state->name, strlen(state->name), hash);
	return hash ? hash : 1;
}

static void keep_pod_cidrs(struct node_state *state, const struct node *node)
{
	free(state->pod_cidrs);
	state->pod_cidrs = memory_array(node->pod_cidr_count, sizeof(*state->pod_cidrs));
	memcpy(state->pod_cidrs, node->pod_cidrs, node->pod_cidr_count * sizeof(*state->pod_cidrs));
	state->pod_cidr_count = node->pod_cidr_count;
}

static void forget_other(struct node_state *state, const char *name)
{
	struct other_node *other;

	HASH_FIND_STR(state->others, name, other);
	if (other)
		drop_other(state, other);
}

static void remember_other(struct node_state *state, struct node *node)
{
	size_t size = strlen(node->name) + 1;
	struct other_node *other = memory_allocate(sizeof(*other) + size);

	memcpy(other->name, node->name, size);
	other->count = node->address_count;
	other->addresses = take(&node->addresses);
	node->address_count = 0;
	HASH_ADD_STR(state->others, name, other);
}

bool node_state_set_node(struct node_state *state, struct node *node)
{
	if (strcmp(node->name, state->name) != 0) {
		forget_other(state, node->name);
		remember_other(state, node);
		node_free(node);
		return false;
	}
	node_free(state->node);
	state->node = node;
	if (node->pod_cidr_count)
		keep_pod_cidrs(state, node);
	return true;
}

bool node_state_has_pod_cidrs(const struct node_state *state)
{
	return state->pod_cidr_count;
}

bool node_state_remove_node(struct node_state *state, const char *name)
{
	if (strcmp(name, state->name) != 0) {
		forget_other(state, name);
		return false;
	}
	node_free(take(&state->node));
	return true;
}

static struct interface_address *add_observed(struct node_state *state,
					      const struct address *address)
{
	struct interface_address *item;

	state->observed = memory_grow(state->observed, state->observed_count,
				      &state->observed_capacity, sizeof(*state->observed));
	item = &state->observed[state->observed_count++];
	memset(item, 0, sizeof(*item));
	item->address = *address;
	return item;
}

static void on_address(void *owner, const struct node_address *address)
{
	struct interface_address *item = add_observed(owner, &address->address);

	item->prefix_length = address->prefix_length;
	memcpy(item->interface, address->interface, sizeof(item->interface));
}

static void ignore_bound(void *owner, const struct address *address)
{
	(void)owner;
	(void)address;
}

int node_state_read_addresses(struct node_state *state, struct link *link, struct error *err)
{
	size_t before = state->observed_count;
	int r;

	state->observed_count = 0;
	r = link_observe(link, ignore_bound, on_address, state, err);
	if (r < 0)
		state->observed_count = before;
	return r;
}

void node_state_assume_addresses(struct node_state *state, const struct address *addresses,
				 size_t count)
{
	if (!count && state->node) {
		addresses = state->node->addresses;
		count = state->node->internal_count;
	}
	state->observed_count = 0;
	for (size_t i = 0; i < count; i++)
		add_observed(state, &addresses[i]);
}

static int compare_owned(const void *a, const void *b)
{
	const struct owned_address *left = a, *right = b;

	return address_compare(&left->address, &right->address);
}

/* In the order of the addresses; the caller frees it. */
static struct owned_address *gather_others(const struct node_state *state, size_t count)
{
	struct owned_address *owned = memory_array(count, sizeof(*owned));
	const struct other_node *other;
	size_t used = 0;

	for (other = state->others; other; other = other->hh.next)
		for (size_t i = 0; i < other->count; i++)
			owned[used++] = (struct owned_address){other->addresses[i], other->name};
	if (count)
		qsort(owned, count, sizeof(*owned), compare_owned);
	return owned;
}

static void view_others(struct node_state *state, struct node_view *ret)
{
	auto_memory struct owned_address *owned = NULL;
	const struct other_node *other;
	size_t count = 0;

	for (other = state->others; other; other = other->hh.next)
		count += other->count;
	owned = gather_others(state, count);
	free(state->other_addresses);
	free(state->other_names);
	state->other_addresses = memory_array(count, sizeof(*state->other_addresses));
	state->other_names = memory_array(count, sizeof(*state->other_names));
	for (size_t i = 0; i < count; i++) {
		state->other_addresses[i] = owned[i].address;
		state->other_names[i] = owned[i].node;
	}
	ret->other_addresses = state->other_addresses;
	ret->other_names = state->other_names;
	ret->other_address_count = count;
}

size_t node_state_other_count(const struct node_state *state)
{
	return HASH_COUNT(state->others);
}

struct address *node_state_suspects(struct node_state *state, const struct address *candidates,
				    size_t count, size_t *ret_count)
{
	struct node_view view;

	node_state_view(state, &view);
	return node_suspects(candidates, count, state->observed, state->observed_count,
			     DUMMY_INTERFACE, &view, ret_count);
}

struct node_port_selection node_state_node_ports(const struct node_state *state)
{
	const struct options *options = state->options;

	return (struct node_port_selection){.prefixes = options->node_port_prefixes.items,
					    .prefix_count = options->node_port_prefixes.count,
					    .keywords = options->node_port_keywords};
}

void node_state_view(struct node_state *state, struct node_view *ret)
{
	struct node_address_options options = {
		.node_ports = node_state_node_ports(state),
		.bind_address = state->options->bind_address,
		.dummy_interface = DUMMY_INTERFACE,
	};

	node_addresses_free(state->addresses);
	state->addresses =
		node_addresses_new(state->observed, state->observed_count, state->node, &options);
	memset(ret, 0, sizeof(*ret));
	ret->name = state->name;
	ret->zone = state->node ? state->node->zone : NULL;
	node_addresses_fill(state->addresses, ret);
	view_others(state, ret);
}

/*
 * Two settings, one decision: `localhost` among the NodePort addresses asks for NodePorts on
 * loopback, whatever iptables.localhostNodePorts says, which is about those that ranges or the
 * default select.
 */
void node_state_loopbacks(const struct node_state *state, enum loopback_use ret[2])
{
	static const char *const loopbacks[2] = {"127.0.0.1", "::1"};
	struct node_port_selection selection = node_state_node_ports(state);
	bool is_wanted = state->options->localhost_node_ports ||
			 selection.keywords & NODE_PORT_KEYWORD_LOCALHOST;

	for (size_t i = 0; i < COUNT(loopbacks); i++) {
		struct address loopback;

		address_parse(loopbacks[i], &loopback);
		ret[i] = is_wanted ? node_addresses_loopback_use(&selection, &loopback)
				   : LOOPBACK_USE_NONE;
	}
}

static void set_prefix(struct ruleset_options *rules, const struct prefix *prefixes, size_t count,
		       uint16_t family)
{
	for (size_t i = 0; i < count; i++) {
		if (prefixes[i].address.family != family)
			continue;
		rules->pod_prefix = prefixes[i];
		return;
	}
	/* No range of this family: everything counts as local, as for kube-proxy. */
	rules->detection = LOCAL_DETECTION_NONE;
}

void node_state_rules(const struct node_state *state, struct ruleset_options ret[2])
{
	static const uint16_t families[2] = {AF_INET, AF_INET6};
	const struct options *options = state->options;

	for (size_t i = 0; i < 2; i++) {
		struct ruleset_options *rules = &ret[i];

		memset(rules, 0, sizeof(*rules));
		rules->family = families[i];
		rules->detection = options->detection;
		rules->masquerade_mark = 1U << options->masquerade_bit;
		rules->masquerade_all = options->masquerade_all;
		if (options->detection == LOCAL_DETECTION_BRIDGE)
			rules->pod_interface = options->pod_bridge_interface;
		if (options->detection == LOCAL_DETECTION_INTERFACE_PREFIX)
			rules->pod_interface = options->pod_interface_prefix;
		if (options->detection != LOCAL_DETECTION_PREFIX)
			continue;
		if (options->is_node_cidr)
			set_prefix(rules, state->pod_cidrs, state->pod_cidr_count, families[i]);
		else
			set_prefix(rules, options->cluster_cidrs.items,
				   options->cluster_cidrs.count, families[i]);
	}
}
