/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/input/other_nodes.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REFRESH_SECONDS 0.2

/* Beside the node's 192.168.1.10 */
#define BESIDE "a/web ip=10.96.0.1 port=:80/TCP lb=192.168.1.20"
#define AFAR   "a/web ip=10.96.0.1 port=:80/TCP lb=203.0.113.1"

struct fixture {
	struct ev_loop *loop;
	struct store *store;
	struct options *options;
	struct node_state *node;
	struct other_nodes *nodes;
	unsigned int asked, checked;
};

static void on_ask(void *owner)
{
	((struct fixture *)owner)->asked++;
}

static void on_checked(void *owner)
{
	((struct fixture *)owner)->checked++;
}

static struct node *make_node(const char *name, const char *address)
{
	struct node *node = memory_allocate(sizeof(*node));

	node->name = string_dup(name);
	node->addresses = memory_array(1, sizeof(*node->addresses));
	node->address_count = 1;
	node->addresses[0] = object_text_address(address);
	return node;
}

static void set_up(struct fixture *fixture, bool is_watched, bool are_known)
{
	const struct other_nodes_options options = {
		.store = fixture->store = store_new(),
		.node = NULL,
		.are_known = are_known,
		.is_watched = is_watched,
		.refresh_seconds = REFRESH_SECONDS,
		.ask = on_ask,
		.on_checked = on_checked,
		.owner = fixture,
	};
	struct other_nodes_options complete = options;

	fixture->asked = fixture->checked = 0;
	fixture->loop = ev_loop_new(0);
	fixture->options = options_new();
	fixture->options->node_name = string_dup("n");
	fixture->node = node_state_new(fixture->options);
	node_state_set_node(fixture->node, make_node("n", "192.168.1.10"));
	complete.node = fixture->node;
	fixture->nodes = other_nodes_new(fixture->loop, &complete);
}

static void tear_down(struct fixture *fixture)
{
	other_nodes_free(fixture->nodes);
	node_state_free(fixture->node);
	options_free(fixture->options);
	store_free(fixture->store);
	ev_loop_destroy(fixture->loop);
}

static void run_for(struct fixture *fixture, double seconds)
{
	for (double end = ev_time() + seconds; ev_time() < end; ev_sleep(0.01))
		ev_run(fixture->loop, EVRUN_NOWAIT);
}

static void set_service(struct fixture *fixture, const char *text)
{
	store_set_service(fixture->store, object_text_service(text));
	other_nodes_review(fixture->nodes, false);
	run_for(fixture, 0.05);
}

static void assert_unchecked(const struct fixture *fixture, const char *expected)
{
	char text[256] = "", buffer[ADDRESS_TEXT_SIZE];
	size_t count;
	const struct address *unchecked = other_nodes_unchecked(fixture->nodes, &count);

	for (size_t i = 0; i < count; i++)
		strcat(strcat(text, i ? " " : ""), address_text(&unchecked[i], buffer));
	assert_string_equal(text, expected);
}

static void test_nothing_to_ask(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, false, false);
	set_service(&fixture, AFAR);
	other_nodes_review(fixture.nodes, true);
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 0);
	assert_unchecked(&fixture, "");
	assert_false(other_nodes_is_first(fixture.nodes));
	tear_down(&fixture);

	set_up(&fixture, false, true);
	set_service(&fixture, BESIDE);
	assert_int_equal(fixture.asked, 0);
	assert_unchecked(&fixture, "");
	tear_down(&fixture);
}

/* One that may be a node's waits for the answer; after that they are asked for once a refresh period. */
static void test_lists(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, false, false);
	set_service(&fixture, BESIDE);
	assert_int_equal(fixture.asked, 1);
	assert_int_equal(fixture.checked, 1);
	assert_unchecked(&fixture, "192.168.1.20");
	assert_true(other_nodes_is_first(fixture.nodes));
	other_nodes_review(fixture.nodes, true);
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 1);

	other_nodes_answered(fixture.nodes, NULL);
	assert_unchecked(&fixture, "");
	assert_false(other_nodes_is_first(fixture.nodes));
	assert_int_equal(fixture.checked, 2);
	other_nodes_review(fixture.nodes, true);
	assert_int_equal(fixture.asked, 1);
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 2);
	other_nodes_answered(fixture.nodes, NULL);

	/* A new one is asked for at once, and one of before does not wait again. */
	set_service(&fixture, BESIDE " lb=192.168.1.21");
	assert_int_equal(fixture.asked, 3);
	assert_unchecked(&fixture, "192.168.1.21");
	assert_false(other_nodes_is_first(fixture.nodes));
	other_nodes_answered(fixture.nodes, NULL);

	set_service(&fixture, AFAR);
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 3);
	tear_down(&fixture);
}

/* An answer that was on its way may be older than what came meanwhile. */
static void test_outdated_answer(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, false, false);
	set_service(&fixture, BESIDE);
	set_service(&fixture, BESIDE " lb=192.168.1.21");
	assert_int_equal(fixture.asked, 1);
	other_nodes_answered(fixture.nodes, NULL);
	assert_unchecked(&fixture, "192.168.1.20 192.168.1.21");
	run_for(&fixture, 0.05);
	assert_int_equal(fixture.asked, 2);
	other_nodes_answered(fixture.nodes, NULL);
	assert_unchecked(&fixture, "");
	tear_down(&fixture);
}

/* Where nobody answers, nothing waits for ever. */
static void test_trouble(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, false, false);
	set_service(&fixture, BESIDE);
	other_nodes_answered(fixture.nodes, "status 403");
	assert_unchecked(&fixture, "");
	assert_false(other_nodes_is_first(fixture.nodes));
	assert_int_equal(fixture.asked, 1);
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 2);
	tear_down(&fixture);
}

/* What becomes suspicious by what is known since does not wait: it may be bound already. */
static void test_known_before(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, false, false);
	set_service(&fixture, AFAR);
	node_state_set_node(fixture.node, make_node("m", "203.0.113.7"));
	other_nodes_review(fixture.nodes, true);
	assert_unchecked(&fixture, "");
	run_for(&fixture, 0.1);
	assert_int_equal(fixture.asked, 1);
	tear_down(&fixture);
}

static void test_watch(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture, true, false);
	set_service(&fixture, BESIDE);
	assert_true(other_nodes_is_first(fixture.nodes));
	other_nodes_answered(fixture.nodes, NULL);
	assert_unchecked(&fixture, "");
	set_service(&fixture, BESIDE " lb=192.168.1.21");
	assert_unchecked(&fixture, "");
	run_for(&fixture, 2 * REFRESH_SECONDS);
	assert_int_equal(fixture.asked, 0);
	tear_down(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_ask),	cmocka_unit_test(test_lists),
		cmocka_unit_test(test_outdated_answer), cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_known_before),	cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
