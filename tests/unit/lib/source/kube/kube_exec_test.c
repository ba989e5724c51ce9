/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/kube/kube_exec.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define VERSION "client.authentication.k8s.io/v1"
#define ROUNDS	20

/* A script that prints a credential, of which @status is a part. */
#define GIVES(status)                                                                        \
	"echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"" VERSION "\", \"status\": " \
	"{" status "}}'\n"

/* How a run ended; @text: the token or the error. */
struct end {
	int count;
	int code;
	char *text;
};

static void on_end(void *owner, struct kube_exec_credential *credential, const struct error *err)
{
	struct end *end = owner;

	end->count++;
	end->code = err ? err->code : 0;
	end->text = string_dup(err ? err->text : credential->token);
}

static int start(char **arguments, char **environment, struct end *end, struct kube_exec **ret,
		 struct error *err)
{
	struct kube_config_exec plugin = {.api_version = (char[]){VERSION},
					  .arguments = arguments,
					  .environment = environment,
					  .install_hint = (char[]){"get it"}};
	struct kube_config config = {.server = (char[]){"https://h"}, .exec = &plugin};

	while (environment && environment[plugin.environment_count])
		plugin.environment_count++;
	*end = (struct end){0};
	return kube_exec_start(ev_default_loop(0), &config, on_end, end, ret, err);
}

/* @arguments, @environment: may be changed as soon as this returns. */
static struct kube_exec *begin(char **arguments, char **environment, struct end *end)
{
	struct kube_exec *exec = NULL;
	struct error err = {0};

	if (start(arguments, environment, end, &exec, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(end->count, 0);
	return exec;
}

static void finish(struct kube_exec *exec, struct end *end)
{
	while (!end->count)
		ev_run(EV_DEFAULT, EVRUN_ONCE);
	kube_exec_free(exec);
	assert_int_equal(end->count, 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_ends(void **state)
{
	static const struct {
		const char *what, *script;
		int code;
		const char *text;
	} cases[] = {
		{"a token", GIVES("\"token\": \"t\""), 0, "t"},
		{"our standard error",
		 "[ /proc/$$/fd/2 -ef /proc/$PPID/fd/2 ] && " GIVES("\"token\": \"t\""), 0, "t"},
		{"nothing to read", "[ -z \"$(cat)\" ] && " GIVES("\"token\": \"t\""), 0, "t"},
		{"no credential", GIVES(""), -EINVAL,
		 "credential plugin sh: status: neither a token nor a certificate"},
		{"no output", ":", -EINVAL,
		 "credential plugin sh: the output is not an ExecCredential"},
		{"too much output", "yes secret", -E2BIG,
		 "credential plugin sh: printed too much output"},
		{"a failure", GIVES("\"token\": \"t\"") "exit 7", -EIO,
		 "credential plugin sh: exit status 7"},
		{"a signal", GIVES("\"token\": \"t\"") "kill -TERM $$", -EIO,
		 "credential plugin sh: ended by signal 15"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *script = string_dup(cases[i].script);
		char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
		struct end end;

		print_message("%s\n", cases[i].what);
		finish(begin(arguments, NULL, &end), &end);
		assert_string_equal(end.text, cases[i].text);
		assert_int_equal(end.code, cases[i].code);
		free(end.text);
	}
}

/* The agent's environment, but for what the kubeconfig and we say. */
static void test_environment(void **state)
{
	char script[] = "echo '{\"apiVersion\": \"" VERSION "\", \"status\": {\"token\": \"'"
			"$SHAPE,$COLOR,$(echo $KUBERNETES_EXEC_INFO | grep -c ExecCredential)"
			"'\"}}'";
	char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
	char color[] = "COLOR=blue", *environment[] = {color, NULL};
	struct kube_exec *exec;
	struct end end;

	(void)state;
	setenv("SHAPE", "round", 1);
	setenv("COLOR", "red", 1);
	setenv("KUBERNETES_EXEC_INFO", "that of another", 1);
	exec = begin(arguments, environment, &end);
	/* It is copied: the program may not have been loaded yet. */
	memset(script, ' ', sizeof(script) - 1);
	memset(color, ' ', sizeof(color) - 1);
	unsetenv("KUBERNETES_EXEC_INFO");
	setenv("SHAPE", "square", 1);
	finish(exec, &end);
	assert_string_equal(end.text, "round,blue,1");
	free(end.text);
}

/* That is known when a thread has tried, so it is no failure of the start. */
static void test_cannot_be_started(void **state)
{
	char *arguments[] = {(char[]){"no-such-plugin"}, NULL};
	struct end end;

	(void)state;
	finish(begin(arguments, NULL, &end), &end);
	assert_int_equal(end.code, -ENOENT);
	assert_string_equal(end.text,
			    "credential plugin no-such-plugin: No such file or directory; get it");
	free(end.text);
}

static void test_too_few_descriptors(void **state)
{
	char *arguments[] = {(char[]){"true"}, NULL};
	struct rlimit limit, low;
	struct kube_exec *exec = NULL;
	struct error err = {0};
	struct end end;
	int next;

	(void)state;
	ev_default_loop(0);
	next = dup(0);
	close(next);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	low = limit;
	low.rlim_cur = (rlim_t)next;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &low), errno);
	assert_int_equal(start(arguments, NULL, &end, &exec, &err), -EMFILE);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	assert_string_equal(err.text, "credential plugin: starting true: Too many open files");
	assert_int_equal(end.count, 0);
}

/* While it is being started, and while it runs: no process and no descriptor is left. */
static void test_freed_meanwhile(void **state)
{
	char *arguments[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
	struct end end;
	int next = dup(0);

	(void)state;
	close(next);
	for (int i = 0; i < ROUNDS; i++) {
		struct kube_exec *exec = begin(arguments, NULL, &end);

		for (int j = 0; j < i % 3; j++)
			ev_run(EV_DEFAULT, EVRUN_NOWAIT);
		if (i % 6 == 3)
			ev_run(EV_DEFAULT, EVRUN_ONCE);
		kube_exec_free(exec);
		assert_int_equal(end.count, 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
		assert_int_equal(dup(0), next);
		close(next);
	}
	kube_exec_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_cannot_be_started),
		cmocka_unit_test(test_too_few_descriptors),
		cmocka_unit_test(test_freed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
