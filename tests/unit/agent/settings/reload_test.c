/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/command_line.h"
#include "agent/settings/reload.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"

#define LIMIT_SECONDS 60.0
#define SLICE_SECONDS 0.05

/* A directory with both files of settings, and what was heard. */
struct fixture {
	struct ev_loop *loop;
	struct options *options;
	struct reload *reload;
	char directory[64];
	char before[SCHEDULER_NAME_SIZE];
	unsigned int changed_count;
	char *complaint; /* with the directory cut out */
};

static char *path_of(const struct fixture *fixture, const char *name)
{
	return string_printf("%s/%s", fixture->directory, name);
}

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	auto_memory char *path = path_of(fixture, name);
	auto_memory char *new_path = path_of(fixture, "new");
	FILE *stream = fopen(new_path, "we");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(rename(new_path, path), 0);
}

/* This kernel has every scheduler but one. */
static int check(void *owner, const struct options *next, struct error *err)
{
	(void)owner;
	if (strcmp(next->desired.scheduler, "exotic") == 0)
		return error_set(err, -ENOENT, "no such scheduler");
	return 0;
}

static void on_changed(void *owner, const struct options *before)
{
	struct fixture *fixture = owner;

	strcpy(fixture->before, before->desired.scheduler);
	fixture->changed_count++;
}

static void on_complaint(void *owner, const char *reason)
{
	struct fixture *fixture = owner;
	size_t length = strlen(fixture->directory) + 1;

	free(fixture->complaint);
	if (reason && strncmp(reason, fixture->directory, length - 1) == 0)
		reason += length;
	fixture->complaint = string_dup(reason);
}

static void start(struct fixture *fixture)
{
	const struct reload_observer observer = {.owner = fixture,
						 .check = check,
						 .changed = on_changed,
						 .complained = on_complaint};
	auto_memory char *config = path_of(fixture, "config"), *own = path_of(fixture, "own");
	char *argv[] = {(char[]){"run"},
			(char[]){"--config"},
			config,
			(char[]){"-v=0"},
			(char[]){"--ipvsagent-config"},
			own,
			NULL};
	struct error err = {0};

	if (command_line_parse(fixture->options, OPTION_SCOPE_RUN, 6, argv, &err) < 0)
		fail_msg("%s", err.text);
	fixture->reload = reload_new(fixture->loop, fixture->options, &observer);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/reload-test.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->loop = ev_loop_new(0);
	fixture->options = options_new();
	write_file(fixture, "config", HEAD "ipvs: {scheduler: lc}\n");
	write_file(fixture, "own", "drainTimeout: 1m\n");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *command = string_printf("rm -r %s", fixture->directory);

	reload_free(fixture->reload);
	options_free(fixture->options);
	ev_loop_destroy(fixture->loop);
	assert_int_equal(system(command), 0);
	free(fixture->complaint);
	free(fixture);
	return 0;
}

static void on_slice_end(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

static void run_slice(struct fixture *fixture)
{
	ev_timer timer;

	ev_timer_init(&timer, on_slice_end, SLICE_SECONDS, 0.);
	ev_timer_start(fixture->loop, &timer);
	ev_run(fixture->loop, 0);
	ev_timer_stop(fixture->loop, &timer);
}

static void wait_for_scheduler(struct fixture *fixture, const char *scheduler)
{
	for (double waited = 0; strcmp(fixture->options->desired.scheduler, scheduler) != 0;
	     waited += SLICE_SECONDS) {
		if (waited > LIMIT_SECONDS)
			fail_msg("the scheduler is %s, not %s", fixture->options->desired.scheduler,
				 scheduler);
		run_slice(fixture);
	}
}

/* NULL: none */
static void wait_for_complaint(struct fixture *fixture, const char *complaint)
{
	for (double waited = 0; !string_equal(fixture->complaint, complaint);
	     waited += SLICE_SECONDS) {
		if (waited > LIMIT_SECONDS)
			fail_msg("the complaint is \"%s\", not \"%s\"",
				 fixture->complaint ? fixture->complaint : "",
				 complaint ? complaint : "");
		run_slice(fixture);
	}
}

static void both_files_are_followed(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	assert_int_equal(reload_state(fixture->reload)->paths.count, 2);
	write_file(fixture, "config", HEAD "ipvs: {scheduler: wrr}\n");
	wait_for_scheduler(fixture, "wrr");
	assert_string_equal(fixture->before, "lc");
	assert_int_equal(reload_state(fixture->reload)->applied, 1);

	write_file(fixture, "own", "drainTimeout: 2m\n");
	for (double waited = 0; fixture->options->drain_timeout < 120; waited += SLICE_SECONDS) {
		assert_true(waited < LIMIT_SECONDS);
		run_slice(fixture);
	}
	assert_int_equal(reload_state(fixture->reload)->applied, 2);
	assert_int_equal(reload_state(fixture->reload)->rejected, 0);
}

static void a_bad_file_keeps_everything(void **state)
{
	static const struct {
		const char *file, *text, *complaint;
	} rows[] = {
		{"config", HEAD "ipvs: {scheduler: [\n",
		 "config: line 4, column 1: did not find expected node content, while parsing a "
		 "flow node"},
		{"config", HEAD "ipvs: {scheduler: rr, syncPeriod: soon}\n",
		 "config: ipvs.syncPeriod: \"soon\" is not a duration such as 30s or 1m10s"},
		{"config", HEAD "mode: nftables\n",
		 "config: mode: \"nftables\" is not supported; the only mode is ipvs"},
		{"config", HEAD "detectLocalMode: BridgeInterface\n",
		 "--detect-local-mode BridgeInterface requires --pod-bridge-interface"},
		{"config", HEAD "ipvs: {scheduler: exotic}\n", "no such scheduler"},
		{"config", "", "config: empty; a KubeProxyConfiguration is required"},
		{"own", "drainTimeout: 2m\nnonsense: 1\n", "own: nonsense: unknown field"},
	};
	struct fixture *fixture = *state;

	start(fixture);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].complaint);
		write_file(fixture, rows[i].file, rows[i].text);
		wait_for_complaint(fixture, rows[i].complaint);
		assert_string_equal(fixture->options->desired.scheduler, "lc");
		assert_true(fixture->options->drain_timeout == 60);
		assert_non_null(strstr(reload_state(fixture->reload)->error, rows[i].complaint));
		assert_int_equal(reload_state(fixture->reload)->rejected, i + 1);

		write_file(fixture, "config", HEAD "ipvs: {scheduler: lc}\n");
		write_file(fixture, "own", "drainTimeout: 1m\n");
		wait_for_complaint(fixture, NULL);
		assert_string_equal(reload_state(fixture->reload)->error, "");
	}
	assert_int_equal(reload_state(fixture->reload)->applied, 0);
}

static void a_file_that_vanishes_is_waited_for(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "config");

	start(fixture);
	assert_int_equal(unlink(path), 0);
	wait_for_complaint(fixture, "config: No such file or directory");
	assert_string_equal(fixture->options->desired.scheduler, "lc");
	write_file(fixture, "config", HEAD "ipvs: {scheduler: sed}\n");
	wait_for_scheduler(fixture, "sed");
	assert_null(fixture->complaint);
}

static void what_takes_a_restart_is_named(void **state)
{
	struct fixture *fixture = *state;
	const struct reload_state *now;

	start(fixture);
	now = reload_state(fixture->reload);
	write_file(fixture, "config",
		   HEAD "hostnameOverride: other\nclientConnection: {kubeconfig: /k}\n"
			"ipvs: {scheduler: wlc}\n");
	wait_for_scheduler(fixture, "wlc");
	assert_null(fixture->options->node_name);
	assert_int_equal(now->waiting.count, 2);
	assert_string_equal(now->waiting.items[0], "hostnameOverride");
	assert_string_equal(now->waiting.items[1], "clientConnection.kubeconfig");

	/* The file says again what is in force. */
	write_file(fixture, "config", HEAD "ipvs: {scheduler: sed}\n");
	wait_for_scheduler(fixture, "sed");
	assert_int_equal(now->waiting.count, 0);
}

static void it_is_read_when_asked(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	write_file(fixture, "config", HEAD "ipvs: {scheduler: nq}\n");
	reload_now(fixture->reload);
	assert_string_equal(fixture->options->desired.scheduler, "nq");
	assert_int_equal(fixture->changed_count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(both_files_are_followed),
		TEST(a_bad_file_keeps_everything),
		TEST(a_file_that_vanishes_is_waited_for),
		TEST(what_takes_a_restart_is_named),
		TEST(it_is_read_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
