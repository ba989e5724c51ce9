/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/path_watch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Single files; what a directory holds is manifests_test's. */

#define LIMIT_SECONDS 60.0
#define CALM_SECONDS  0.15

struct fixture {
	struct ev_loop *loop;
	struct path_watch *watch;
	char directory[64];
	unsigned int complete_count;
};

/* Of the next calls so many succeed, and then one fails for want of memory. */
static int failing_after = -1;

/* Instead of libc's. */
int inotify_add_watch(int descriptor, const char *path, uint32_t mask)
{
	if (failing_after >= 0 && failing_after-- == 0) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_inotify_add_watch, descriptor, path, mask);
}

static char *path_of(const struct fixture *fixture, const char *name)
{
	return string_printf("%s/%s", fixture->directory, name);
}

static void on_file(void *owner, const char *path, bool is_complete)
{
	struct fixture *fixture = owner;
	auto_memory char *watched = path_of(fixture, "watched");

	assert_string_equal(path, watched);
	fixture->complete_count += is_complete;
}

static void on_directory(void *owner, size_t place)
{
	(void)owner;
	(void)place;
	fail();
}

static void on_lost(void *owner, size_t place, const struct error *err)
{
	(void)owner;
	(void)place;
	(void)err;
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/path-watch-test.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->loop = ev_loop_new(0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *command = string_printf("rm -r %s", fixture->directory);

	path_watch_close(fixture->watch);
	ev_loop_destroy(fixture->loop);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

static void make_directory(const struct fixture *fixture, const char *name)
{
	auto_memory char *path = path_of(fixture, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void write_file(const struct fixture *fixture, const char *name)
{
	auto_memory char *path = path_of(fixture, name);
	FILE *stream = fopen(path, "we");

	assert_non_null(stream);
	assert_true(fputs("x", stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void rename_file(const struct fixture *fixture, const char *from, const char *to)
{
	auto_memory char *old_path = path_of(fixture, from);
	auto_memory char *new_path = path_of(fixture, to);

	assert_int_equal(rename(old_path, new_path), 0);
}

static void make_link(const struct fixture *fixture, const char *target, const char *name)
{
	auto_memory char *path = path_of(fixture, name);

	assert_int_equal(symlink(target, path), 0);
}

static void watch(struct fixture *fixture)
{
	const struct path_watch_handlers handlers = {.owner = fixture,
						     .on_file = on_file,
						     .on_directory = on_directory,
						     .on_lost = on_lost};
	auto_memory char *path = path_of(fixture, "watched");
	struct error err = {0};

	if (path_watch_open(fixture->loop, (const char *const[]){path}, 1, &handlers,
			    &fixture->watch, &err) < 0)
		fail_msg("%s", err.text);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

static void run_for(struct fixture *fixture, double seconds)
{
	ev_timer limit;

	ev_timer_init(&limit, on_limit, seconds, 0.);
	ev_timer_start(fixture->loop, &limit);
	ev_run(fixture->loop, 0);
	ev_timer_stop(fixture->loop, &limit);
}

/* What was done is heard of, and then it is calm. */
static void expect(struct fixture *fixture, const char *what)
{
	print_message("%s\n", what);
	for (double waited = 0; !fixture->complete_count; waited += CALM_SECONDS) {
		if (waited > LIMIT_SECONDS)
			fail_msg("nothing was heard");
		run_for(fixture, CALM_SECONDS);
	}
	run_for(fixture, CALM_SECONDS);
	fixture->complete_count = 0;
}

static void expect_calm(struct fixture *fixture, const char *what)
{
	print_message("%s\n", what);
	run_for(fixture, CALM_SECONDS);
	assert_int_equal(fixture->complete_count, 0);
}

static void a_plain_file(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "watched");
	write_file(fixture, "neighbour");
	watch(fixture);
	write_file(fixture, "neighbour");
	expect_calm(fixture, "a neighbour is written");
	write_file(fixture, "watched");
	expect(fixture, "it is written");
	rename_file(fixture, "neighbour", "watched");
	expect(fixture, "another one takes its name");
	write_file(fixture, "watched");
	expect(fixture, "that one is written");
	rename_file(fixture, "watched", "gone");
	expect(fixture, "it goes");
	write_file(fixture, "watched");
	expect(fixture, "it comes back");
}

static void a_link_to_elsewhere(void **state)
{
	struct fixture *fixture = *state;

	make_directory(fixture, "else");
	write_file(fixture, "else/a");
	write_file(fixture, "else/b");
	make_link(fixture, "else/a", "watched");
	watch(fixture);
	write_file(fixture, "else/b");
	expect_calm(fixture, "a neighbour of its target is written");
	write_file(fixture, "else/a");
	expect(fixture, "its target is written");
	write_file(fixture, "else/new");
	rename_file(fixture, "else/new", "else/a");
	expect(fixture, "its target is replaced");
	write_file(fixture, "else/a");
	expect(fixture, "the new target is written");
	make_link(fixture, "else/b", "new");
	rename_file(fixture, "new", "watched");
	expect(fixture, "it leads elsewhere");
	write_file(fixture, "else/b");
	expect(fixture, "the other target is written");
	write_file(fixture, "else/a");
	expect_calm(fixture, "the former target is written");
}

static void a_file_of_a_volume(void **state)
{
	struct fixture *fixture = *state;

	make_directory(fixture, "..1");
	write_file(fixture, "..1/watched");
	make_link(fixture, "..1", "..data");
	make_link(fixture, "..data/watched", "watched");
	watch(fixture);
	for (int round = 0; round < 3; round++) {
		auto_memory char *name = string_printf("..next%d", round);
		auto_memory char *file = string_printf("%s/watched", name);

		make_directory(fixture, name);
		write_file(fixture, file);
		make_link(fixture, name, "..data_tmp");
		fixture->complete_count = 0;
		rename_file(fixture, "..data_tmp", "..data");
		expect(fixture, "the volume is swapped");
	}
}

/* Its parent's, or its own, which is that of a link's target. */
static void a_watch_that_fails_once(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a");
	make_link(fixture, "a", "watched");
	watch(fixture);
	for (int call = 0; call < 2; call++) {
		fixture->complete_count = 0;
		failing_after = call;
		make_link(fixture, "a", "new");
		rename_file(fixture, "new", "watched");
		expect(fixture, "it is replaced while watching fails");
		assert_int_equal(failing_after, -1);
		expect_calm(fixture, "nothing happens");
		fixture->complete_count = 0;
		write_file(fixture, "a");
		expect(fixture, "its target is written");
		fixture->complete_count = 0;
		make_link(fixture, "a", "new");
		rename_file(fixture, "new", "watched");
		expect(fixture, "it is replaced once more");
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_plain_file),
		TEST(a_link_to_elsewhere),
		TEST(a_file_of_a_volume),
		TEST(a_watch_that_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
