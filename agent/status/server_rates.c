/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server_rates.h"

#include <uthash.h>

/* @round: in which it was seen last; @before, @at: when it was seen, 0 = it was not */
struct rated_server {
	UT_hash_handle hh;
	struct virtual_server_key key;
	struct ipvs_traffic earlier, later;
	double before, at;
	unsigned int round;
};

struct server_rates {
	double (*clock)(void);
	struct traffic_observer next;
	struct rated_server *servers;
	unsigned int round; /* the one under way: rounds that begin again are the same */
	bool is_wanted;
	bool takes_part; /* in what is under way */
	bool passes_on;
};

struct server_rates *server_rates_new(double (*clock)(void), const struct traffic_observer *next)
{
	struct server_rates *rates = memory_allocate(sizeof(*rates));

	rates->clock = clock;
	rates->next = *next;
	rates->round = 1;
	return rates;
}

/* All that were not seen in @round. */
static void forget_but(struct server_rates *rates, unsigned int round)
{
	struct rated_server *server, *next;

	HASH_ITER (hh, rates->servers, server, next) {
		if (server->round == round)
			continue;
		HASH_DEL(rates->servers, server);
		free(server);
	}
}

void server_rates_free(struct server_rates *rates)
{
	if (!rates)
		return;
	forget_but(rates, 0);
	free(rates);
}

void server_rates_want(struct server_rates *rates, bool is_wanted)
{
	rates->is_wanted = is_wanted;
	if (!is_wanted)
		forget_but(rates, 0);
}

static bool on_is_wanted(void *owner)
{
	struct server_rates *rates = owner;

	rates->takes_part = rates->is_wanted;
	rates->passes_on = rates->next.is_wanted(rates->next.owner);
	return rates->takes_part || rates->passes_on;
}

static void on_begin(void *owner)
{
	struct server_rates *rates = owner;

	if (rates->passes_on)
		rates->next.begin(rates->next.owner);
}

static void note(struct server_rates *rates, const struct virtual_server_key *key,
		 const struct ipvs_traffic *traffic)
{
	struct rated_server *server;

	HASH_FIND(hh, rates->servers, key, sizeof(*key), server);
	if (!server) {
		server = memory_allocate(sizeof(*server));
		server->key = *key;
		HASH_ADD(hh, rates->servers, key, sizeof(server->key), server);
	}
	if (server->round != rates->round) {
		server->earlier = server->later;
		server->before = server->at;
	}
	server->later = *traffic;
	server->at = rates->clock();
	server->round = rates->round;
}

static void on_observe(void *owner, const struct virtual_server_key *server,
		       const struct ipvs_traffic *traffic)
{
	struct server_rates *rates = owner;

	if (rates->takes_part)
		note(rates, server, traffic);
	if (rates->passes_on)
		rates->next.observe(rates->next.owner, server, traffic);
}

static void on_end(void *owner)
{
	struct server_rates *rates = owner;

	forget_but(rates, rates->is_wanted ? rates->round : 0);
	rates->round++;
	if (rates->passes_on)
		rates->next.end(rates->next.owner);
}

struct traffic_observer server_rates_observer(struct server_rates *rates)
{
	return (struct traffic_observer){.owner = rates,
					 .is_wanted = on_is_wanted,
					 .begin = on_begin,
					 .observe = on_observe,
					 .end = on_end};
}

/* One that has less than before was made anew meanwhile. */
static double rate(uint64_t earlier, uint64_t later, double seconds)
{
	return (double)(later < earlier ? later : later - earlier) / seconds;
}

bool server_rates_add(const struct server_rates *rates, const struct virtual_server_key *key,
		      struct server_rate *sum)
{
	const struct rated_server *server;
	double seconds;

	HASH_FIND(hh, rates->servers, key, sizeof(*key), server);
	if (!server || server->before <= 0 || server->at <= server->before)
		return false;
	seconds = server->at - server->before;
	sum->connections += rate(server->earlier.connections, server->later.connections, seconds);
	sum->packets_in += rate(server->earlier.packets_in, server->later.packets_in, seconds);
	sum->packets_out += rate(server->earlier.packets_out, server->later.packets_out, seconds);
	sum->bytes_in += rate(server->earlier.bytes_in, server->later.bytes_in, seconds);
	sum->bytes_out += rate(server->earlier.bytes_out, server->later.bytes_out, seconds);
	return true;
}
