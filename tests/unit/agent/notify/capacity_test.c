/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel has no room for, as users of the API hear of it. */
#include "agent/notify/capacity.h"

#include "tests/fake/object_text.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct noted {
	char text[2000];
};

static void note(void *owner, const struct kube_event *event)
{
	struct noted *noted = owner;
	size_t used = strlen(noted->text);

	snprintf(noted->text + used, sizeof(noted->text) - used, "%s %s %s: %s\n", event->reason,
		 event->regarding.kind, event->regarding.name, event->note);
}

/* A Service with so many endpoints, as it is planned. */
static void assert_planned(struct capacity *capacity, struct noted *noted, const char *scheduler,
			   uint32_t count, const char *expected)
{
	struct service *service = object_text_service("a/web ip=10.0.0.1 port=:80/TCP");
	struct wanted_server server = {.destination_count = count};
	const struct service_state state = {.servers = &server, .server_count = 1};
	const struct service_view view = {.key = "a/web", .service = service};

	memcpy(server.server.scheduler, scheduler, strlen(scheduler));
	server.server.key.address = object_text_address("10.0.0.1");
	server.server.key.port = 80;
	server.server.key.protocol = IPPROTO_TCP;
	noted->text[0] = '\0';
	capacity_planned(capacity, &view, &state);
	assert_string_equal(noted->text, expected);
	service_free(service);
}

static void test_schedulers(void **state)
{
	static const char told[] =
		"CapacityExceeded Service web: more endpoints at "
		"10.0.0.1:80/TCP than the 256 that scheduler sh can hold; the others get no connections\n";
	auto_free(events) struct events *events = events_new("node1");
	auto_free(capacity) struct capacity *capacity = capacity_new(events);
	const struct service_view gone = {.key = "a/web"};
	const struct service_state nothing = {0};
	struct noted noted = {0};

	(void)state;
	events_set_writer(events, note, &noted);
	assert_planned(capacity, &noted, "rr", 5000, "");
	assert_planned(capacity, &noted, "sh", 256, "");
	assert_planned(capacity, &noted, "sh", 257, told);
	assert_planned(capacity, &noted, "sh", 300, "");
	assert_planned(capacity, &noted, "sh", 256, "");
	assert_planned(capacity, &noted, "sh", 300, told);
	capacity_planned(capacity, &gone, &nothing);
	assert_planned(capacity, &noted, "sh", 300, told);
	assert_planned(capacity, &noted, "mh", 4093, "");
	assert_planned(capacity, &noted, "mh", 4094,
		       "CapacityExceeded Service web: more endpoints at 10.0.0.1:80/TCP than the "
		       "4093 that scheduler mh can hold; the others get no connections\n");
}

static void add(struct changes *changes, enum change_kind kind, enum set_kind set, uint8_t family,
		int result)
{
	struct change *change = changes_add(changes, kind);

	change->member.kind = (uint8_t)set;
	change->member.family = family;
	change->result = result;
}

/* What is left out is told once, until nothing is. */
static void test_limits(void **cmocka_state)
{
	static const struct {
		const char *what, *told;
		struct service_state state;
	} rows[] = {
		{"nothing", "", {0}},
		{"its objects",
		 "CapacityExceeded Service web: some of its addresses and ports do not answer: it has more kernel objects than --max-service-objects allows\n",
		 {.left_out = 1}},
		{"its endpoints",
		 "CapacityExceeded Service web: some of its endpoints get no connections: it has more than --max-service-endpoints allows\n",
		 {.endpoints_left_out = 1}},
		{"everybody's objects",
		 "CapacityExceeded Service web: some of its addresses and ports do not answer: all Services have more kernel objects than --max-node-objects allows\n",
		 {.left_out = 1, .is_node_full = true}},
	};
	static const struct service_state nothing = {0};

	(void)cmocka_state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(events) struct events *events = events_new("node1");
		auto_free(capacity) struct capacity *capacity = capacity_new(events);
		struct service *service = object_text_service("a/web ip=10.0.0.1 port=:80/TCP");
		const struct service_view view = {.key = "a/web", .service = service};
		struct noted noted = {0};

		print_message("too many: %s\n", rows[i].what);
		events_set_writer(events, note, &noted);
		capacity_planned(capacity, &view, &rows[i].state);
		assert_string_equal(noted.text, rows[i].told);
		noted.text[0] = '\0';
		capacity_planned(capacity, &view, &rows[i].state);
		assert_string_equal(noted.text, "");
		capacity_planned(capacity, &view, &nothing);
		capacity_planned(capacity, &view, &rows[i].state);
		assert_string_equal(noted.text, rows[i].told);
		service_free(service);
	}
}

/* Each set once, however many members it refuses. */
static void test_sets(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	auto_free(events) struct events *events = events_new("node1");
	auto_free(capacity) struct capacity *capacity = capacity_new(events);
	struct noted noted = {0};

	(void)state;
	events_set_writer(events, note, &noted);
	add(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_EXTERNAL_IP, AF_INET, 0);
	add(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, AF_INET, -ENOSPC);
	add(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, AF_INET, -ENOSPC);
	add(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, AF_INET6, -ENOSPC);
	add(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_LOOP_BACK, AF_INET, -EINVAL);
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->result = -ENOSPC;
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->result = -ENOMEM;
	capacity_applied(capacity, changes);
	assert_string_equal(noted.text, "");
	capacity_reported(capacity);
	assert_string_equal(
		noted.text,
		"CapacityExceeded Node node1: set KUBE-CLUSTER-IP is full and could not be enlarged; retrying what does not fit\n"
		"CapacityExceeded Node node1: set KUBE-6-CLUSTER-IP is full and could not be enlarged; retrying what does not fit\n"
		"CapacityExceeded Node node1: the kernel is out of memory; retrying what it refused\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedulers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
