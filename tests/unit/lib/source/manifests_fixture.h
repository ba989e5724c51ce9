/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_MANIFESTS_FIXTURE_H
#define UNIT_MANIFESTS_FIXTURE_H

/* Manifests of a temporary directory, and what they tell of it. */

#include "lib/base/memory.h"
#include "lib/source/manifests.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENT_LIMIT   200
#define LIMIT_SECONDS 60.0 /* for what has to happen */
#define CALM_SECONDS  0.15 /* for what must not */

/* A directory, manifests that read it, and what the sink was told since the last look. */
struct fixture {
	struct ev_loop *loop;
	struct manifests *manifests;
	struct string_pool *strings;
	char directory[64];
	char *events[EVENT_LIMIT];
	size_t event_count;
	unsigned int synced_count;
};

__attribute__((format(printf, 2, 3))) static void note(struct fixture *fixture, const char *format,
						       ...)
{
	va_list arguments;
	char *text = NULL;

	assert_true(fixture->event_count < EVENT_LIMIT);
	va_start(arguments, format);
	assert_true(vasprintf(&text, format, arguments) >= 0);
	va_end(arguments);
	fixture->events[fixture->event_count++] = text;
}

static void on_service(void *owner, struct service *service)
{
	char text[ADDRESS_TEXT_SIZE];

	note(owner, "Service %s/%s %s", service->namespace_name, service->name,
	     service->cluster_ip_count ? address_text(&service->cluster_ips[0], text) : "none");
	service_free(service);
}

static void on_service_removed(void *owner, const char *namespace_name, const char *name)
{
	note(owner, "no Service %s/%s", namespace_name, name);
}

static void on_endpoint_slice(void *owner, struct endpoint_slice *slice)
{
	note(owner, "EndpointSlice %s/%s %u", slice->namespace_name, slice->name,
	     slice->endpoint_count);
	endpoint_slice_free(slice);
}

static void on_endpoint_slice_removed(void *owner, const char *namespace_name, const char *name)
{
	note(owner, "no EndpointSlice %s/%s", namespace_name, name);
}

static void on_node(void *owner, struct node *node)
{
	note(owner, "Node %s", node->name);
	node_free(node);
}

static void on_node_removed(void *owner, const char *name)
{
	note(owner, "no Node %s", name);
}

/* Paths are written without the temporary directory. */
static char *without_directory(const struct fixture *fixture, const char *text)
{
	size_t length = strlen(fixture->directory);
	char *copy = string_dup(text), *at;

	while ((at = strstr(copy, fixture->directory)))
		memmove(at, at + length + 1, strlen(at + length + 1) + 1);
	return copy;
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	auto_memory char *name = without_directory(owner, rejection->name);
	auto_memory char *reason =
		rejection->reason ? without_directory(owner, rejection->reason) : NULL;

	note(owner, "%s %s %s%s%s",
	     !reason		     ? "good"
	     : rejection->is_partial ? "bad part of"
				     : "bad",
	     rejection->kind, name, reason ? ": " : "", reason ? reason : "");
}

static void on_synced(void *owner)
{
	((struct fixture *)owner)->synced_count++;
}

static void on_ignored(void *owner, const char *path, const char *kind, const char *name)
{
	auto_memory char *short_path = without_directory(owner, path);

	note(owner, "ignored %s %s in %s", kind, name, short_path);
}

static void stop_loop(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void run_for(struct fixture *fixture, double seconds)
{
	ev_timer timer;

	ev_timer_init(&timer, stop_loop, seconds, 0.);
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &timer);
	ev_run(fixture->loop, 0);
	ev_timer_stop(fixture->loop, &timer);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the sink was told, sorted, because files are read in no particular order. */
static char *events_text(struct fixture *fixture)
{
	char *text = string_dup("");

	qsort(fixture->events, fixture->event_count, sizeof(char *), compare_texts);
	for (size_t i = 0; i < fixture->event_count; i++) {
		char *longer = string_printf("%s%s%s", text, i ? "; " : "", fixture->events[i]);

		free(text);
		text = longer;
	}
	return text;
}

static void forget_events(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->event_count; i++)
		free(fixture->events[i]);
	fixture->event_count = 0;
	fixture->synced_count = 0;
}

/* Runs until a batch ended with exactly these events; a moment later there are no others. */
static void expect(struct fixture *fixture, const char *expected)
{
	double end = ev_time() + LIMIT_SECONDS;
	char *text = events_text(fixture);

	while (ev_time() < end && !(fixture->synced_count && strcmp(text, expected) == 0)) {
		free(text);
		run_for(fixture, 0.01);
		text = events_text(fixture);
	}
	assert_true(fixture->synced_count > 0);
	free(text);
	run_for(fixture, CALM_SECONDS);
	text = events_text(fixture);
	assert_string_equal(text, expected);
	free(text);
	forget_events(fixture);
}

/* For what must not even lead to a batch. */
static void expect_calm(struct fixture *fixture)
{
	run_for(fixture, CALM_SECONDS);
	assert_int_equal(fixture->synced_count, 0);
	assert_int_equal(fixture->event_count, 0);
}

static char *path_of(const struct fixture *fixture, const char *name)
{
	return string_printf("%s/%s", fixture->directory, name);
}

static void write_file(const struct fixture *fixture, const char *name, const char *content)
{
	auto_memory char *path = path_of(fixture, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_true(fputs(content, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void delete_file(const struct fixture *fixture, const char *name)
{
	auto_memory char *path = path_of(fixture, name);

	assert_int_equal(unlink(path), 0);
}

static void rename_file(const struct fixture *fixture, const char *from, const char *to)
{
	auto_memory char *old_path = path_of(fixture, from);
	auto_memory char *new_path = path_of(fixture, to);

	assert_int_equal(rename(old_path, new_path), 0);
}

static void make_directory(const struct fixture *fixture, const char *name)
{
	auto_memory char *path = path_of(fixture, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const struct fixture *fixture, const char *target, const char *name)
{
	auto_memory char *path = path_of(fixture, name);

	assert_int_equal(symlink(target, path), 0);
}

/* Opens manifests on up to two names in the directory; "" is the directory itself. */
static int open_manifests(struct fixture *fixture, const char *first, const char *second,
			  struct error *err)
{
	auto_memory char *first_path = path_of(fixture, first);
	auto_memory char *second_path = second ? path_of(fixture, second) : NULL;
	const char *const paths[] = {first_path, second_path};
	const struct manifests_options options = {
		.paths = paths,
		.path_count = second ? 2 : 1,
		.sink =
			{
				.owner = fixture,
				.strings = fixture->strings,
				.service_set = on_service,
				.service_removed = on_service_removed,
				.endpoint_slice_set = on_endpoint_slice,
				.endpoint_slice_removed = on_endpoint_slice_removed,
				.node_set = on_node,
				.node_removed = on_node_removed,
				.rejected = on_rejected,
				.synced = on_synced,
			},
		.on_ignored = on_ignored,
		.owner = fixture,
	};

	return manifests_open(fixture->loop, &options, &fixture->manifests, err);
}

static void watch_directory(struct fixture *fixture)
{
	struct error err = {0};

	if (open_manifests(fixture, "", NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/manifests_test.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->loop = ev_loop_new(EVFLAG_AUTO);
	fixture->strings = string_pool_new();
	*state = fixture;
	return 0;
}

static int delete_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void delete_tree(const char *path)
{
	nftw(path, delete_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	manifests_close(fixture->manifests);
	forget_events(fixture);
	assert_int_equal(string_pool_count(fixture->strings), 0);
	string_pool_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
	delete_tree(fixture->directory);
	free(fixture);
	return 0;
}

#define SERVICE(name, ip) \
	"apiVersion: v1\nkind: Service\nmetadata: {name: " name "}\nspec: {clusterIP: " ip "}\n"
#define ENDPOINTS(name, ips)                                                                      \
	"apiVersion: v1\nkind: Endpoints\nmetadata: {name: " name "}\nsubsets: [{addresses: " ips \
	", ports: [{port: 80}]}]\n"

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
