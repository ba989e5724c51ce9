/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/system_calls.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* How a filtered process ends; it cannot take the filter off again. */
enum { FINE, NO_FILTER, NOT_REFUSED, NO_PROGRAM };

static int fails_with_enosys(long result)
{
	return result < 0 && errno == ENOSYS;
}

static int be_filtered(void)
{
	struct error err = {0};
	int status;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || system_calls_restrict(&err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return NO_FILTER;
	}
	if (!fails_with_enosys(mount("none", "/nowhere", "tmpfs", 0, NULL)) ||
	    !fails_with_enosys(unshare(CLONE_NEWNS)) ||
	    !fails_with_enosys(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) ||
	    !fails_with_enosys(syscall(SYS_finit_module, -1, "", 0)) ||
	    !fails_with_enosys(syscall(SYS_bpf, 0, NULL, 0)))
		return NOT_REFUSED;
	/* A shell with a pipe in it stands for what programs do. */
	status = system("echo x | grep -q x"); /* NOLINT(cert-env33-c): no input */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? FINE : NO_PROGRAM;
}

static void test_the_filter_refuses_what_is_not_listed(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(be_filtered());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_filter_refuses_what_is_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
