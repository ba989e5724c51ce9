/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * large_services: plans, carries out (in a kernel that only says yes, or only no), reports and removes
 * Services of which each has too much of something, beside 1,000 ordinary ones. Prints lines
 * "large.WHAT.longest-turn 1 SECONDS": the most processor time that one turn of the event loop took.
 * The processor's time, since what else the machine does is not of interest.
 *
 *   large_services churn CHANGES: instead makes so many changes of one endpoint of the ordinary ones;
 *   for `valgrind --tool=callgrind`
 */
#include "agent/notify/capacity.h"
#include "agent/notify/conflicts.h"
#include "agent/notify/remarks.h"
#include "agent/reconcile/sync.h"
#include "agent/status/service_report.h"
#include "lib/base/log.h"
#include "tests/fake/large_objects.h"
#include "tests/fake/object_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ORDINARY  1000
#define ENDPOINTS 10

struct bench {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct ledger *ledger;
	struct sync *sync;
	struct events *events;
	struct conflicts *conflicts;
	struct capacity *capacity;
	struct remarks *remarks;
	bool is_refusing;
	double longest;
};

static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int answer(void *owner, enum facility facility, struct change *changes, size_t count,
		  struct error *err)
{
	const struct bench *bench = owner;

	(void)facility;
	(void)err;
	for (size_t i = 0; i < count; i++)
		changes[i].result = bench->is_refusing ? -ENOSPC : 0;
	return 0;
}

static void on_planned(void *owner, const struct service_view *view,
		       const struct service_state *state)
{
	struct bench *bench = owner;

	conflicts_planned(bench->conflicts, view, sync_node(bench->sync));
	capacity_planned(bench->capacity, view, state);
	remarks_planned(bench->remarks, view, sync_desired_options(bench->sync));
}

static void on_applied(void *owner, const struct changes *changes)
{
	struct bench *bench = owner;

	capacity_applied(bench->capacity, changes);
}

static void on_passed(void *owner, double seconds)
{
	struct bench *bench = owner;

	(void)seconds;
	conflicts_passed(bench->conflicts, bench->ledger);
}

static void set_up(struct bench *bench)
{
	static const struct sync_options options = {.desired = {.scheduler = "rr",
								.affinity_scheduler = "sh",
								.has_in_cluster = true,
								.objects_max = 250000,
								.endpoints_max = 10000,
								.node_objects_max = 2000000}};
	static const struct ledger_options ledger_options = {.retry_first_milliseconds = 60000,
							     .retry_max_milliseconds = 60000};
	const struct kernel_target target = {.owner = bench, .apply = answer};
	const struct sync_observer observer = {
		.owner = bench, .planned = on_planned, .applied = on_applied, .passed = on_passed};
	const struct address address = object_text_address("192.168.0.1");
	const struct node_view node = {
		.name = "here", .node_port_addresses = &address, .node_port_address_count = 1};

	*bench = (struct bench){
		.loop = ev_loop_new(0),
		.strings = string_pool_new(),
		.store = store_new(),
		.ledger = ledger_new(&ledger_options),
		.events = events_new("here"),
	};
	bench->conflicts = conflicts_new(bench->store, bench->events);
	bench->capacity = capacity_new(bench->events);
	bench->remarks = remarks_new(bench->events);
	bench->sync =
		sync_new(bench->loop, &target, bench->store, bench->ledger, &options, &observer);
	sync_set_node(bench->sync, &node);
	sync_allow(bench->sync, SYNC_GATE_OBSERVED);
	sync_allow(bench->sync, SYNC_GATE_RULES);
	sync_allow(bench->sync, SYNC_GATE_SOURCE);
	sync_allow_sweep(bench->sync);
}

static void tear_down(struct bench *bench)
{
	sync_free(bench->sync);
	remarks_free(bench->remarks);
	capacity_free(bench->capacity);
	conflicts_free(bench->conflicts);
	events_free(bench->events);
	ledger_free(bench->ledger);
	store_free(bench->store);
	string_pool_free(bench->strings);
	ev_loop_destroy(bench->loop);
}

static void note(struct bench *bench, double begin)
{
	double seconds = processor_seconds() - begin;

	if (seconds > bench->longest)
		bench->longest = seconds;
}

/* Turns the loop until all is done; what fails is not waited for. */
static void settle(struct bench *bench)
{
	sync_wake(bench->sync);
	do {
		double begin = processor_seconds();

		ev_run(bench->loop, EVRUN_ONCE);
		note(bench, begin);
	} while (!sync_is_settled(bench->sync));
}

static void set_slice(struct bench *bench, unsigned int service, unsigned int endpoints)
{
	char text[1000];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "a/s%u-x service=s%u port=:8080/TCP", service,
				service);
	for (unsigned int i = 0; i < endpoints; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " 10.%u.%u.%u", i,
					 service / 250, service % 250 + 1);
	store_set_endpoint_slice(bench->store, object_text_slice(bench->strings, text));
}

static void add_ordinary(struct bench *bench)
{
	for (unsigned int i = 0; i < ORDINARY; i++) {
		char text[100];

		snprintf(text, sizeof(text), "a/s%u ip=10.97.%u.%u port=:80/TCP", i, i / 250,
			 i % 250 + 1);
		store_set_service(bench->store, object_text_service(text));
		set_slice(bench, i, ENDPOINTS);
	}
	settle(bench);
}

static int count_bytes(const char *bytes, size_t size, void *owner)
{
	(void)bytes;
	*(size_t *)owner += size;
	return 0;
}

static void report(struct bench *bench, const char *name)
{
	static const struct agent_health health;
	struct rejections *rejections = rejections_new();
	const struct status_sources sources = {.store = bench->store,
					       .sync = bench->sync,
					       .ledger = bench->ledger,
					       .rejections = rejections,
					       .health = &health};
	auto_memory char *key = string_printf("large/%s", name);
	struct service_report *service = service_report_new(&sources, key);
	size_t size = 0;
	bool is_more = service;

	while (is_more) {
		double begin = processor_seconds();

		is_more = service_report_step(service, count_bytes, &size);
		note(bench, begin);
	}
	service_report_free(service);
	rejections_free(rejections);
}

static void print(struct bench *bench, const char *what, const char *step)
{
	printf("large.%s%s.longest-turn 1 %.6f\n", what, step, bench->longest);
	bench->longest = 0;
}

static void measure(struct bench *bench, const struct large_object *object, bool is_refusing)
{
	const char *suffix = is_refusing ? "-refused" : "";

	bench->longest = 0;
	bench->is_refusing = is_refusing;
	large_object_add(object, bench->store, bench->strings);
	settle(bench);
	print(bench, object->name, suffix);
	report(bench, object->name);
	print(bench, object->name, is_refusing ? "-refused-report" : "-report");
	large_object_remove(object, bench->store);
	settle(bench);
	print(bench, object->name, is_refusing ? "-refused-removed" : "-removed");
	bench->is_refusing = false;
}

/* The same port of the same address, wanted by many: who wins goes first. */
static void measure_conflict(struct bench *bench, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		char text[100];

		snprintf(text, sizeof(text),
			 "large/c%u ip=10.98.%u.%u port=:80/TCP external=203.0.113.1 created=%u", i,
			 i / 250, i % 250 + 1, i + 1);
		store_set_service(bench->store, object_text_service(text));
	}
	settle(bench);
	print(bench, "conflict", "");
	for (unsigned int i = 0; i < count; i++) {
		char name[20];

		snprintf(name, sizeof(name), "c%u", i);
		store_remove_service(bench->store, "large", name);
	}
	settle(bench);
	print(bench, "conflict", "-removed");
}

static void churn(struct bench *bench, unsigned int changes)
{
	for (unsigned int i = 0; i < changes; i++) {
		set_slice(bench, i % ORDINARY, ENDPOINTS - (i / ORDINARY + 1) % 2);
		settle(bench);
	}
}

int main(int argc, char **argv)
{
	static const struct large_object objects[] = {
		{.name = "ports-and-ips", .ports = 100, .external_ips = 1000, .endpoints = 1},
		{.name = "ips", .ports = 1, .external_ips = 50000, .endpoints = 1},
		{.name = "ports", .ports = 10000, .endpoints = 1},
		{.name = "endpoints", .ports = 1, .external_ips = 5, .endpoints = 10000},
		{.name = "too-many-endpoints", .ports = 3, .endpoints = 200000},
		{.name = "source-ranges",
		 .ports = 1,
		 .load_balancer_ips = 1,
		 .endpoints = 1,
		 .source_ranges = 20000},
		{.name = "ranges-and-ips",
		 .ports = 1,
		 .load_balancer_ips = 20000,
		 .endpoints = 1,
		 .source_ranges = 20000},
		{.name = "local",
		 .ports = 2700,
		 .load_balancer_ips = 4,
		 .endpoints = 2,
		 .is_local = true,
		 .has_node_ports = true},
		{.name = "local-endpoints",
		 .ports = 2,
		 .load_balancer_ips = 1,
		 .endpoints = 10000,
		 .is_local = true,
		 .has_node_ports = true},
	};
	struct bench bench;

	log_set_level(LOG_LEVEL_ERROR);
	set_up(&bench);
	add_ordinary(&bench);
	if (argc == 3 && strcmp(argv[1], "churn") == 0) {
		churn(&bench, (unsigned int)strtoul(argv[2], NULL, 10));
		tear_down(&bench);
		return 0;
	}
	print(&bench, "ordinary", "");
	for (size_t i = 0; i < 2 * COUNT(objects); i++)
		measure(&bench, &objects[i / 2], i % 2);
	measure_conflict(&bench, 10000);
	tear_down(&bench);
	return 0;
}
