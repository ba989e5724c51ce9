/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OTHER_NODES_H
#define AGENT_OTHER_NODES_H

#include "lib/base/memory.h"
#include "lib/objects/store.h"
#include "node_state.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct other_nodes - when to ask an API server for all Nodes
 *
 * An external or load balancer IP that is another node's address must not be bound here. Most
 * clusters have none, and thousands of agents that read thousands of Nodes are a burden. So they
 * are asked for only while such an IP could be a node's, see node_suspects(): when one comes, after
 * a time that grows with the number of nodes, and from then on rarely. One that came is not bound
 * until there was an answer.
 */
struct other_nodes;

/**
 * struct other_nodes_options
 * @are_known:        nobody is to be asked
 * @is_watched:       they are followed anyway, and need not be asked for
 * @refresh_seconds:  until they are asked for again, at least; longer with thousands of nodes, and up
 *                    to half as long again
 * @ask:              on_nodes() of the source follows
 * @on_checked:       what other_nodes_unchecked() returns has changed
 * @owner:            first argument of both
 */
struct other_nodes_options {
	struct store *store;
	struct node_state *node;
	bool are_known;
	bool is_watched;
	double refresh_seconds;
	void (*ask)(void *owner);
	void (*on_checked)(void *owner);
	void *owner;
};

#define OTHER_NODES_REFRESH_SECONDS 1800.

/** other_nodes_new() - @options: copied; what it names must outlive it */
struct other_nodes *other_nodes_new(struct ev_loop *loop,
				    const struct other_nodes_options *options);
void other_nodes_free(struct other_nodes *nodes);
AUTO_FREE_DEFINE(other_nodes);

/** other_nodes_review() - objects may be others than before, and if @are_addresses_new those of this
 *  node's interfaces */
void other_nodes_review(struct other_nodes *nodes, bool are_addresses_new);

/** other_nodes_answered() - on_nodes() of the source */
void other_nodes_answered(struct other_nodes *nodes, const char *trouble);

/** other_nodes_is_first() - the first answer is still to come, and something waits for it */
bool other_nodes_is_first(const struct other_nodes *nodes);

/** other_nodes_unchecked() - the addresses that wait for an answer, sorted; valid until the next call
 *  that changes @nodes */
const struct address *other_nodes_unchecked(const struct other_nodes *nodes, size_t *count);

#endif
