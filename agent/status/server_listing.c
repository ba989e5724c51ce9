/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server_listing.h"

struct server_listing {
	struct listed_server *servers;
};

struct server_listing *server_listing_new(void)
{
	return memory_allocate(sizeof(struct server_listing));
}

void server_listing_free(struct server_listing *listing)
{
	struct listed_server *server, *next;

	if (!listing)
		return;
	HASH_ITER (hh, listing->servers, server, next) {
		HASH_DEL(listing->servers, server);
		free(server->usages);
		free(server);
	}
	free(listing);
}

const struct listed_server *server_listing_find(const struct server_listing *listing,
						const struct virtual_server_key *key)
{
	struct listed_server *server;

	HASH_FIND(hh, listing->servers, key, sizeof(*key), server);
	return server;
}

static struct listed_server *get_server(struct server_listing *listing,
					const struct virtual_server_key *key)
{
	struct listed_server *server;

	HASH_FIND(hh, listing->servers, key, sizeof(*key), server);
	if (!server) {
		server = memory_allocate(sizeof(*server));
		server->server.key = *key;
		HASH_ADD(hh, listing->servers, server.key, sizeof(*key), server);
	}
	return server;
}

static int on_server(void *owner, const struct virtual_server *server)
{
	get_server(owner, &server->key)->server = *server;
	return 0;
}

static int on_traffic(void *owner, const struct virtual_server_key *key,
		      const struct ipvs_traffic *traffic)
{
	struct listed_server *server = get_server(owner, key);

	server->traffic = *traffic;
	server->has_traffic = true;
	return 0;
}

static int on_destination(void *owner, const struct virtual_server_key *key,
			  const struct destination_usage *usage)
{
	struct listed_server *server = get_server(owner, key);

	server->usages = memory_grow(server->usages, server->usage_count, &server->usage_capacity,
				     sizeof(*server->usages));
	server->usages[server->usage_count++] = *usage;
	return 0;
}

const struct ipvs_visitor server_listing_visitor = {
	.server = on_server,
	.traffic = on_traffic,
	.destination = on_destination,
};

static int compare_servers(const void *a, const void *b)
{
	const struct virtual_server_key *left = &(*(struct listed_server *const *)a)->server.key;
	const struct virtual_server_key *right = &(*(struct listed_server *const *)b)->server.key;
	int order = address_compare(&left->address, &right->address);

	if (left->firewall_mark != right->firewall_mark)
		return left->firewall_mark < right->firewall_mark ? -1 : 1;
	if (order)
		return order;
	if (left->port != right->port)
		return left->port < right->port ? -1 : 1;
	return (left->protocol > right->protocol) - (left->protocol < right->protocol);
}

const struct listed_server **server_listing_sorted(const struct server_listing *listing,
						   size_t *count)
{
	const struct listed_server **servers, *server;
	size_t used = 0;

	*count = HASH_COUNT(listing->servers);
	servers = memory_array(*count, sizeof(*servers));
	for (server = listing->servers; server; server = server->hh.next)
		servers[used++] = server;
	if (used)
		qsort(servers, used, sizeof(*servers), compare_servers);
	return servers;
}
