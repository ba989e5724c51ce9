/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_traffic.h"

#include "lib/objects/service_key.h"

#include <string.h>
#include <uthash.h>

struct observed_server {
	UT_hash_handle hh;
	struct virtual_server_key key;
	struct ipvs_traffic counts;
};

struct followed_service {
	UT_hash_handle hh;
	char key[];
};

/* @coming: of the observation that is under way; @servers: of the one before */
struct service_traffic {
	struct observed_server *servers;
	struct observed_server *coming;
	struct followed_service *services;
	size_t limit;
	struct service_traffic_metrics of;
};

/* The labels of a Service; with the direction for those that have one, without it from the second
 * on. */
struct labels {
	char *namespace_name;
	const char *values[3];
};

static struct labels labels_of(const char *key, const char *direction)
{
	char *namespace_name = service_key_namespace(key);

	return (struct labels){namespace_name, {direction, namespace_name, service_key_name(key)}};
}

static void unfollow(struct service_traffic *traffic, struct followed_service *service)
{
	static const char *const directions[] = {"in", "out"};

	for (size_t i = 0; i < COUNT(directions); i++) {
		struct labels labels = labels_of(service->key, directions[i]);

		metric_remove(traffic->of.connections, labels.values + 1);
		metric_remove(traffic->of.packets, labels.values);
		metric_remove(traffic->of.bytes, labels.values);
		free(labels.namespace_name);
	}
	HASH_DEL(traffic->services, service);
	free(service);
}

struct service_traffic *service_traffic_new(const struct service_traffic_metrics *metrics,
					    size_t limit)
{
	struct service_traffic *traffic = memory_allocate(sizeof(*traffic));

	traffic->limit = limit;
	traffic->of = *metrics;
	return traffic;
}

static void forget_servers(struct observed_server **servers)
{
	struct observed_server *server, *next;

	HASH_ITER (hh, *servers, server, next) {
		HASH_DEL(*servers, server);
		free(server);
	}
}

void service_traffic_free(struct service_traffic *traffic)
{
	struct followed_service *service, *next;

	if (!traffic)
		return;
	forget_servers(&traffic->servers);
	forget_servers(&traffic->coming);
	HASH_ITER (hh, traffic->services, service, next) {
		HASH_DEL(traffic->services, service);
		free(service);
	}
	free(traffic);
}

bool service_traffic_set_limit(struct service_traffic *traffic, size_t limit)
{
	bool is_more = limit > traffic->limit;
	struct followed_service *service, *next;
	size_t count = 0;

	traffic->limit = limit;
	HASH_ITER (hh, traffic->services, service, next) {
		if (++count > limit)
			unfollow(traffic, service);
	}
	if (!limit)
		forget_servers(&traffic->servers);
	return is_more;
}

static bool on_is_wanted(void *owner)
{
	const struct service_traffic *traffic = owner;

	return traffic->limit;
}

void service_traffic_planned(struct service_traffic *traffic, const struct service_view *view)
{
	bool is_wanted = view->service && skip_reason_of(view->service) == SKIP_REASON_NONE;
	size_t size = strlen(view->key) + 1;
	struct followed_service *service;

	HASH_FIND_STR(traffic->services, view->key, service);
	if (service && !is_wanted)
		unfollow(traffic, service);
	if (service || !is_wanted || HASH_COUNT(traffic->services) >= traffic->limit)
		return;
	service = memory_allocate(sizeof(*service) + size);
	memcpy(service->key, view->key, size);
	HASH_ADD_STR(traffic->services, key, service);
}

static void on_begin(void *owner)
{
	struct service_traffic *traffic = owner;

	forget_servers(&traffic->coming);
}

static void on_observe(void *owner, const struct virtual_server_key *key,
		       const struct ipvs_traffic *counts)
{
	struct service_traffic *traffic = owner;
	struct observed_server *server;

	HASH_FIND(hh, traffic->coming, key, sizeof(*key), server);
	if (!server) {
		server = memory_allocate(sizeof(*server));
		server->key = *key;
		HASH_ADD(hh, traffic->coming, key, sizeof(server->key), server);
	}
	server->counts = *counts;
}

static void on_end(void *owner)
{
	struct service_traffic *traffic = owner;
	forget_servers(&traffic->servers);
	traffic->servers = traffic->coming;
	traffic->coming = NULL;
	/* Nobody may be followed any more since it began. */
	if (!traffic->limit)
		forget_servers(&traffic->servers);
}

struct traffic_observer service_traffic_observer(struct service_traffic *traffic)
{
	return (struct traffic_observer){.owner = traffic,
					 .is_wanted = on_is_wanted,
					 .begin = on_begin,
					 .observe = on_observe,
					 .end = on_end};
}

static void add_up(struct service_traffic *traffic, const struct ledger *ledger, const char *key,
		   struct ipvs_traffic *sum)
{
	const struct service_state *state = ledger_state(ledger, key);

	for (size_t i = 0; state && i < state->server_count; i++) {
		const struct virtual_server_key *wanted = &state->servers[i].server.key;
		struct observed_server *server;
		struct claim_report claim;

		ledger_claim(ledger, key, i, &claim);
		HASH_FIND(hh, traffic->servers, wanted, sizeof(*wanted), server);
		if (!server || claim.state == CLAIM_STATE_CONFLICT)
			continue;
		sum->connections += server->counts.connections;
		sum->packets_in += server->counts.packets_in;
		sum->packets_out += server->counts.packets_out;
		sum->bytes_in += server->counts.bytes_in;
		sum->bytes_out += server->counts.bytes_out;
	}
}

static void set(struct metric *metric, const char *const *values, uint64_t number)
{
	metric_set(metric, values, (double)number);
}

static void collect_direction(struct service_traffic *traffic, const char *key,
			      const char *direction, uint64_t connection_count,
			      uint64_t packet_count, uint64_t byte_count)
{
	struct labels labels = labels_of(key, direction);

	set(traffic->of.connections, labels.values + 1, connection_count);
	set(traffic->of.packets, labels.values, packet_count);
	set(traffic->of.bytes, labels.values, byte_count);
	free(labels.namespace_name);
}

void service_traffic_collect(struct service_traffic *traffic, const struct ledger *ledger)
{
	struct followed_service *service;

	for (service = traffic->services; service; service = service->hh.next) {
		struct ipvs_traffic sum = {0};

		add_up(traffic, ledger, service->key, &sum);
		collect_direction(traffic, service->key, "in", sum.connections, sum.packets_in,
				  sum.bytes_in);
		collect_direction(traffic, service->key, "out", sum.connections, sum.packets_out,
				  sum.bytes_out);
	}
}
