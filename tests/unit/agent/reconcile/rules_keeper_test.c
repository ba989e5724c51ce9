/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With iptables of the test's own, and a loop with a clock of its own. */
#include "agent/reconcile/rules_keeper.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/kernel/rules.h"

#include "tests/fake/virtual_loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* What iptables-save and -restore take. */
#define PROGRAM_SECONDS 0.05

struct rules {
	struct ev_loop *loop;
	uint16_t family;
	void (*on_done)(void *owner, const struct rules_report *report);
	void *owner;
	ev_timer done;
	bool is_busy;
	bool is_marked;
};

/**
 * struct iptables - the rules of both families, as the kernel would have them
 * @is_altered:    by somebody else, since they were written
 * @is_there:      they were written
 * @is_broken:     they cannot be read
 * @refuses_marks: rules with marks cannot be written
 * @unreadable:    what reports say
 * @looks:         how often they were read, both families together
 * @repairs:       how often they were written
 * @last_repair:   when
 * @told:          hears at once of what is written, as from nftables; NULL = nobody
 */
static struct iptables {
	bool is_altered[2], is_there[2], is_broken[2];
	bool refuses_marks;
	const char *unreadable;
	unsigned int looks, repairs;
	double last_repair;
	struct rules_keeper *told;
} iptables;

static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct rules *rules = container_of(timer, struct rules, done);
	bool is_ipv6 = rules->family == AF_INET6;
	const struct error none = {0}, broken = {.code = -EIO, .text = "no answer"};
	struct rules_report report = {.what = "chain KUBE-X", .unreadable = "", .error = &none};

	(void)loop;
	(void)events;
	iptables.looks++;
	report.is_changed = iptables.is_altered[is_ipv6] || !iptables.is_there[is_ipv6];
	if (iptables.told && report.is_changed)
		rules_keeper_changed(iptables.told, rules->family, "iptables-restor (process 18)");
	rules->is_busy = false;
	if (iptables.unreadable)
		report.unreadable = iptables.unreadable;
	if (iptables.is_broken[is_ipv6] || (iptables.refuses_marks && rules->is_marked)) {
		report.code = broken.code;
		report.error = &broken;
		rules->on_done(rules->owner, &report);
		return;
	}
	if (report.is_changed) {
		iptables.repairs += iptables.is_there[is_ipv6];
		iptables.last_repair = clock_now();
	}
	iptables.is_there[is_ipv6] = true;
	iptables.is_altered[is_ipv6] = false;
	rules->on_done(rules->owner, &report);
}

int rules_open(struct ev_loop *loop, uint16_t family,
	       void (*on_done)(void *owner, const struct rules_report *report), void *owner,
	       struct rules **ret, struct error *err)
{
	struct rules *rules = memory_allocate(sizeof(*rules));

	(void)err;
	*rules = (struct rules){.loop = loop, .family = family, .on_done = on_done, .owner = owner};
	ev_timer_init(&rules->done, on_end, 0., 0.);
	*ret = rules;
	return 0;
}

void rules_close(struct rules *rules)
{
	if (rules)
		ev_timer_stop(rules->loop, &rules->done);
	free(rules);
}

bool rules_has_random_fully(struct rules *rules)
{
	(void)rules;
	return true;
}

bool rules_is_legacy(const struct rules *rules)
{
	(void)rules;
	return false;
}

static bool is_marked(const struct ruleset *ruleset)
{
	auto_memory char *text = ruleset_text(ruleset);

	return strstr(text, "--map-set");
}

void rules_verify(struct rules *rules, const struct ruleset *ruleset)
{
	assert_non_null(ruleset);
	assert_false(rules->is_busy);
	rules->is_marked = is_marked(ruleset);
	rules->is_busy = true;
	ev_timer_set(&rules->done, PROGRAM_SECONDS, 0.);
	ev_timer_start(rules->loop, &rules->done);
}

bool rules_is_busy(const struct rules *rules)
{
	return rules->is_busy;
}

struct fixture {
	struct ev_loop *loop;
	struct rules_keeper *keeper;
	ev_timer tick; /* time passes where nothing else is to be done */
	bool is_in_place;
	enum ip_family family; /* of the last report */
	char error[700];
};

static unsigned int first(void *owner, unsigned int limit)
{
	(void)owner;
	(void)limit;
	return 0;
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_set(timer, 0.01, 0.);
	ev_timer_start(loop, timer);
}

static void on_report(void *owner, enum ip_family family, bool is_in_place, const char *error)
{
	struct fixture *fixture = owner;

	fixture->family = family;
	fixture->is_in_place = is_in_place;
	strncpy(fixture->error, error, sizeof(fixture->error) - 1);
}

static void pass(struct fixture *fixture, double seconds)
{
	double end = clock_now() + seconds;

	while (clock_now() < end)
		virtual_loop_turn(fixture->loop);
}

static int set_up(void **state)
{
	static const struct ruleset_options options[2] = {{.masquerade_mark = 0x4000},
							  {.masquerade_mark = 0x4000}};
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	memset(&iptables, 0, sizeof(iptables));
	fixture->loop = virtual_loop_new(first, NULL);
	ev_timer_init(&fixture->tick, on_tick, 0., 0.);
	ev_timer_start(fixture->loop, &fixture->tick);
	assert_int_equal(
		rules_keeper_new(fixture->loop, on_report, fixture, &fixture->keeper, NULL), 0);
	rules_keeper_set(fixture->keeper, options);
	pass(fixture, 1);
	assert_true(fixture->is_in_place);
	iptables.looks = iptables.repairs = 0;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	rules_keeper_free(fixture->keeper);
	ev_timer_stop(fixture->loop, &fixture->tick);
	virtual_loop_free(fixture->loop);
	free(fixture);
	return 0;
}

/* Somebody takes IPv4 rules away, and the kernel tells. */
static void alter(struct fixture *fixture)
{
	iptables.is_altered[0] = true;
	rules_keeper_changed(fixture->keeper, AF_INET, "nft (process 17)");
}

static void test_what_is_taken_away_is_back_within_a_second(void **state)
{
	struct fixture *fixture = *state;
	double begin = clock_now();

	alter(fixture);
	pass(fixture, 1);
	assert_int_equal(iptables.repairs, 1);
	assert_true(iptables.last_repair - begin < 0.5);
	assert_true(fixture->is_in_place);
	/* Our own writing is told, too: one look more, and then it is quiet. */
	rules_keeper_changed(fixture->keeper, AF_INET, "iptables-restor (process 18)");
	pass(fixture, 5);
	assert_int_equal(iptables.looks, 2);
	assert_int_equal(iptables.repairs, 1);
}

static void test_a_storm_of_changes_is_a_few_looks(void **state)
{
	struct fixture *fixture = *state;
	double end = clock_now() + 10;

	while (clock_now() < end) {
		rules_keeper_changed(fixture->keeper, AF_INET, "calico (process 3)");
		virtual_loop_turn(fixture->loop);
	}
	assert_in_range(iptables.looks, 10, 25);
	assert_int_equal(iptables.repairs, 0);
}

static void test_there_is_no_loop_against_another_writer(void **state)
{
	struct fixture *fixture = *state;
	unsigned int before;

	iptables.told = fixture->keeper;
	for (int i = 0; i < 3; i++) {
		alter(fixture);
		pass(fixture, 2);
	}
	assert_int_equal(iptables.repairs, 3);
	assert_false(fixture->is_in_place);
	/* Not the one that restored them. */
	assert_non_null(strstr(fixture->error, "nft (process 17) keeps changing them"));
	assert_non_null(strstr(fixture->error, "next repair in 10 s"));

	/* He goes on at once after each repair: 10, 20, 40, 80, 160 and then 300 s apart. */
	for (int i = 0; i < 310; i++) {
		alter(fixture);
		rules_keeper_verify(fixture->keeper); /* the periodic one */
		pass(fixture, 1);
	}
	assert_in_range(iptables.repairs, 7, 8);
	assert_false(fixture->is_in_place);

	/* He gives up. */
	pass(fixture, 320);
	assert_false(iptables.is_altered[0]);
	pass(fixture, 320);
	assert_true(fixture->is_in_place);
	assert_string_equal(fixture->error, "");
	before = iptables.repairs;
	alter(fixture);
	pass(fixture, 1);
	assert_int_equal(iptables.repairs, before + 1);
	assert_true(fixture->is_in_place);
}

static void test_a_repair_now_and_then_is_no_contest(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 10; i++) {
		alter(fixture);
		pass(fixture, 31);
		assert_true(fixture->is_in_place);
	}
	assert_int_equal(iptables.repairs, 10);
}

/* With legacy tables, those before the one that is refused are written each time, which is told. */
static void test_what_cannot_be_written_waits_for_its_retry(void **state)
{
	struct fixture *fixture = *state;

	iptables.told = fixture->keeper;
	iptables.is_broken[0] = true;
	alter(fixture);
	pass(fixture, 100);
	iptables.looks = 0;
	for (int i = 0; i < 300; i++) {
		rules_keeper_changed(fixture->keeper, AF_INET, "");
		pass(fixture, 1);
	}
	/* Every 30 s, both families. */
	assert_in_range(iptables.looks, 18, 22);
	iptables.is_broken[0] = false;
	pass(fixture, 31);
	assert_true(fixture->is_in_place);
}

static void test_unreadable_tables_are_told(void **state)
{
	struct fixture *fixture = *state;

	iptables.unreadable = "table nat cannot be shown";
	rules_keeper_verify(fixture->keeper);
	pass(fixture, 1);
	assert_true(fixture->is_in_place);
	assert_string_equal(fixture->error, "IPv4 rules: table nat cannot be shown");
	assert_string_equal(rules_keeper_unreadable(fixture->keeper), fixture->error);
	iptables.unreadable = NULL;
	rules_keeper_verify(fixture->keeper);
	pass(fixture, 1);
	assert_string_equal(fixture->error, "");
	assert_int_equal(iptables.repairs, 0);
}

static void test_families_are_told_apart(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(rules_keeper_families(fixture->keeper), IP_FAMILY_ALL);
	assert_int_equal(rules_keeper_in_place(fixture->keeper), IP_FAMILY_ALL);
	iptables.is_broken[IP_FAMILY_IPV6] = true;
	rules_keeper_changed(fixture->keeper, AF_INET6, "");
	pass(fixture, 0.7);
	assert_false(fixture->is_in_place);
	assert_int_equal(fixture->family, IP_FAMILY_IPV6);
	assert_int_equal(rules_keeper_in_place(fixture->keeper), ip_family_bit(AF_INET));
	assert_int_equal(rules_keeper_failed(fixture->keeper, IP_FAMILY_IPV4), 0);
	assert_true(rules_keeper_failed(fixture->keeper, IP_FAMILY_IPV6) >= 1);
	iptables.is_broken[IP_FAMILY_IPV6] = false;
	pass(fixture, 2);
	assert_true(fixture->is_in_place);
	assert_int_equal(rules_keeper_in_place(fixture->keeper), IP_FAMILY_ALL);
}

static void test_an_absent_family_is_neither_waited_for_nor_looked_at(void **state)
{
	struct fixture *fixture = *state;

	iptables.is_broken[1] = true;
	rules_keeper_verify(fixture->keeper);
	pass(fixture, 1);
	assert_false(fixture->is_in_place);
	assert_non_null(strstr(fixture->error, "IPv6 rules: no answer"));

	rules_keeper_set_absent(fixture->keeper, AF_INET6, true);
	assert_true(fixture->is_in_place);
	assert_string_equal(fixture->error, "");
	pass(fixture, 100);
	iptables.looks = 0;
	pass(fixture, 300);
	assert_int_equal(iptables.looks, 0);
	rules_keeper_changed(fixture->keeper, AF_INET6, "nft (process 17)");
	rules_keeper_verify(fixture->keeper);
	pass(fixture, 10);
	assert_int_equal(iptables.looks, 1);
	assert_true(fixture->is_in_place);

	/* What is taken away of the other one is still restored. */
	alter(fixture);
	pass(fixture, 1);
	assert_int_equal(iptables.repairs, 1);
}

static void test_a_family_that_returns_is_verified_first(void **state)
{
	struct fixture *fixture = *state;

	/* A report that was asked for before the family went tells nothing. */
	rules_keeper_verify(fixture->keeper);
	rules_keeper_set_absent(fixture->keeper, AF_INET6, true);
	iptables.is_broken[1] = true;
	pass(fixture, 1);
	assert_true(fixture->is_in_place);
	iptables.is_there[1] = false;
	rules_keeper_set_absent(fixture->keeper, AF_INET6, false);
	pass(fixture, 0.2);
	assert_false(fixture->is_in_place);
	iptables.is_broken[1] = false;
	pass(fixture, 5);
	assert_true(fixture->is_in_place);
	assert_true(iptables.is_there[1]);
	assert_int_equal(rules_keeper_repaired(fixture->keeper), 0);
}

/* set_marks() - from now on the rules are to mark packets, which is refused if @are_refused */
static void set_marks(struct fixture *fixture, bool are_refused)
{
	static const struct ruleset_options options[2] = {
		{.masquerade_mark = 0x8000,
		 .has_in_cluster = true,
		 .marks = {0xff00000, 0xff00000}},
		{.masquerade_mark = 0x8000,
		 .has_in_cluster = true,
		 .marks = {0xff00000, 0xff00000}},
	};

	iptables.refuses_marks = are_refused;
	iptables.is_there[0] = iptables.is_there[1] = false;
	rules_keeper_set(fixture->keeper, options);
}

static void test_an_outage_does_not_cost_the_marks(void **state)
{
	const double outages[] = {0.3, 1, 2, 3.2, 7, 40};
	struct fixture *fixture = *state;
	const char *reason;

	for (size_t i = 0; i < sizeof(outages) / sizeof(outages[0]); i++) {
		iptables.is_broken[0] = iptables.is_broken[1] = true;
		set_marks(fixture, false);
		pass(fixture, outages[i]);
		iptables.is_broken[0] = iptables.is_broken[1] = false;
		pass(fixture, 60);
		assert_true(fixture->is_in_place);
		assert_true(rules_keeper_does_mark(fixture->keeper, &reason));
		tear_down(state);
		set_up(state);
		fixture = *state;
	}
}

static void test_refused_marks_are_left_out_and_tried_now_and_then(void **state)
{
	struct fixture *fixture = *state;
	unsigned long failed;
	const char *reason;

	set_marks(fixture, true);
	pass(fixture, 5);
	assert_true(fixture->is_in_place);
	assert_false(rules_keeper_does_mark(fixture->keeper, &reason));
	assert_string_equal(reason, "IPv4 rules: no answer");
	pass(fixture, 2 * 86400);
	assert_true(fixture->is_in_place);
	/* Once an hour in the end, in both families. */
	failed = rules_keeper_failed(fixture->keeper, IP_FAMILY_IPV4);
	pass(fixture, 86400);
	assert_in_range(rules_keeper_failed(fixture->keeper, IP_FAMILY_IPV4) - failed, 22, 26);
	iptables.refuses_marks = false;
	pass(fixture, 3700);
	assert_true(fixture->is_in_place);
	assert_true(rules_keeper_does_mark(fixture->keeper, &reason));
	/* What was accepted once is not given up. */
	iptables.refuses_marks = true;
	alter(fixture);
	pass(fixture, 100);
	assert_false(fixture->is_in_place);
	assert_true(rules_keeper_does_mark(fixture->keeper, &reason));
	iptables.refuses_marks = false;
	pass(fixture, 31);
	assert_true(fixture->is_in_place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_taken_away_is_back_within_a_second,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_storm_of_changes_is_a_few_looks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_there_is_no_loop_against_another_writer,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_repair_now_and_then_is_no_contest, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_written_waits_for_its_retry,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_does_not_cost_the_marks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_refused_marks_are_left_out_and_tried_now_and_then, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_tables_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_families_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_an_absent_family_is_neither_waited_for_nor_looked_at, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_a_family_that_returns_is_verified_first,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
