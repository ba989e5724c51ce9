/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reconcile/applier.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define NEVER 1e18

/* More than a piece should take. */
static const struct timespec slow = {.tv_nsec = 4000000};

/* A kernel that notes how it was asked, refuses additions to one set, may be slow, and may take some
 * steps before it does the first change of a kind. */
struct target {
	size_t pieces;
	size_t seen;
	size_t last_piece;
	enum change_kind last_kind;
	bool is_restriction_refused;
	bool is_slow;
	unsigned int steps_before;
};

static int apply(void *owner, enum facility facility, struct change *changes, size_t count,
		 struct error *err)
{
	struct target *target = owner;

	(void)err;
	if (target->steps_before) {
		target->steps_before--;
		return 1;
	}
	target->pieces++;
	target->last_piece = count;
	if (target->is_slow)
		nanosleep(&slow, NULL);
	for (size_t i = 0; i < count; i++) {
		bool is_restriction = changes[i].kind == CHANGE_KIND_MEMBER_ADD &&
				      changes[i].member.kind == SET_KIND_LOAD_BALANCER_FIREWALL;

		assert_int_equal(change_facility(changes[i].kind), facility);
		assert_int_equal(changes[i].kind, changes->kind);
		assert_true(changes[i].kind >= target->last_kind);
		target->last_kind = changes[i].kind;
		changes[i].result = is_restriction && target->is_restriction_refused ? -ENOSPC : 0;
		target->seen++;
	}
	return 0;
}

static struct address address_of(uint16_t number)
{
	struct address address = {.family = AF_INET};

	address.bytes[0] = 10;
	memcpy(address.bytes + 2, &number, sizeof(number));
	return address;
}

/* With their results: as if nobody had looked at them yet. */
static struct change *add(struct changes *changes, enum change_kind kind)
{
	struct change *change = changes_add(changes, kind);

	change->result = 1;
	return change;
}

/*
 * So many virtual servers, each with its address and a member that is its guard, in an order that
 * is not safe.
 */
static struct changes *many(uint16_t count, enum set_kind set)
{
	struct changes *changes = changes_new();

	for (uint16_t i = 0; i < count; i++) {
		struct change *change;
		size_t server;

		add(changes, CHANGE_KIND_ADDRESS_ADD)->address = address_of(i);
		server = changes->count;
		change = add(changes, CHANGE_KIND_SERVER_ADD);
		change->server.key.address = address_of(i);
		change->server.key.port = 80;
		change = add(changes, CHANGE_KIND_MEMBER_ADD);
		change->member.kind = (uint8_t)set;
		change->member.family = AF_INET;
		change->member.port = 80;
		change->member.address = address_of(i);
		changes->items[server].guard = changes_begin_guard(changes, change);
	}
	return changes;
}

static struct applier *applier_of(struct target *target)
{
	const struct kernel_target wanted = {.owner = target, .apply = apply};

	return applier_new(&wanted);
}

static void test_all_in_one_turn(void **state)
{
	struct target target = {0};
	auto_free(changes) struct changes *changes = many(1000, SET_KIND_CLUSTER_IP);
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	assert_false(applier_is_busy(applier));
	applier_begin(applier, changes);
	assert_true(applier_is_busy(applier));
	assert_true(applier_run(applier, NEVER));
	assert_false(applier_is_busy(applier));
	assert_int_equal(target.seen, 3000);
	for (size_t i = 0; i < changes->count; i++)
		assert_int_equal(changes->items[i].result, 0);
}

/* Without any time a turn is one piece, and the next begins where that ended. */
static void test_one_piece_with_each_turn(void **state)
{
	struct target target = {0};
	auto_free(changes) struct changes *changes = many(1000, SET_KIND_CLUSTER_IP);
	auto_free(applier) struct applier *applier = applier_of(&target);
	size_t turns = 1;

	(void)state;
	applier_begin(applier, changes);
	for (; !applier_run(applier, 0.); turns++) {
		assert_true(applier_is_busy(applier));
		assert_int_equal(target.pieces, turns);
		assert_true(target.seen < changes->count);
		assert_int_equal(changes->items[target.seen - 1].result, 0);
		assert_int_equal(changes->items[target.seen].result, 1);
	}
	assert_int_equal(target.pieces, turns);
	assert_int_equal(target.seen, changes->count);
	assert_in_range(turns, 6, 3 * 1000 / 16);
	assert_true(applier_seconds(applier) > 0);
}

/* Down to one change, which may take the kernel a piece's time by itself; and up again. */
static void test_slow_pieces_become_small(void **state)
{
	struct target target = {.is_slow = true};
	auto_free(changes) struct changes *changes = changes_new();
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	for (uint16_t i = 0; i < 300; i++)
		add(changes, CHANGE_KIND_ADDRESS_ADD)->address = address_of(i);
	applier_begin(applier, changes);
	assert_true(applier_run(applier, NEVER));
	assert_int_equal(target.seen, 300);
	assert_int_equal(target.last_piece, 1);

	target.is_slow = false;
	applier_begin(applier, changes);
	assert_true(applier_run(applier, NEVER));
	assert_int_equal(target.seen, 600);
	assert_true(target.last_piece > 1);
}

/* The changes wait for the steps, of which a turn without time takes one; none is done twice. */
static void test_steps_before_the_changes(void **state)
{
	struct target target = {.steps_before = 3};
	auto_free(changes) struct changes *changes = many(10, SET_KIND_CLUSTER_IP);
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	applier_begin(applier, changes);
	for (unsigned int left = 3; left-- > 0;) {
		assert_false(applier_run(applier, 0.));
		assert_int_equal(target.steps_before, left);
		assert_int_equal(target.seen, 0);
		assert_int_equal(changes->items[0].result, 1);
	}
	target.steps_before = 2;
	assert_true(applier_run(applier, NEVER));
	assert_int_equal(target.seen, 30);
}

static void test_an_empty_list(void **state)
{
	struct target target = {0};
	auto_free(changes) struct changes *changes = changes_new();
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	applier_begin(applier, changes);
	assert_true(applier_run(applier, 0.));
	assert_false(applier_is_busy(applier));
	assert_int_equal(target.pieces, 0);
}

/* What a virtual server must not be without was refused some turns before. */
static void test_a_refused_restriction_is_remembered(void **state)
{
	struct target target = {.is_restriction_refused = true};
	auto_free(changes) struct changes *changes = many(500, SET_KIND_LOAD_BALANCER_FIREWALL);
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	applier_begin(applier, changes);
	while (!applier_run(applier, 0.))
		;
	for (size_t i = 0; i < changes->count; i++) {
		static const int expected[] = {
			[CHANGE_KIND_MEMBER_ADD] = -ENOSPC,
			[CHANGE_KIND_SERVER_ADD] = -ECANCELED,
			[CHANGE_KIND_ADDRESS_ADD] = 0,
		};

		assert_int_equal(changes->items[i].result, expected[changes->items[i].kind]);
	}
}

/* The next list is carried out like the first. */
static void test_one_list_after_another(void **state)
{
	struct target target = {0};
	auto_free(applier) struct applier *applier = applier_of(&target);

	(void)state;
	for (size_t i = 1; i <= 5; i++) {
		auto_free(changes) struct changes *changes = many(100, SET_KIND_CLUSTER_IP);

		target.last_kind = 0;
		applier_begin(applier, changes);
		assert_true(applier_run(applier, NEVER));
		assert_int_equal(target.seen, i * 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_one_turn),
		cmocka_unit_test(test_one_piece_with_each_turn),
		cmocka_unit_test(test_slow_pieces_become_small),
		cmocka_unit_test(test_steps_before_the_changes),
		cmocka_unit_test(test_an_empty_list),
		cmocka_unit_test(test_a_refused_restriction_is_remembered),
		cmocka_unit_test(test_one_list_after_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
