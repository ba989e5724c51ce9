/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_CLUSTER_MODEL_H
#define FAKE_CLUSTER_MODEL_H

#include "fake_kernel.h"
#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"

#include <stdint.h>

/**
 * struct cluster_model - a small cluster that changes at random, always the same way for one seed
 * @random:    state of the generator
 * @store:     what the agent would know
 * @services:  the text of each Service (object_text_service()), NULL while it does not exist
 * @slices:    the same of each EndpointSlice; more than there are Services
 * @node:      this node; its addresses come and go
 *
 * Addresses, ports and node ports are drawn from small pools, so that Services of all kinds share
 * VIPs, take them over from each other, and conflict.
 */
struct cluster_model {
	uint64_t random;
	struct string_pool *strings;
	struct store *store;
	char **services;
	char **slices;
	unsigned int service_count, slice_count;
	struct address node_port_addresses[3];
	struct address local_addresses[4];
	struct node_view node;
};

/** cluster_model_new() - without any object; @service_count: of Services that may come to be, 99 at
 * most */
struct cluster_model *cluster_model_new(uint64_t seed, unsigned int service_count);
void cluster_model_free(struct cluster_model *world);
AUTO_FREE_DEFINE(cluster_model);

/** cluster_model_random() - a number below @limit */
unsigned int cluster_model_random(struct cluster_model *world, unsigned int limit);

/** cluster_model_step() - one random change of an object or of the node */
void cluster_model_step(struct cluster_model *world);

/** cluster_model_plan() - give @ledger the wishes of every dirty Service of @store */
void cluster_model_plan(const struct cluster_model *world, struct store *store,
			struct ledger *ledger);

/** cluster_model_new_store() - a store with the same objects, added in random order; all dirty */
struct store *cluster_model_new_store(struct cluster_model *world);

/** cluster_model_new_ledger() - with the options of all these tests, in milliseconds 10,000, 100,
 * 1,000 */
struct ledger *cluster_model_new_ledger(void);

/** cluster_model_ideal() - what a kernel holds into which everything was planned at once */
struct fake_kernel *cluster_model_ideal(struct cluster_model *world);

#endif
