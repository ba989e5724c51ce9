/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reconcile/marks_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_what_was_accepted_stays(void **state)
{
	struct marks_trial trial = {0};

	(void)state;
	assert_false(marks_trial_refused(&trial));
	assert_true(marks_trial_accepted(&trial) == 0);
	for (int i = 0; i < 5; i++)
		assert_false(marks_trial_refused(&trial));
	assert_true(marks_trial_has_marks(&trial));
}

static void test_refused_without_as_well_it_is_not_the_marks(void **state)
{
	struct marks_trial trial = {0};

	(void)state;
	assert_false(marks_trial_refused(&trial));
	assert_true(marks_trial_refused(&trial));
	assert_false(marks_trial_has_marks(&trial));
	assert_true(marks_trial_refused(&trial));
	assert_true(marks_trial_has_marks(&trial));
}

static void test_trials_become_rarer_and_never_end(void **state)
{
	static const double waits[] = {10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600};
	struct marks_trial trial = {0};

	(void)state;
	marks_trial_refused(&trial);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_true(marks_trial_refused(&trial));
		assert_false(marks_trial_has_marks(&trial));
		assert_true(marks_trial_accepted(&trial) == waits[i]);
		marks_trial_repeat(&trial);
		assert_true(marks_trial_has_marks(&trial));
	}
	assert_true(marks_trial_accepted(&trial) == 0);
	assert_false(marks_trial_refused(&trial));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_accepted_stays),
		cmocka_unit_test(test_refused_without_as_well_it_is_not_the_marks),
		cmocka_unit_test(test_trials_become_rarer_and_never_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
