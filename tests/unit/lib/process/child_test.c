/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/process/child.h"

#include "lib/base/descriptor_limit.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SOFT_LIMIT   200
#define AT_ONCE	     10
#define OUTPUT_LIMIT ((size_t)1 << 20)
#define ROUNDS	     10
#define DESCRIPTORS  9 /* that a start takes */

static void on_end(void *owner, const struct child_outcome *outcome)
{
	assert_int_equal(outcome->code, 0);
	assert_int_equal(outcome->status, 0);
	*(char **)owner = string_dup(outcome->output);
}

/* Return: what "ulimit -n" says in a child, to be freed */
static char *limit_of_child(void)
{
	static const char *const arguments[] = {"sh", "-c", "ulimit -n", NULL};
	const struct child_request request = {.arguments = arguments, .output_limit = OUTPUT_LIMIT};
	struct ev_loop *loop = ev_default_loop(0);
	struct child *child = NULL;
	struct error err = {0};
	char *output = NULL;

	if (child_start(loop, &request, on_end, &output, &child, &err) < 0)
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

/* The limit as the kernel has it, which a program that we start begins with; to be freed. valgrind
 * does not let the kernel know what we do to ours, and shows us what we want to see. */
static char *inherited_limit(void)
{
	FILE *stream = fopen("/proc/self/limits", "r");
	char line[200], soft[20] = "";

	assert_non_null(stream);
	while (!*soft && fgets(line, sizeof(line), stream))
		sscanf(line, "Max open files %19s", soft);
	fclose(stream);
	assert_string_not_equal(soft, "");
	return string_printf("%s\n", soft);
}

static void test_limit_of_descriptors(void **state)
{
	struct rlimit limit = descriptor_limit();
	auto_memory char *found = NULL, *before = NULL, *after = NULL;

	(void)state;
	assert_true(limit.rlim_max > SOFT_LIMIT);
	limit.rlim_cur = SOFT_LIMIT;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	found = inherited_limit();
	before = limit_of_child();
	assert_string_equal(before, found);
	assert_int_equal(descriptor_limit().rlim_cur, SOFT_LIMIT);

	assert_int_equal(descriptor_limit_raise(), limit.rlim_max);
	assert_int_equal(descriptor_limit().rlim_cur, limit.rlim_max);
	after = limit_of_child();
	assert_string_equal(after, found);
	assert_int_equal(descriptor_limit().rlim_cur, limit.rlim_max);
}

struct end {
	int count;
	bool has_started;
	int code;
	int status;
	int signal;
	char *output;
	char *errors;
};

static void on_any_end(void *owner, const struct child_outcome *outcome)
{
	struct end *end = owner;

	end->count++;
	end->has_started = outcome->has_started;
	end->code = outcome->code;
	end->status = outcome->status;
	end->signal = outcome->signal;
	end->output = string_dup(outcome->output);
	end->errors = string_dup(outcome->errors);
}

static struct child *start(const char *const *arguments, const char *input, struct end *end)
{
	const struct child_request request = {
		.arguments = arguments, .input = input, .output_limit = OUTPUT_LIMIT};
	struct child *child = NULL;
	struct error err = {0};

	*end = (struct end){0};
	if (child_start(ev_default_loop(0), &request, on_any_end, end, &child, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(end->count, 0);
	return child;
}

static void finish(struct child *child, struct end *end)
{
	while (!end->count)
		ev_run(EV_DEFAULT, EVRUN_ONCE);
	child_free(child);
	assert_int_equal(end->count, 1);
}

static void clear(struct end *end)
{
	free(end->output);
	free(end->errors);
}

/* They end before the loop can know of them. */
static void test_many_at_once(void **state)
{
	static const char *const arguments[] = {"sh", "-c", "cat; echo wrong >&2; exit 5", NULL};
	struct child *children[AT_ONCE];
	struct end ends[AT_ONCE];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t j = 0; j < AT_ONCE; j++)
			children[j] = start(arguments, "input", &ends[j]);
		for (size_t j = 0; j < AT_ONCE; j++) {
			finish(children[j], &ends[j]);
			assert_true(ends[j].has_started);
			assert_int_equal(ends[j].code, 0);
			assert_int_equal(ends[j].status, 5);
			assert_string_equal(ends[j].output, "input");
			assert_string_equal(ends[j].errors, "wrong\n");
			clear(&ends[j]);
		}
	}
}

/* All have ended when the loop turns for the first time: it hears of all of it at once. */
static void test_ended_long_ago(void **state)
{
	static const char *const statuses[AT_ONCE] = {"0", "1", "2", "3", "4",
						      "5", "6", "7", "8", "9"};
	const struct timespec pause = {.tv_nsec = 200000000};
	struct child *children[AT_ONCE];
	struct end ends[AT_ONCE];

	(void)state;
	for (size_t j = 0; j < AT_ONCE; j++) {
		const char *const arguments[] = {"sh", "-c", "exit $0", statuses[j], NULL};

		children[j] = start(arguments, NULL, &ends[j]);
	}
	nanosleep(&pause, NULL);
	for (size_t j = 0; j < AT_ONCE; j++) {
		finish(children[j], &ends[j]);
		assert_int_equal(ends[j].code, 0);
		assert_int_equal(ends[j].status, j);
		clear(&ends[j]);
	}
}

static void test_cannot_be_started(void **state)
{
	static const char *const arguments[] = {"no-such-program", NULL};
	const struct child_request request = {.arguments = arguments, .input = ""};
	struct error err = {0};
	struct end end;
	int status = 0;

	(void)state;
	finish(start(arguments, NULL, &end), &end);
	assert_false(end.has_started);
	assert_int_equal(end.code, -ENOENT);
	assert_string_equal(end.output, "");
	clear(&end);

	assert_int_equal(child_wait(&request, &status, &err), -ENOENT);
	assert_string_equal(err.text, "starting no-such-program: No such file or directory");
}

static void test_without_input(void **state)
{
	static const char *const arguments[] = {"sh", "-c", "readlink /proc/$$/fd/0; cat", NULL};
	struct end end;

	(void)state;
	finish(start(arguments, NULL, &end), &end);
	assert_int_equal(end.code, 0);
	assert_string_equal(end.output, "/dev/null\n");
	clear(&end);
}

static void test_ended_by_a_signal(void **state)
{
	static const char *const arguments[] = {"sh", "-c", "kill -TERM $$", NULL};
	struct end end;

	(void)state;
	finish(start(arguments, NULL, &end), &end);
	assert_int_equal(end.code, 0);
	assert_int_equal(end.signal, SIGTERM);
	assert_int_equal(end.status, 128 + SIGTERM);
	clear(&end);
}

static void test_too_much_output(void **state)
{
	static const char *const arguments[] = {"yes", NULL};
	struct end end;

	(void)state;
	finish(start(arguments, NULL, &end), &end);
	assert_true(end.has_started);
	assert_int_equal(end.code, -E2BIG);
	assert_int_equal(strlen(end.output), OUTPUT_LIMIT);
	assert_int_equal(strspn(end.output, "y\n"), OUTPUT_LIMIT);
	clear(&end);
}

static void test_shared_errors(void **state)
{
	static const char *const arguments[] = {"sh", "-c", "echo result; echo complaint >&2",
						NULL};
	const struct child_request request = {
		.arguments = arguments, .output_limit = OUTPUT_LIMIT, .shares_errors = true};
	int ours = dup(STDERR_FILENO), errors[2];
	struct child *child = NULL;
	struct error err = {0};
	struct end end = {0};
	char said[100] = "";

	(void)state;
	assert_return_code(pipe(errors), errno);
	assert_return_code(dup2(errors[1], STDERR_FILENO), errno);
	close(errors[1]);
	if (child_start(ev_default_loop(0), &request, on_any_end, &end, &child, &err) >= 0)
		finish(child, &end);
	dup2(ours, STDERR_FILENO);
	close(ours);
	assert_string_equal(err.text, "");
	assert_string_equal(end.output, "result\n");
	assert_string_equal(end.errors, "");
	assert_return_code(read(errors[0], said, sizeof(said) - 1), errno);
	assert_string_equal(said, "complaint\n");
	close(errors[0]);
	clear(&end);
}

static void test_too_few_descriptors(void **state)
{
	static const char *const arguments[] = {"true", NULL};
	const struct child_request request = {
		.arguments = arguments, .input = "x", .output_limit = OUTPUT_LIMIT};
	struct rlimit limit = descriptor_limit(), low = limit;
	struct child *child = NULL;
	struct error err = {0};
	struct end end = {0};
	int next = dup(0);

	(void)state;
	ev_default_loop(0);
	close(next);
	for (rlim_t i = 0; i < DESCRIPTORS; i++) {
		low.rlim_cur = (rlim_t)next + i;
		assert_return_code(setrlimit(RLIMIT_NOFILE, &low), errno);
		assert_int_equal(child_start(EV_DEFAULT, &request, on_any_end, &end, &child, &err),
				 -EMFILE);
		assert_string_equal(err.text, "starting true: Too many open files");
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(dup(0), next);
		close(next);
	}
	assert_int_equal(end.count, 0);
}

static void test_freed_while_running(void **state)
{
	static const char *const arguments[] = {"sleep", "1000", NULL};
	struct end end;
	int next = dup(0);

	(void)state;
	close(next);
	for (int i = 0; i < ROUNDS; i++) {
		struct child *child = start(arguments, NULL, &end);

		for (int j = 0; j < i % 3; j++)
			ev_run(EV_DEFAULT, EVRUN_NOWAIT);
		child_free(child);
		assert_int_equal(end.count, 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
		assert_int_equal(dup(0), next);
		close(next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_ended_long_ago),
		cmocka_unit_test(test_cannot_be_started),
		cmocka_unit_test(test_without_input),
		cmocka_unit_test(test_ended_by_a_signal),
		cmocka_unit_test(test_too_much_output),
		cmocka_unit_test(test_shared_errors),
		cmocka_unit_test(test_too_few_descriptors),
		cmocka_unit_test(test_freed_while_running),
		cmocka_unit_test(test_limit_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
