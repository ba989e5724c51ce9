/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/bound_addresses.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct bound_address *find(const struct bound_addresses *bound, const char *text)
{
	struct address address = object_text_address(text);

	return bound_addresses_find(bound, &address);
}

static struct bound_address *get(struct bound_addresses *bound, const char *text)
{
	struct address address = object_text_address(text);

	return bound_addresses_get(bound, &address);
}

static void what_a_look_misses_goes(void **state)
{
	struct bound_addresses bound = {0};
	struct address third = object_text_address("fd00::3");

	(void)state;
	bound_addresses_look_begin(&bound);
	assert_true(bound.is_learning);
	get(&bound, "fd00::1")->is_preferred = true;
	get(&bound, "fd00::2");
	bound_addresses_look_end(&bound);
	assert_false(bound.is_learning);
	assert_true(find(&bound, "fd00::1")->is_preferred);

	/* Until its end a look takes nothing away; what is bound meanwhile stays. */
	bound_addresses_look_begin(&bound);
	assert_false(bound.is_learning);
	get(&bound, "fd00::2");
	get(&bound, "fd00::3");
	get(&bound, "fd00::4");
	bound_addresses_drop(&bound, &third);
	bound_addresses_drop(&bound, &third);
	assert_non_null(find(&bound, "fd00::1"));
	bound_addresses_look_end(&bound);
	assert_null(find(&bound, "fd00::1"));
	assert_non_null(find(&bound, "fd00::2"));
	assert_null(find(&bound, "fd00::3"));
	assert_non_null(find(&bound, "fd00::4"));

	bound_addresses_clear(&bound);
	assert_null(find(&bound, "fd00::2"));
}

static void a_look_that_is_cut_short_takes_nothing(void **state)
{
	struct bound_addresses bound = {0};

	(void)state;
	bound_addresses_look_begin(&bound);
	get(&bound, "fd00::1");
	bound_addresses_look_begin(&bound);
	assert_true(bound.is_learning);
	get(&bound, "fd00::1");
	bound_addresses_look_end(&bound);
	assert_non_null(find(&bound, "fd00::1"));
	bound_addresses_look_begin(&bound);
	assert_non_null(find(&bound, "fd00::1"));
	bound_addresses_clear(&bound);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_look_misses_goes),
		cmocka_unit_test(a_look_that_is_cut_short_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
