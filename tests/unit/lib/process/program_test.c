/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/process/program.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_SIZE 4096

static char directory[] = "/tmp/program_test.XXXXXX";

/* What is below the directory. */
static const struct {
	const char *path, *content;
	mode_t mode;
} files[] = {
	{"a/denied", "#!/bin/sh\necho a/denied\n", 0600},
	{"a/second", "#!/bin/sh\necho a/second\n", 0600},
	{"a/garbage", "echo run by a shell\n", 0700},
	{"b/second", "#!/bin/sh\necho b/second\n", 0700},
	{"b/garbage", "#!/bin/sh\necho b/garbage\n", 0700},
};

/* Return: 0 and in @output what the program prints, or a negative errno */
static int run(const char *const *arguments, const char *const *environment,
	       char output[OUTPUT_SIZE])
{
	struct program_request request = {
		.arguments = arguments,
		.environment = environment,
		.descriptors = {-1, -1, -1},
	};
	struct program *program = NULL;
	size_t length = 0;
	ssize_t r = 0;
	int out[2], status = -1;
	pid_t process = 0;

	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	request.descriptors[1] = out[1];
	assert_int_equal(program_new(&request, &program), 0);
	r = program_start(program, &process);
	program_free(program);
	close(out[1]);
	if (r == 0) {
		while ((r = read(out[0], output + length, OUTPUT_SIZE - length - 1)) > 0)
			length += (size_t)r;
		assert_int_equal(waitpid(process, &status, 0), process);
		assert_int_equal(status, 0);
	}
	output[length] = '\0';
	close(out[0]);
	/* Of one that could not be started there is no process. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return (int)r;
}

static void test_looked_up(void **state)
{
	static const struct {
		const char *what, *path, *program;
		int code;
		const char *output;
	} cases[] = {
		{"the first that can be run", "no:a:b", "second", 0, "b/second\n"},
		{"none that can", "a:no", "denied", -EACCES, ""},
		{"none at all", "a:b", "third", -ENOENT, ""},
		{"a file where a directory should be", "a/second:b", "second", 0, "b/second\n"},
		{"no script of the shell", "a:b", "garbage", -ENOEXEC, ""},
		{"an empty path is here", "a:", "second", -EACCES, ""},
		{"with a slash", "a", "b/second", 0, "b/second\n"},
		{"no name", "a:b", "", -ENOENT, ""},
	};
	auto_memory char *before = string_dup(getenv("PATH"));
	char output[OUTPUT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const arguments[] = {cases[i].program, NULL};

		print_message("%s\n", cases[i].what);
		setenv("PATH", cases[i].path, 1);
		assert_int_equal(run(arguments, NULL, output), cases[i].code);
		assert_string_equal(output, cases[i].output);
	}
	setenv("PATH", before, 1);
}

static void test_without_a_path(void **state)
{
	static const char *const arguments[] = {"sh", "-c", "echo found", NULL};
	auto_memory char *before = string_dup(getenv("PATH"));
	char output[OUTPUT_SIZE];

	(void)state;
	unsetenv("PATH");
	assert_int_equal(run(arguments, NULL, output), 0);
	assert_string_equal(output, "found\n");
	setenv("PATH", before, 1);
}

static void test_environment(void **state)
{
	static const char *const arguments[] = {"env", NULL};
	static const char *const environment[] = {"COLOR=blue", "SHAPE=", NULL};
	char output[OUTPUT_SIZE];

	(void)state;
	assert_int_equal(run(arguments, environment, output), 0);
	assert_string_equal(output, "COLOR=blue\nSHAPE=\n");
	setenv("PROGRAM_TEST", "green", 1);
	assert_int_equal(run(arguments, NULL, output), 0);
	assert_non_null(strstr(output, "PROGRAM_TEST=green\n"));
}

/* What the program prints of itself, and what this process has afterwards. */
static void test_signals(void **state)
{
	static const char *const arguments[] = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
						NULL};
	sigset_t blocked, before = {0}, after = {0};
	char output[OUTPUT_SIZE];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(run(arguments, NULL, output), 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_string_equal(output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	assert_memory_equal(&before, &after, sizeof(before));
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static int set_up_group(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("a", 0700) < 0 ||
	    mkdir("b", 0700) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++) {
		FILE *stream = fopen(files[i].path, "w");

		if (!stream || fputs(files[i].content, stream) < 0 || fclose(stream) != 0 ||
		    chmod(files[i].path, files[i].mode) < 0)
			return -1;
	}
	return 0;
}

static int clean_up_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i].path);
	rmdir("a");
	rmdir("b");
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looked_up),
		cmocka_unit_test(test_without_a_path),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, set_up_group, clean_up_group);
}
