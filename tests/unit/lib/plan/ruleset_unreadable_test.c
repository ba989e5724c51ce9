/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define NAT    "*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n"
#define FILTER "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
#define HIDDEN "# Table `nat' is incompatible, use 'nft' tool.\n"

static const struct {
	const char *what, *saved;
	bool is_unreadable; /* nat */
} rows[] = {
	{"a table that was shown", FILTER NAT, false},
	{"one that is not there", FILTER, false},
	{"no table at all", "", false},
	{"one that iptables cannot show", HIDDEN FILTER, true},
	{"the same at the end", FILTER HIDDEN, true},
	{"another one that it cannot show",
	 "# Table `filter' is incompatible, use 'nft' tool.\n" NAT, false},
	{"output that ends in the middle", FILTER "*nat\n:POSTROUTING ACCEPT [0:0]\n", true},
	{"a table that runs into the next", "*nat\n:POSTROUTING ACCEPT [0:0]\n" FILTER, true},
};

static void test_unreadable_tables_are_told_from_missing_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(ruleset_is_unreadable(rows[i].saved, "nat"),
				 rows[i].is_unreadable);
	}
}

static void test_what_is_unreadable_is_not_written(void **state)
{
	const struct ruleset_options options = {.family = AF_INET, .masquerade_mark = 0x4000};
	auto_free(ruleset) struct ruleset *ruleset = ruleset_new(&options);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *restore = NULL, *what = NULL;

		print_message("%s\n", rows[i].what);
		assert_true(ruleset_difference(ruleset, rows[i].saved, &restore, &what));
		assert_int_equal(strstr(restore, "*nat\n") == NULL, rows[i].is_unreadable);
		free(restore);
		free(what);
	}
	assert_null(ruleset_removal("*nat\n:KUBE-SERVICES - [0:0]\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable_tables_are_told_from_missing_ones),
		cmocka_unit_test(test_what_is_unreadable_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
