/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/notify/history.h"

#include "lib/plan/ledger.h"
#include "tests/fake/object_text.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct ledger_options options;

static double at_noon(void)
{
	return 1000.5;
}

static struct virtual_server_key key_of(const char *address)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = object_text_address(address);
	key.port = 80;
	key.protocol = IPPROTO_TCP;
	return key;
}

/* One virtual server, and its address. */
static struct service_state *state_of(const char *address)
{
	struct service_state *state = memory_allocate(sizeof(*state));

	state->servers = memory_array(1, sizeof(*state->servers));
	state->servers[0].server.key = key_of(address);
	strcpy(state->servers[0].server.scheduler, "rr");
	state->server_count = 1;
	state->addresses = memory_array(1, sizeof(*state->addresses));
	state->addresses[0] = object_text_address(address);
	state->address_count = 1;
	return state;
}

/* What the agent does when a Service was planned: @after NULL = it wants nothing any more. */
static void plan(struct history *history, struct ledger *ledger, const char *key, const char *after)
{
	struct service_state *state = after ? state_of(after) : NULL;

	history_planned(history, key, ledger_state(ledger, key), state);
	ledger_replace(ledger, key, 0, state ? service_state_pack(state) : NULL);
}

/* Settles, and has it all done with @result. */
static void apply(struct history *history, struct ledger *ledger, enum change_cause cause,
		  int result)
{
	auto_free(changes) struct changes *changes = changes_new();

	ledger_settle(ledger, 0, changes);
	changes_sort(changes);
	changes->cause = cause;
	for (size_t i = 0; i < changes->count; i++)
		changes->items[i].result = result;
	history_applied(history, ledger, changes);
	ledger_report(ledger, changes->items, changes->count, 0);
	history_reported(history);
}

static void apply_one(struct history *history, struct ledger *ledger, const char *destination,
		      const char *server, enum change_cause cause)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct change *change = changes_add(changes, CHANGE_KIND_DESTINATION_REMOVE);

	change->destination.server = key_of(server);
	change->destination.value.address = object_text_address(destination);
	change->destination.value.port = 8080;
	change->result = 0;
	changes->cause = cause;
	history_applied(history, ledger, changes);
	history_reported(history);
}

/* The events from @first on, one line each with its operations behind it. */
static char *text_from(const struct history *history, uint64_t first)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (uint64_t number = first; number <= history_last(history); number++) {
		const struct history_event *event = history_find(history, number);
		const char *operation;

		assert_non_null(event);
		operation = event->operations;
		fprintf(stream, "%s: %s:", event->object, event->cause);
		for (uint32_t i = 0; i < event->kept; i++) {
			fprintf(stream, " [%s]", operation);
			operation += strlen(operation) + 1;
		}
		fprintf(stream, " %u/%u\n", event->failed, event->total);
	}
	fclose(stream);
	return text;
}

static void assert_events(const struct history *history, uint64_t first, const char *expected)
{
	auto_memory char *text = text_from(history, first);

	assert_string_equal(text, expected);
}

/* A history after a first pass without anything. */
static struct history *begun(void)
{
	struct history *history = history_new(at_noon);

	history_passed(history);
	assert_int_equal(history_last(history), 0);
	return history;
}

static void the_first_pass_is_one_event(void **state)
{
	struct history *history = history_new(at_noon);
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	history_object(history, "a/web", "Service a/web changed");
	plan(history, ledger, "a/web", "10.0.0.1");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	plan(history, ledger, "a/dns", "10.0.0.2");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	assert_int_equal(history_last(history), 0);
	history_passed(history);
	assert_events(history, 1,
		      "all Services: start: [adding virtual server 10.0.0.1:80/TCP] "
		      "[binding 10.0.0.1] [adding virtual server 10.0.0.2:80/TCP] "
		      "[binding 10.0.0.2] 0/4\n");
	assert_true(history_find(history, 1)->time > 1000 && history_find(history, 1)->time < 1001);
	history_free(history);
}

static void each_service_has_its_operations_and_its_cause(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	history_object(history, "a/web", "Service a/web changed");
	history_object(history, "a/web", "EndpointSlice a/web-1 changed");
	plan(history, ledger, "a/web", "10.0.0.1");
	plan(history, ledger, "a/dns", "10.0.0.2");
	plan(history, ledger, "a/same", NULL);
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	assert_events(history, 1,
		      "Service a/web: EndpointSlice a/web-1 changed: "
		      "[adding virtual server 10.0.0.1:80/TCP] [binding 10.0.0.1] 0/2\n"
		      "Service a/dns: node, settings or other Services changed: "
		      "[adding virtual server 10.0.0.2:80/TCP] [binding 10.0.0.2] 0/2\n");
	history_free(history);
}

/* Nobody wants it any more, so that the ledger does not know whose it was. */
static void what_a_service_leaves_is_its_own(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	plan(history, ledger, "a/web", "10.0.0.1");
	plan(history, ledger, "a/dns", "10.0.0.2");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	history_object(history, "a/web", "Service a/web removed");
	plan(history, ledger, "a/web", NULL);
	plan(history, ledger, "a/dns", "10.0.0.3");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	assert_events(history, 3,
		      "Service a/web: Service a/web removed: [unbinding 10.0.0.1] "
		      "[removing virtual server 10.0.0.1:80/TCP] 0/2\n"
		      "Service a/dns: node, settings or other Services changed: "
		      "[adding virtual server 10.0.0.3:80/TCP] [unbinding 10.0.0.2] "
		      "[removing virtual server 10.0.0.2:80/TCP] [binding 10.0.0.3] 0/4\n");
	history_free(history);
}

static void failures_are_told(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	plan(history, ledger, "a/web", "10.0.0.1");
	apply(history, ledger, CHANGE_CAUSE_PLAN, -ENOSPC);
	assert_events(history, 1,
		      "Service a/web: node, settings or other Services changed: "
		      "[adding virtual server 10.0.0.1:80/TCP: No space left on device] "
		      "[binding 10.0.0.1: No space left on device] 2/2\n");
	history_free(history);
}

static void what_follows_from_no_plan_has_its_own_cause(void **state)
{
	static const struct {
		enum change_cause cause;
		const char *server, *expected;
	} rows[] = {
		{CHANGE_CAUSE_DRIFT, "10.0.0.1",
		 "Service a/web: drift: another program changed it: "
		 "[removing 10.1.0.1:8080 from 10.0.0.1:80/TCP] 0/1\n"},
		{CHANGE_CAUSE_DRAIN, "10.0.0.1",
		 "Service a/web: drained: no connections left, or --drain-timeout is over: "
		 "[removing 10.1.0.1:8080 from 10.0.0.1:80/TCP] 0/1\n"},
		{CHANGE_CAUSE_RETRY, "10.0.0.1",
		 "Service a/web: retry of what failed: "
		 "[removing 10.1.0.1:8080 from 10.0.0.1:80/TCP] 0/1\n"},
		{CHANGE_CAUSE_SWEEP, "10.0.0.9",
		 "kernel objects: left over from before the start: "
		 "[removing 10.1.0.1:8080 from 10.0.0.9:80/TCP] 0/1\n"},
	};
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	plan(history, ledger, "a/web", "10.0.0.1");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		apply_one(history, ledger, "10.1.0.1", rows[i].server, rows[i].cause);
		assert_events(history, i + 2, rows[i].expected);
	}
	history_free(history);
}

static void of_many_operations_the_first_are_kept(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);
	auto_free(changes) struct changes *changes = changes_new();
	const struct history_event *event;

	(void)state;
	for (int i = 0; i < 1000; i++)
		changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address =
			object_text_address("10.0.0.1");
	changes->cause = CHANGE_CAUSE_DRIFT;
	history_applied(history, ledger, changes);
	history_reported(history);
	event = history_find(history, 1);
	assert_int_equal(event->kept, HISTORY_OPERATIONS);
	assert_int_equal(event->total, 1000);
	history_free(history);
}

/* Beyond those that can be told apart, nothing gets lost. */
static void a_batch_of_very_many_services(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);
	uint32_t total = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		auto_memory char *key = string_printf("a/s%d", i);
		auto_memory char *address = string_printf("10.0.%d.%d", i / 200, i % 200 + 1);

		plan(history, ledger, key, address);
	}
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	assert_true(history_last(history) < 100);
	for (uint64_t number = 1; number <= history_last(history); number++)
		total += history_find(history, number)->total;
	assert_int_equal(total, 600);
	assert_string_equal(history_find(history, history_last(history))->cause,
			    "several Services changed");
	history_free(history);
}

static void the_oldest_are_forgotten(void **state)
{
	struct history *history = begun();

	(void)state;
	for (int i = 1; i <= HISTORY_EVENTS + 5; i++)
		history_note(history, "settings", "changed", "");
	assert_int_equal(history_last(history), HISTORY_EVENTS + 5);
	assert_null(history_find(history, 0));
	assert_null(history_find(history, 5));
	assert_int_equal(history_find(history, 6)->number, 6);
	assert_null(history_find(history, HISTORY_EVENTS + 6));
	history_free(history);
}

/* Services that are never planned, as those of other proxies, cannot take memory without end. */
static void causes_are_bounded(void **state)
{
	struct history *history = begun();
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);

	(void)state;
	for (int i = 0; i < 5000; i++) {
		auto_memory char *key = string_printf("a/s%d", i);

		history_object(history, key, "it changed");
	}
	plan(history, ledger, "a/s0", "10.0.0.1");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	plan(history, ledger, "a/s4999", "10.0.0.2");
	apply(history, ledger, CHANGE_CAUSE_PLAN, 0);
	assert_string_equal(history_find(history, 1)->cause, "it changed");
	assert_string_equal(history_find(history, 2)->cause,
			    "node, settings or other Services changed");
	history_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_pass_is_one_event),
		cmocka_unit_test(each_service_has_its_operations_and_its_cause),
		cmocka_unit_test(what_a_service_leaves_is_its_own),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(what_follows_from_no_plan_has_its_own_cause),
		cmocka_unit_test(of_many_operations_the_first_are_kept),
		cmocka_unit_test(a_batch_of_very_many_services),
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(causes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
