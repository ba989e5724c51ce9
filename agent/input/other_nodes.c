/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "other_nodes.h"

#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "lib/source/kube/kube_random.h"

/*
 * What all agents together do to an API server grows with the square of the number of nodes: so
 * many agents ask in a second if all have a reason at the same time, and this is how long each lets
 * pass for each node.
 */
#define AGENTS_PER_SECOND	 20.
#define REFRESH_SECONDS_PER_NODE 2.

struct addresses {
	struct address *items; /* sorted */
	size_t count;
};

/**
 * enum asking - whether all Nodes are asked for
 *   IDLE      > ASKING when that is due
 *   ASKING    > IDLE at the answer; > OUTDATED when a suspect comes that it may be too old for
 *   OUTDATED  > IDLE at the answer, and soon once more
 */
enum asking { ASKING_IDLE, ASKING_ASKING, ASKING_OUTDATED };

/*
 * @known: the external and load balancer IPs that were there at the last look
 * @unchecked: those that wait for an answer
 */
struct other_nodes {
	struct other_nodes_options options;
	struct addresses known;
	struct addresses unchecked;
	struct timer due;
	uint64_t version; /* external_addresses_version() of @known */
	enum asking asking;
	bool has_suspects;
	bool has_answer;
	bool is_in_trouble;
};

static void replace(struct addresses *addresses, struct address *items, size_t count)
{
	free(addresses->items);
	addresses->items = items;
	addresses->count = count;
}

static bool has(const struct addresses *addresses, const struct address *address)
{
	return address_is_among(address, addresses->items, addresses->count);
}

static void on_due(void *owner)
{
	struct other_nodes *nodes = owner;

	nodes->asking = ASKING_ASKING;
	nodes->options.ask(nodes->options.owner);
}

/* All agents hear of a Service at the same time. */
static void ask_soon(struct other_nodes *nodes)
{
	double span = (double)node_state_other_count(nodes->options.node) / AGENTS_PER_SECOND;

	if (nodes->asking != ASKING_IDLE)
		nodes->asking = ASKING_OUTDATED;
	else
		timer_hasten(&nodes->due, kube_random(0., span));
}

static void ask_later(struct other_nodes *nodes)
{
	double least = nodes->options.refresh_seconds,
	       scaled = (double)node_state_other_count(nodes->options.node) *
			REFRESH_SECONDS_PER_NODE;

	if (nodes->asking == ASKING_IDLE)
		timer_ensure(&nodes->due, (scaled > least ? scaled : least) * kube_random(1., 1.5));
}

/* Of @suspects those that are new, and those that wait already. Return: whether any is new */
static bool take_new(struct other_nodes *nodes, const struct address *suspects, size_t count)
{
	struct address *unchecked = memory_array(count, sizeof(*unchecked));
	size_t used = 0;
	bool has_new = false;

	for (size_t i = 0; i < count; i++) {
		bool is_new = !has(&nodes->known, &suspects[i]);

		if (is_new || has(&nodes->unchecked, &suspects[i]))
			unchecked[used++] = suspects[i];
		has_new |= is_new;
	}
	replace(&nodes->unchecked, unchecked, used);
	return has_new;
}

static void follow_watch(struct other_nodes *nodes)
{
	if (nodes->has_answer)
		replace(&nodes->unchecked, NULL, 0);
}

static void follow_lists(struct other_nodes *nodes, bool has_new)
{
	if (!nodes->has_suspects)
		timer_stop(&nodes->due);
	else if (has_new || (!nodes->has_answer && nodes->asking == ASKING_IDLE))
		ask_soon(nodes);
	else
		ask_later(nodes);
}

static void note_suspects(struct other_nodes *nodes, size_t count)
{
	if (count && !nodes->has_suspects && !nodes->options.is_watched)
		log_info(
			"asking for all Nodes: external or load balancer IPs of Services could be addresses of other nodes");
	nodes->has_suspects = count;
}

static void review(struct other_nodes *nodes, const struct external_addresses *externals)
{
	size_t before = nodes->unchecked.count, count, suspect_count;
	struct address *list = external_addresses_list(externals, &count);
	auto_memory struct address *suspects = NULL;
	bool has_new;

	address_sort(list, count);
	suspects = node_state_suspects(nodes->options.node, list, count, &suspect_count);
	has_new = take_new(nodes, suspects, suspect_count);
	replace(&nodes->known, list, count);
	note_suspects(nodes, suspect_count);
	if (nodes->options.is_watched)
		follow_watch(nodes);
	else
		follow_lists(nodes, has_new);
	if (has_new || nodes->unchecked.count != before)
		nodes->options.on_checked(nodes->options.owner);
}

void other_nodes_review(struct other_nodes *nodes, bool are_addresses_new)
{
	const struct external_addresses *externals = store_externals(nodes->options.store);
	uint64_t version = external_addresses_version(externals);

	if (nodes->options.are_known || (!are_addresses_new && version == nodes->version))
		return;
	nodes->version = version;
	review(nodes, externals);
}

static void tell(struct other_nodes *nodes, const char *trouble)
{
	if (trouble && !nodes->is_in_trouble)
		log_warning(
			"%s; until all Nodes are known, an external or load balancer IP that is another node's address is bound",
			trouble);
	if (!trouble && nodes->is_in_trouble)
		log_info("all Nodes are known again");
	nodes->is_in_trouble = trouble;
}

void other_nodes_answered(struct other_nodes *nodes, const char *trouble)
{
	bool is_outdated = nodes->asking == ASKING_OUTDATED;

	tell(nodes, trouble);
	nodes->asking = ASKING_IDLE;
	nodes->has_answer = true;
	if (is_outdated && !trouble) {
		ask_soon(nodes);
		return;
	}
	replace(&nodes->unchecked, NULL, 0);
	if (nodes->has_suspects && !nodes->options.is_watched)
		ask_later(nodes);
	nodes->options.on_checked(nodes->options.owner);
}

bool other_nodes_is_first(const struct other_nodes *nodes)
{
	return !nodes->has_answer && nodes->unchecked.count;
}

const struct address *other_nodes_unchecked(const struct other_nodes *nodes, size_t *count)
{
	*count = nodes->unchecked.count;
	return nodes->unchecked.items;
}

struct other_nodes *other_nodes_new(struct ev_loop *loop, const struct other_nodes_options *options)
{
	struct other_nodes *nodes = memory_allocate(sizeof(*nodes));

	nodes->options = *options;
	timer_init(&nodes->due, loop, on_due, nodes);
	return nodes;
}

void other_nodes_free(struct other_nodes *nodes)
{
	if (!nodes)
		return;
	timer_stop(&nodes->due);
	free(nodes->known.items);
	free(nodes->unchecked.items);
	free(nodes);
}
