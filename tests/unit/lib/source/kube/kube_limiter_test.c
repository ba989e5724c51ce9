/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/kube/kube_limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_about(double a, double b)
{
	return a > b - 1e-9 && a < b + 1e-9;
}

/* When a request of time @now may be sent. */
static double take(struct kube_limiter *limiter, double now)
{
	double wait = kube_limiter_wait(limiter, now);

	kube_limiter_take(limiter, now);
	return now + wait;
}

static void a_burst_and_then_one_after_the_other(void **state)
{
	struct kube_limiter limiter;

	(void)state;
	kube_limiter_init(&limiter, 2, 3, 10);
	for (int i = 0; i < 3; i++)
		assert_true(is_about(take(&limiter, 10), 10));
	assert_true(is_about(take(&limiter, 10), 10.5));
	assert_true(is_about(take(&limiter, 10), 11));
	assert_true(is_about(take(&limiter, 10.25), 11.5));
}

static void it_fills_up_to_the_burst(void **state)
{
	struct kube_limiter limiter;

	(void)state;
	kube_limiter_init(&limiter, 2, 3, 0);
	for (int i = 0; i < 3; i++)
		take(&limiter, 0);
	assert_true(is_about(kube_limiter_tokens(&limiter, 0.5), 1));
	assert_true(is_about(kube_limiter_tokens(&limiter, 100), 3));
}

static void what_is_given_back_is_there_again(void **state)
{
	struct kube_limiter limiter;

	(void)state;
	kube_limiter_init(&limiter, 1, 1, 0);
	take(&limiter, 0);
	kube_limiter_give_back(&limiter, 0);
	assert_true(is_about(take(&limiter, 0), 0));
	kube_limiter_give_back(&limiter, 50);
	assert_true(is_about(kube_limiter_tokens(&limiter, 50), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_and_then_one_after_the_other),
		cmocka_unit_test(it_fills_up_to_the_burst),
		cmocka_unit_test(what_is_given_back_is_there_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
