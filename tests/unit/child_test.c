/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/child.h"

#include "base/descriptor_limit.h"
#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define SOFT_LIMIT 200

static void on_end(void *user, const struct child_outcome *outcome)
{
	assert_int_equal(outcome->code, 0);
	assert_int_equal(outcome->status, 0);
	*(char **)user = memory_text(outcome->output);
}

/* Return: what "ulimit -n" says in a child, to be freed */
static char *limit_of_child(void)
{
	static const char *const arguments[] = {"sh", "-c", "ulimit -n", NULL};
	struct ev_loop *loop = ev_default_loop(0);
	struct child *child = NULL;
	struct error err = {0};
	char *output = NULL;

	if (child_start(loop, arguments, NULL, on_end, &output, &child, &err) < 0)
		fail_msg("%s", err.text);
	while (!output)
		ev_run(loop, EVRUN_ONCE);
	child_free(child);
	return output;
}

static struct rlimit descriptor_limit(void)
{
	struct rlimit limit;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	return limit;
}

static void test_limit_of_descriptors(void **state)
{
	struct rlimit limit = descriptor_limit();
	auto_memory char *before = NULL, *after = NULL;

	(void)state;
	assert_true(limit.rlim_max > SOFT_LIMIT);
	limit.rlim_cur = SOFT_LIMIT;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	before = limit_of_child();
	assert_string_equal(before, "200\n");
	assert_int_equal(descriptor_limit().rlim_cur, SOFT_LIMIT);

	assert_int_equal(descriptor_limit_raise(), limit.rlim_max);
	assert_int_equal(descriptor_limit().rlim_cur, limit.rlim_max);
	after = limit_of_child();
	assert_string_equal(after, "200\n");
	assert_int_equal(descriptor_limit().rlim_cur, limit.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
