/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVER_LISTING_H
#define AGENT_SERVER_LISTING_H

#include "lib/base/memory.h"
#include "lib/kernel/ipvs.h"

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

/**
 * struct listed_server - a virtual server as the kernel has it, with its destinations
 * @traffic:  all 0 unless @has_traffic
 */
struct listed_server {
	UT_hash_handle hh;
	struct virtual_server server;
	struct destination_usage *usages;
	size_t usage_count;
	size_t usage_capacity;
	struct ipvs_traffic traffic;
	bool has_traffic;
};

/** struct server_listing - virtual servers and their connections, as of one moment */
struct server_listing;

struct server_listing *server_listing_new(void);
void server_listing_free(struct server_listing *listing);
AUTO_FREE_DEFINE(server_listing);

/** server_listing_visitor() - fills the listing that is passed as its user */
extern const struct ipvs_visitor server_listing_visitor;

/** server_listing_find() - NULL if the listing does not have it */
const struct listed_server *server_listing_find(const struct server_listing *listing,
						const struct virtual_server_key *key);

/**
 * server_listing_sorted() - all of them by firewall mark, address, port and protocol
 * Return: an array of @count pointers into the listing; the caller frees the array
 */
const struct listed_server **server_listing_sorted(const struct server_listing *listing,
						   size_t *count);

#endif
