/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reconcile/former_vips.h"

#include "lib/plan/ledger_former.h"
#include "tests/fake/fake_backend.h"
#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 8

/* Turns of the loop in which whatever is due at once is done. */
#define TURNS 10

struct fixture {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct fake_kernel *kernel;
	struct ledger *ledger;
	struct sync *sync;
	struct former_vips *vips;
};

static int apply(void *owner, enum facility facility, struct change *changes, size_t count,
		 struct error *err)
{
	struct fixture *fixture = owner;

	(void)facility;
	(void)err;
	fake_backend_apply(fixture->kernel, changes, count);
	return 0;
}

static void on_planned(void *owner, const struct service_view *view,
		       const struct service_state *state)
{
	struct fixture *fixture = owner;

	former_vips_planned(fixture->vips, view, state);
}

static void run(struct fixture *fixture)
{
	int turns = 0;

	sync_wake(fixture->sync);
	do {
		ev_run(fixture->loop, EVRUN_NOWAIT);
	} while (++turns < TURNS || !sync_is_settled(fixture->sync));
}

static const struct sync_options sync_options = {
	.desired = {.scheduler = "rr", .affinity_scheduler = "sh"}};

static void set_up(struct fixture *fixture, double seconds)
{
	const struct kernel_target target = {.owner = fixture, .apply = apply};
	const struct sync_observer observer = {.owner = fixture, .planned = on_planned};
	const struct ledger_options ledger_options = {0};

	*fixture = (struct fixture){
		.loop = ev_loop_new(0),
		.strings = string_pool_new(),
		.store = store_new(),
		.kernel = fake_kernel_new(),
		.ledger = ledger_new(&ledger_options),
	};
	fixture->sync = sync_new(fixture->loop, &target, fixture->store, fixture->ledger,
				 &sync_options, &observer);
	fixture->vips = former_vips_new(fixture->loop, fixture->sync, fixture->ledger, seconds);
	sync_allow(fixture->sync, SYNC_GATE_OBSERVED);
	sync_allow(fixture->sync, SYNC_GATE_RULES);
	sync_allow(fixture->sync, SYNC_GATE_SOURCE);
}

static void tear_down(struct fixture *fixture)
{
	former_vips_free(fixture->vips);
	sync_free(fixture->sync);
	ledger_free(fixture->ledger);
	fake_kernel_free(fixture->kernel);
	store_free(fixture->store);
	string_pool_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
}

/* The node, or another one, has @text. */
static void set_node(struct fixture *fixture, const char *text, bool is_other)
{
	struct address address = object_text_address(text);
	struct node_view view = {.name = "node1"};

	if (is_other) {
		view.other_addresses = &address;
		view.other_address_count = 1;
	} else {
		view.local_addresses = &address;
		view.local_address_count = 1;
	}
	sync_set_node(fixture->sync, &view);
	former_vips_node_changed(fixture->vips);
}

static void set_range(struct fixture *fixture, const char *text, bool is_programmed)
{
	struct prefix prefix = object_text_prefix(text);
	const struct prefix_list list = {.items = &prefix, .count = 1};
	const struct prefix_list none = {0};
	struct sync_options options = sync_options;

	if (is_programmed)
		options.desired.opt_out.unbound = list;
	else
		options.desired.opt_out.unprogrammed = list;
	sync_set_options(fixture->sync, &options);
	former_vips_node_changed(fixture->vips);
	run(fixture);
	options.desired.opt_out.unbound = options.desired.opt_out.unprogrammed = none;
	sync_set_options(fixture->sync, &options);
}

static void take_ipv6(struct fixture *fixture)
{
	const struct node_view view = {.name = "node1", .lacks_ipv6 = true};

	sync_set_node(fixture->sync, &view);
	former_vips_node_changed(fixture->vips);
}

static void carry_out(struct fixture *fixture, const char *step)
{
	const char *rest = strchr(step, ' ') + 1;

	if (strncmp(step, "service ", 8) == 0)
		store_set_service(fixture->store, object_text_service(rest));
	else if (strncmp(step, "delete ", 7) == 0)
		store_remove_service(fixture->store, "default", rest);
	else if (strncmp(step, "slice ", 6) == 0)
		store_set_endpoint_slice(fixture->store, object_text_slice(fixture->strings, rest));
	else if (strncmp(step, "node ", 5) == 0)
		set_node(fixture, rest, false);
	else if (strncmp(step, "elsewhere ", 10) == 0)
		set_node(fixture, rest, true);
	else if (strncmp(step, "unprogrammed ", 13) == 0)
		set_range(fixture, rest, false);
	else if (strncmp(step, "unbound ", 8) == 0)
		set_range(fixture, rest, true);
	else if (strcmp(step, "without ipv6") == 0)
		take_ipv6(fixture);
	else
		fail_msg("not understood: %s", step);
	run(fixture);
}

static void write_address(void *owner, const struct address *address)
{
	char *text = owner, word[ADDRESS_TEXT_SIZE];

	sprintf(text + strlen(text), "%s%s", *text ? " " : "", address_text(address, word));
}

static void assert_addresses(const struct fixture *fixture, const char *formers, const char *bound)
{
	char text[512] = "";

	ledger_former_each(fixture->ledger, write_address, text);
	assert_string_equal(text, formers);
	text[0] = '\0';
	for (size_t i = 0; i < fixture->kernel->address_count; i++)
		write_address(text, &fixture->kernel->addresses[i]);
	assert_string_equal(text, bound);
}

#define WEB	 "service default/web ip=10.96.0.1 port=:80/TCP"
#define EXTERNAL WEB " external=203.0.113.1"
#define BALANCED WEB " lb=203.0.113.1"
#define OTHER	 "service default/other ip=10.96.0.2 port=:80/TCP"

static void test_whose_address_it_is(void **state)
{
	static const struct {
		const char *what, *steps[STEPS_MAX], *formers, *bound;
	} rows[] = {
		{"of a deleted Service all are kept",
		 {EXTERNAL, "delete web"},
		 "10.96.0.1 203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"an external IP that a Service loses is kept",
		 {EXTERNAL, WEB},
		 "203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"and so is a load balancer IP",
		 {BALANCED, WEB},
		 "203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"a Service that changes its addresses loses the ones that it had",
		 {EXTERNAL, WEB " external=203.0.113.9"},
		 "203.0.113.1",
		 "10.96.0.1 203.0.113.1 203.0.113.9"},
		{"one that is an external IP and becomes a load balancer IP is not lost",
		 {EXTERNAL, BALANCED},
		 "",
		 "10.96.0.1 203.0.113.1"},
		{"what becomes headless, or of type ExternalName, loses all",
		 {EXTERNAL, "service default/web port=:80/TCP external=203.0.113.1"},
		 "10.96.0.1 203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"one that comes back is no former one",
		 {EXTERNAL, WEB, EXTERNAL},
		 "",
		 "10.96.0.1 203.0.113.1"},
		{"one that goes to another Service, which has it already",
		 {EXTERNAL, OTHER " external=203.0.113.1", WEB},
		 "",
		 "10.96.0.1 10.96.0.2 203.0.113.1"},
		{"or gets it later",
		 {EXTERNAL, WEB, OTHER " lb=203.0.113.1"},
		 "",
		 "10.96.0.1 10.96.0.2 203.0.113.1"},
		{"a load balancer that serves it itself gets it at once",
		 {BALANCED, WEB " proxied=203.0.113.1"},
		 "",
		 "10.96.0.1"},
		{"also where the Service was deleted, and created again",
		 {BALANCED, "delete web", WEB, WEB " proxied=203.0.113.1"},
		 "",
		 "10.96.0.1"},
		{"also that of another Service",
		 {BALANCED, OTHER " proxied=203.0.113.1", "delete web"},
		 "10.96.0.1",
		 "10.96.0.1 10.96.0.2"},
		{"which comes later",
		 {BALANCED, "delete web", OTHER " proxied=203.0.113.1"},
		 "10.96.0.1",
		 "10.96.0.1 10.96.0.2"},
		{"a headless Service has no load balancer",
		 {BALANCED, "delete web", "service default/other proxied=203.0.113.1"},
		 "10.96.0.1 203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"a Service that is not to be programmed gives its addresses up",
		 {EXTERNAL, EXTERNAL " opted-out"},
		 "",
		 ""},
		{"also one that is not to be bound", {EXTERNAL, EXTERNAL " unbound"}, "", ""},
		{"and one that another proxy serves", {EXTERNAL, EXTERNAL " proxy=other"}, "", ""},
		{"what it loses in the same moment is kept",
		 {EXTERNAL, WEB " unbound"},
		 "203.0.113.1",
		 "203.0.113.1"},
		{"one that an interface of the node gets goes at once",
		 {EXTERNAL, WEB, "node 203.0.113.1"},
		 "",
		 "10.96.0.1"},
		{"and one that another Node gets",
		 {EXTERNAL, WEB, "elsewhere 203.0.113.1"},
		 "",
		 "10.96.0.1"},
		{"one of a pod is kept for nobody",
		 {EXTERNAL, WEB, "slice default/db-x service=db port=:80/TCP 203.0.113.1@node2"},
		 "",
		 "10.96.0.1"},
		{"an endpoint that may be anything does not count",
		 {EXTERNAL, WEB, "slice default/db-x service=db port=:80/TCP 203.0.113.1"},
		 "203.0.113.1",
		 "10.96.0.1 203.0.113.1"},
		{"a range that is left to somebody else gives up what it has",
		 {EXTERNAL, "delete web", "unprogrammed 203.0.113.0/24"},
		 "10.96.0.1",
		 "10.96.0.1"},
		{"also if it is only not to be bound",
		 {EXTERNAL, "delete web", "unbound 203.0.113.0/24"},
		 "10.96.0.1",
		 "10.96.0.1"},
		{"without IPv6 there are no IPv6 ones",
		 {"service default/web ip=10.96.0.1 ip=fd00::1 port=:80/TCP", "delete web",
		  "without ipv6"},
		 "10.96.0.1",
		 "10.96.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		print_message("%s\n", rows[i].what);
		set_up(&fixture, 60);
		for (size_t k = 0; k < STEPS_MAX && rows[i].steps[k]; k++)
			carry_out(&fixture, rows[i].steps[k]);
		assert_addresses(&fixture, rows[i].formers, rows[i].bound);
		tear_down(&fixture);
	}
}

static void test_no_time(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, 0);
	carry_out(&fixture, EXTERNAL);
	carry_out(&fixture, WEB);
	assert_addresses(&fixture, "", "10.96.0.1");
	carry_out(&fixture, "delete web");
	assert_addresses(&fixture, "", "");
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_address_it_is),
		cmocka_unit_test(test_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
