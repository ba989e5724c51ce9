/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "fake_kernel.h"
#include "objects/store.h"
#include "plan/desired.h"
#include "plan/ledger.h"

#include <stdint.h>

/**
 * struct world - a small cluster that changes at random, always the same way for one seed
 * @random:    state of the generator
 * @store:     what the agent would know
 * @services:  the text of each Service (written_service()), NULL while it does not exist
 * @slices:    the same of each EndpointSlice; more than there are Services
 * @node:      this node; its addresses come and go
 *
 * Addresses, ports and node ports are drawn from small pools, so that Services of all kinds share
 * VIPs, take them over from each other, and conflict.
 */
struct world {
	uint64_t random;
	struct strings *strings;
	struct store *store;
	char **services;
	char **slices;
	unsigned int service_count, slice_count;
	struct address node_port_addresses[3];
	struct address local_addresses[4];
	struct node_view node;
};

/** world_new() - without any object; @service_count: of Services that may come to be, 99 at most */
struct world *world_new(uint64_t seed, unsigned int service_count);
void world_free(struct world *world);
AUTO_FREE_DEFINE(world);

/** world_random() - a number below @limit */
unsigned int world_random(struct world *world, unsigned int limit);

/** world_step() - one random change of an object or of the node */
void world_step(struct world *world);

/** world_plan() - give @ledger the wishes of every dirty Service of @store */
void world_plan(const struct world *world, struct store *store, struct ledger *ledger);

/** world_new_store() - a store with the same objects, added in random order; all dirty */
struct store *world_new_store(struct world *world);

/** world_new_ledger() - with the options of all these tests, in milliseconds 10,000, 100, 1,000 */
struct ledger *world_new_ledger(void);

/** world_ideal() - what a kernel holds into which everything was planned at once */
struct fake_kernel *world_ideal(struct world *world);

#endif
