/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 5,000 events a second: nothing is lost, the state at the end is right, and the loop turns all the time.
 */
#include "kube_source_fixture.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define EVENTS	   15000
#define PER_SECOND 5000
#define AT_ONCE	   100
#define SERVICES   1000

/* Of the processor, so that other programs do not count; a slice is 5 ms, and one object more. */
#define TURN_SECONDS_MAX 0.1

/* @last: the fourth byte of the address that each Service had last */
struct counts {
	size_t events, turns;
	unsigned int last[SERVICES];
	double began, longest;
	bool is_synced;
	ev_prepare asleep;
	ev_check awake;
};

static double processor_seconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void on_awake(struct ev_loop *loop, ev_check *check, int events)
{
	struct counts *counts = container_of(check, struct counts, awake);

	(void)loop;
	(void)events;
	counts->began = processor_seconds();
}

static void on_asleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct counts *counts = container_of(prepare, struct counts, asleep);
	double spent = processor_seconds() - counts->began;

	(void)loop;
	(void)events;
	counts->turns++;
	if (counts->began > 0 && spent > counts->longest)
		counts->longest = spent;
}

static void on_service_set(void *owner, struct service *service)
{
	struct counts *counts = owner;
	unsigned long number = strtoul(service->name + 1, NULL, 10);
	char text[ADDRESS_TEXT_SIZE];

	if (*service->name == 's') {
		address_text(&service->cluster_ips[0], text);
		counts->last[number] = (unsigned int)strtoul(strrchr(text, '.') + 1, NULL, 10);
		counts->events++;
	}
	service_free(service);
}

static void on_removed(void *owner, const char *namespace_name, const char *name)
{
	(void)owner;
	fail_msg("%s/%s was removed", namespace_name, name);
}

static void on_node_set(void *owner, struct node *node)
{
	(void)owner;
	node_free(node);
}

static void on_node_removed(void *owner, const char *name)
{
	(void)owner;
	fail_msg("%s was removed", name);
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	(void)owner;
	fail_msg("%s: %s", rejection->name, rejection->reason);
}

static void on_synced(void *owner)
{
	struct counts *counts = owner;

	counts->is_synced = true;
}

/* What Service @event % SERVICES has after the event of that number, from 0 on. */
static unsigned int address_after(unsigned int event)
{
	return 1 + event / SERVICES;
}

static void *produce(void *owner)
{
	const struct timespec pause = {.tv_nsec = 1000000000L / PER_SECOND * AT_ONCE};
	struct api_server *server = owner;

	for (unsigned int event = 0; event < EVENTS;) {
		struct api_store *store = api_server_lock(server);

		for (int i = 0; i < AT_ONCE; i++, event++) {
			char name[32], address[32];

			snprintf(name, sizeof(name), "s%u", event % SERVICES);
			snprintf(address, sizeof(address), "10.96.1.%u", address_after(event));
			set_service(store, name, address, "{}");
		}
		api_server_unlock(server);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void run(struct fixture *fixture, struct counts *counts)
{
	ev_timer late;

	ev_prepare_init(&counts->asleep, on_asleep);
	ev_check_init(&counts->awake, on_awake);
	ev_prepare_start(fixture->loop, &counts->asleep);
	ev_check_start(fixture->loop, &counts->awake);
	ev_timer_init(&late, on_late, WAIT_SECONDS, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late && counts->events < EVENTS)
		ev_run(fixture->loop, EVRUN_ONCE);
	ev_timer_stop(fixture->loop, &late);
	ev_prepare_stop(fixture->loop, &counts->asleep);
	ev_check_stop(fixture->loop, &counts->awake);
}

static void check_burst(enum kube_encoding encoding)
{
	struct fixture fixture;
	struct counts counts = {0};
	pthread_t producer;

	prepare(&fixture, "");
	fixture.encoding = encoding;
	fill(&fixture, 0);
	fixture.sink = (struct object_sink){
		.owner = &counts,
		.strings = fixture.noted->strings,
		.service_set = on_service_set,
		.service_removed = on_removed,
		.node_set = on_node_set,
		.node_removed = on_node_removed,
		.rejected = on_rejected,
		.synced = on_synced,
	};
	open_with(&fixture, NULL);
	while (!counts.is_synced)
		ev_run(fixture.loop, EVRUN_ONCE);
	assert_int_equal(pthread_create(&producer, NULL, produce, fixture.server), 0);
	run(&fixture, &counts);
	assert_int_equal(pthread_join(producer, NULL), 0);
	print_message("%zu events in %zu turns, %.1f ms in the longest\n", counts.events,
		      counts.turns, counts.longest * 1e3);
	assert_int_equal(counts.events, EVENTS);
	for (unsigned int i = 0; i < SERVICES; i++)
		assert_int_equal(counts.last[i], address_after(EVENTS - SERVICES + i));
	assert_true(counts.longest < TURN_SECONDS_MAX);
	assert_null(strstr(fixture.reports, "warning"));
	clean_up(&fixture);
}

static void test_json(void **state)
{
	(void)state;
	check_burst(KUBE_ENCODING_JSON);
}

static void test_protobuf(void **state)
{
	(void)state;
	check_burst(KUBE_ENCODING_PROTOBUF);
}

static int set_up_group(void **state)
{
	(void)state;
	prepare_environment();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_protobuf),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
