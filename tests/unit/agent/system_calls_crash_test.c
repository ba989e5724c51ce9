/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said if libseccomp crashes: here its last function is one that does. */
#include "agent/system_calls.h"

#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NO_SIGNAL 0

static int crash_signal;

/* Takes the place of the library's. */
int seccomp_load(const scmp_filter_ctx filter)
{
	(void)filter;
	if (crash_signal != NO_SIGNAL)
		raise(crash_signal);
	return 0;
}

/* restrict_and_raise() - the filter is made, and another fault comes afterwards */
static void restrict_and_raise(int later)
{
	const struct rlimit no_core = {0};
	struct error err = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	/* Without the handlers of a sanitizer. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	if (system_calls_restrict(&err) == 0)
		raise(later);
	_exit(1);
}

/**
 * words_of() - what a process says on standard error that gets @crash in libseccomp, or @later behind it
 *
 * @ended_by: the signal that ended it
 */
static void words_of(int crash, int later, char *words, size_t size, int *ended_by)
{
	int out[2], status;
	ssize_t length;
	pid_t child;

	assert_int_equal(pipe(out), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(out[1], STDERR_FILENO);
		crash_signal = crash;
		restrict_and_raise(later);
	}
	close(out[1]);
	length = read(out[0], words, size - 1);
	assert_true(length >= 0);
	words[length] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	*ended_by = WTERMSIG(status);
}

static void test_a_crash_of_the_library_is_told(void **state)
{
	static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS};
	char words[512];
	int ended_by;

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		words_of(signals[i], SIGTERM, words, sizeof(words), &ended_by);
		assert_int_equal(ended_by, signals[i]);
		assert_non_null(strstr(words, "ipvsagent: error: libseccomp failed"));
		assert_ptr_equal(strchr(words, '\n'), words + strlen(words) - 1);
	}
}

static void test_a_later_crash_is_nothing_of_the_library(void **state)
{
	char words[512];
	int ended_by;

	(void)state;
	words_of(NO_SIGNAL, SIGSEGV, words, sizeof(words), &ended_by);
	assert_int_equal(ended_by, SIGSEGV);
	assert_string_equal(words, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_crash_of_the_library_is_told),
		cmocka_unit_test(test_a_later_crash_is_nothing_of_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
