/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic_rates.h"

#include <string.h>
#include <uthash.h>

/* What the virtual servers of a Service had between the last two samples. */
struct group {
	UT_hash_handle hh;
	struct ipvs_traffic had;
	char name[];
};

/* @sample: in which it was seen last */
struct counted_server {
	UT_hash_handle hh;
	struct virtual_server_key key;
	struct ipvs_traffic traffic;
	unsigned int sample;
};

struct named_server {
	UT_hash_handle hh;
	struct virtual_server_key key;
	char service[];
};

struct traffic_rates {
	struct counted_server *servers;
	struct named_server *names;
	struct group *groups;
	unsigned int sample; /* number of the last one; 0 = none yet */
	double begun;	     /* when that was */
	double seconds;	     /* since the one before */
};

struct traffic_rates *traffic_rates_new(void)
{
	return memory_allocate(sizeof(struct traffic_rates));
}

static void forget_groups(struct traffic_rates *rates)
{
	struct group *group, *next;

	HASH_ITER (hh, rates->groups, group, next) {
		HASH_DEL(rates->groups, group);
		free(group);
	}
}

void traffic_rates_forget_names(struct traffic_rates *rates)
{
	struct named_server *server, *next;

	HASH_ITER (hh, rates->names, server, next) {
		HASH_DEL(rates->names, server);
		free(server);
	}
}

/* Those that were not in the last sample: if they come back, they are others. */
static void forget_servers(struct traffic_rates *rates, unsigned int sample)
{
	struct counted_server *server, *next;

	HASH_ITER (hh, rates->servers, server, next) {
		if (server->sample == sample)
			continue;
		HASH_DEL(rates->servers, server);
		free(server);
	}
}

void traffic_rates_free(struct traffic_rates *rates)
{
	if (!rates)
		return;
	forget_groups(rates);
	forget_servers(rates, 0);
	traffic_rates_forget_names(rates);
	free(rates);
}

void traffic_rates_name(struct traffic_rates *rates, const struct virtual_server_key *server,
			const char *service)
{
	size_t size = strlen(service) + 1;
	struct named_server *named;

	HASH_FIND(hh, rates->names, server, sizeof(*server), named);
	if (named)
		return;
	named = memory_allocate(sizeof(*named) + size);
	named->key = *server;
	memcpy(named->service, service, size);
	HASH_ADD(hh, rates->names, key, sizeof(named->key), named);
}

void traffic_rates_begin(struct traffic_rates *rates, double now)
{
	forget_servers(rates, rates->sample);
	forget_groups(rates);
	rates->seconds = rates->sample ? now - rates->begun : 0;
	rates->begun = now;
	rates->sample++;
}

static struct group *group_of(struct traffic_rates *rates, const struct virtual_server_key *server)
{
	const struct named_server *named;
	char text[2 * ADDRESS_TEXT_SIZE];
	const char *name;
	struct group *group;

	HASH_FIND(hh, rates->names, server, sizeof(*server), named);
	name = named ? named->service : virtual_server_key_text(server, text);
	HASH_FIND_STR(rates->groups, name, group);
	if (!group) {
		size_t size = strlen(name) + 1;

		group = memory_allocate(sizeof(*group) + size);
		memcpy(group->name, name, size);
		HASH_ADD_STR(rates->groups, name, group);
	}
	return group;
}

static uint64_t grown(uint64_t now, uint64_t before, bool is_anew)
{
	return is_anew ? now : now - before;
}

static bool is_less(const struct ipvs_traffic *now, const struct ipvs_traffic *before)
{
	return now->connections < before->connections || now->packets_in < before->packets_in ||
	       now->packets_out < before->packets_out || now->bytes_in < before->bytes_in ||
	       now->bytes_out < before->bytes_out;
}

static void add_growth(struct ipvs_traffic *had, const struct ipvs_traffic *now,
		       const struct ipvs_traffic *before)
{
	bool is_anew = is_less(now, before);

	had->connections += grown(now->connections, before->connections, is_anew);
	had->packets_in += grown(now->packets_in, before->packets_in, is_anew);
	had->packets_out += grown(now->packets_out, before->packets_out, is_anew);
	had->bytes_in += grown(now->bytes_in, before->bytes_in, is_anew);
	had->bytes_out += grown(now->bytes_out, before->bytes_out, is_anew);
}

void traffic_rates_add(struct traffic_rates *rates, const struct virtual_server_key *server,
		       const struct ipvs_traffic *traffic)
{
	struct group *group = group_of(rates, server);
	struct counted_server *counted;

	HASH_FIND(hh, rates->servers, server, sizeof(*server), counted);
	if (!counted) {
		counted = memory_allocate(sizeof(*counted));
		counted->key = *server;
		HASH_ADD(hh, rates->servers, key, sizeof(counted->key), counted);
	} else if (counted->sample == rates->sample) {
		return; /* a dump may tell of one twice */
	}
	/* One that is new has had all of it since the sample before; at first nothing is known. */
	if (rates->sample > 1)
		add_growth(&group->had, traffic, &counted->traffic);
	counted->traffic = *traffic;
	counted->sample = rates->sample;
}

static double measure(const struct traffic_rate *rate, enum top_order order)
{
	switch (order) {
	case TOP_ORDER_CONNECTIONS:
		return rate->connections;
	case TOP_ORDER_PACKETS:
		return rate->packets_in + rate->packets_out;
	case TOP_ORDER_BYTES:
		return rate->bytes_in + rate->bytes_out;
	case TOP_ORDER_NAME:
		break;
	}
	return 0;
}

static int compare(const void *a, const void *b, void *order)
{
	const struct traffic_rate *left = a, *right = b;
	double x = measure(left, *(enum top_order *)order);
	double y = measure(right, *(enum top_order *)order);

	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(left->name, right->name);
}

struct traffic_rate *traffic_rates_sorted(const struct traffic_rates *rates, enum top_order order,
					  size_t *count, double *seconds)
{
	size_t size = HASH_COUNT(rates->groups), used = 0;
	struct traffic_rate *rows = memory_array(size, sizeof(*rows));
	double span = rates->seconds > 0 ? rates->seconds : 1;
	const struct group *group;

	for (group = rates->groups; group; group = group->hh.next)
		rows[used++] = (struct traffic_rate){
			.name = group->name,
			.connections = (double)group->had.connections / span,
			.packets_in = (double)group->had.packets_in / span,
			.packets_out = (double)group->had.packets_out / span,
			.bytes_in = (double)group->had.bytes_in / span,
			.bytes_out = (double)group->had.bytes_out / span,
		};
	if (used)
		qsort_r(rows, used, sizeof(*rows), compare, &order);
	*count = used;
	*seconds = rates->seconds;
	return rows;
}
