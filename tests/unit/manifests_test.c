/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memory.h"
#include "source/manifests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENT_LIMIT   200
#define LIMIT_SECONDS 6.0  /* for what has to happen */
#define CALM_SECONDS  0.15 /* for what must not */

/* A directory, manifests that read it, and what the sink was told since the last look. */
struct fixture {
	struct ev_loop *loop;
	struct manifests *manifests;
	struct strings *strings;
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
	char *copy = memory_text(text), *at;

	while ((at = strstr(copy, fixture->directory)))
		memmove(at, at + length + 1, strlen(at + length + 1) + 1);
	return copy;
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	auto_memory char *name = without_directory(owner, rejection->name);
	auto_memory char *reason =
		rejection->reason ? without_directory(owner, rejection->reason) : NULL;

	note(owner, "%s %s %s%s%s", reason ? "bad" : "good", rejection->kind, name,
	     reason ? ": " : "", reason ? reason : "");
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
	char *text = memory_text("");

	qsort(fixture->events, fixture->event_count, sizeof(char *), compare_texts);
	for (size_t i = 0; i < fixture->event_count; i++) {
		char *longer = memory_format("%s%s%s", text, i ? "; " : "", fixture->events[i]);

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
	return memory_format("%s/%s", fixture->directory, name);
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
	fixture->strings = strings_new();
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
	assert_int_equal(strings_count(fixture->strings), 0);
	strings_free(fixture->strings);
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

static void reads_what_is_there(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "all.yaml",
		   SERVICE("a", "10.0.0.1") "---\n" ENDPOINTS("a", "[{ip: 10.1.0.1}]"));
	write_file(fixture, "more.yml",
		   "apiVersion: v1\nkind: List\nitems:\n"
		   "- {apiVersion: v1, kind: Node, metadata: {name: node1}}\n"
		   "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}\n");
	write_file(fixture, "slice.json",
		   "{\"apiVersion\": \"discovery.k8s.io/v1\", \"kind\": \"EndpointSlice\", "
		   "\"metadata\": {\"name\": \"b-1\"}, \"addressType\": \"IPv4\"}\n"
		   "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": "
		   "\"b\", \"namespace\": \"n\"}}");
	write_file(fixture, ".hidden.yaml", SERVICE("hidden", "10.0.0.9"));
	write_file(fixture, "notes.txt", SERVICE("text", "10.0.0.9"));
	make_directory(fixture, "below");
	write_file(fixture, "below/below.yaml", SERVICE("below", "10.0.0.9"));
	watch_directory(fixture);
	assert_false(fixture->synced_count);
	expect(fixture, "EndpointSlice default/a:0:ipv4 1; EndpointSlice default/b-1 0; "
			"Node node1; Service default/a 10.0.0.1; Service n/b none; "
			"ignored Deployment d in more.yml");
	assert_true(manifests_is_complete(fixture->manifests));
}

/* Services @from to @to, as a file has them, or as the sink hears of them. */
static char *numbered(const char *before, const char *after, int from, int to)
{
	char *text = memory_text("");

	for (int i = from; i < to; i++) {
		char *longer = memory_format("%s%s%03d%s", text, before, i, after);

		free(text);
		text = longer;
	}
	return text;
}

/* More objects than are taken in at once, and then fewer of them. */
static void a_large_file_is_read_whole(void **state)
{
	const char *before = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s";
	struct fixture *fixture = *state;
	auto_memory char *all = numbered(before, "}\n", 0, 150);
	auto_memory char *some = numbered(before, "}\n", 0, 70);
	auto_memory char *told = numbered("; Service default/s", " none", 0, 150);
	auto_memory char *gone = numbered("; no Service default/s", "", 70, 150);
	auto_memory char *same = numbered("; Service default/s", " none", 0, 70);
	auto_memory char *news = memory_format("%s%s", same, gone);

	write_file(fixture, "all.yaml", all);
	watch_directory(fixture);
	expect(fixture, told + strlen("; "));
	write_file(fixture, "all.yaml", some);
	expect(fixture, news + strlen("; "));
}

static void an_empty_directory_is_in_order(void **state)
{
	struct fixture *fixture = *state;

	watch_directory(fixture);
	expect(fixture, "");
	expect_calm(fixture);
}

static void follows_a_file(void **state)
{
	struct fixture *fixture = *state;

	watch_directory(fixture);
	expect(fixture, "");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture, "Service default/a 10.0.0.3; no Service default/b");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture, "");
	rename_file(fixture, "a.yaml", "z.yaml");
	expect(fixture, "Service default/a 10.0.0.3");
	rename_file(fixture, "z.yaml", "z.txt");
	expect(fixture, "no Service default/a");
	rename_file(fixture, "z.txt", "z.yml");
	expect(fixture, "Service default/a 10.0.0.3");
	delete_file(fixture, "z.yml");
	expect(fixture, "no Service default/a");
	write_file(fixture, "notes.txt", "x");
	write_file(fixture, ".a.yaml.swp", "x");
	expect_calm(fixture);
}

static void follows_the_slices_of_endpoints(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", ENDPOINTS("a", "[{ip: 10.1.0.1}, {ip: 'fd00::1'}]"));
	watch_directory(fixture);
	expect(fixture, "EndpointSlice default/a:0:ipv4 1; EndpointSlice default/a:0:ipv6 1");
	write_file(fixture, "a.yaml", ENDPOINTS("a", "[{ip: 10.1.0.1}, {ip: 10.1.0.2}]"));
	expect(fixture, "EndpointSlice default/a:0:ipv4 2; no EndpointSlice default/a:0:ipv6");
	delete_file(fixture, "a.yaml");
	expect(fixture, "no EndpointSlice default/a:0:ipv4");
}

static void a_bad_file_keeps_its_last_good_content(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "b.json", "{\n  \"kind\": }");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; bad file b.json: line 2, column 11: "
			"unexpected token near '}'");
	assert_false(manifests_is_complete(fixture->manifests));
	write_file(fixture, "a.yaml", "apiVersion: v1\nkind: [\n");
	expect(fixture, "bad file a.yaml: line 3, column 1: did not find expected node content, "
			"while parsing a flow node");
	write_file(fixture, "a.yaml", "just words\n");
	expect(fixture, "bad file a.yaml: line 1: not a Kubernetes object");
	write_file(fixture, "a.yaml", "");
	expect(fixture, "bad file a.yaml: empty; what it held stays in force until it is written "
			"or deleted");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
	delete_file(fixture, "b.json");
	expect(fixture, "good file b.json");
	assert_true(manifests_is_complete(fixture->manifests));
}

static void a_bad_object_does_not_affect_others(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml",
		   SERVICE("a", "nowhere") "---\n" SERVICE("b", "10.0.0.3") "---\nkind: Service\n");
	expect(fixture, "Service default/b 10.0.0.3; "
			"bad Service a: a.yaml: line 1: spec.clusterIP: \"nowhere\" is not an IP "
			"address; "
			"bad file a.yaml: line 11: Service: apiVersion: missing");
	write_file(fixture, "a.yaml", SERVICE("b", "10.0.0.3"));
	expect(fixture, "Service default/b 10.0.0.3; good Service a; good file a.yaml; "
			"no Service default/a");
}

static void an_open_file_is_waited_for(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "a.yaml");
	int fd;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");

	/* Half of it would parse, and the other half's object would be gone. */
	fd = open(path, O_WRONLY | O_TRUNC);
	dprintf(fd, SERVICE("a", "10.0.0.3"));
	run_for(fixture, 0.5);
	expect_calm(fixture);
	dprintf(fd, "---\n" SERVICE("b", "10.0.0.4"));
	run_for(fixture, 0.5);
	expect_calm(fixture);
	close(fd);
	expect(fixture, "Service default/a 10.0.0.3; Service default/b 10.0.0.4");

	/* A writer that never closes is taken at its word after a while. */
	fd = open(path, O_WRONLY | O_TRUNC);
	dprintf(fd, SERVICE("a", "10.0.0.5"));
	expect(fixture, "Service default/a 10.0.0.5; no Service default/b");
	close(fd);
	expect(fixture, "");
}

static void a_bad_file_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	/* What a link points to is not watched, so that only the timer can find it mended. */
	make_directory(fixture, "else");
	make_directory(fixture, "b.yaml");
	write_file(fixture, "else/a", "kind: [\n");
	make_link(fixture, "else/a", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "bad file a.yaml: line 2, column 1: did not find expected node content, "
			"while parsing a flow node; bad file b.yaml: not a regular file");
	expect(fixture, "");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
}

static void moved_objects_are_not_removed(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
}

static void the_first_path_wins(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "b.yaml", SERVICE("a", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.2");

	write_file(fixture, "c.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture, "bad Service a: is also in c.yaml; the one in b.yaml counts");
	/* The one that loses was handed on before, so its file is read again: hence two batches. */
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; bad Service a: is also in b.yaml; the one in "
			"a.yaml counts");
	delete_file(fixture, "a.yaml");
	expect(fixture, "Service default/a 10.0.0.2; bad Service a: is also in c.yaml; the one in "
			"b.yaml counts");
	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.3; Service default/b 10.0.0.2; good Service a");
	delete_file(fixture, "c.yaml");
	expect(fixture, "no Service default/a");

	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2") "---\n" SERVICE("b", "10.0.0.3"));
	expect(fixture, "Service default/b 10.0.0.2; bad Service b: is twice in b.yaml; the first "
			"one counts");
}

static void follows_the_swap_of_a_volume(void **state)
{
	struct fixture *fixture = *state;

	make_directory(fixture, "..1");
	write_file(fixture, "..1/a.yaml", SERVICE("a", "10.0.0.1"));
	make_link(fixture, "..1", "..data");
	make_link(fixture, "..data/a.yaml", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1");

	make_directory(fixture, "..2");
	write_file(fixture, "..2/a.yaml", SERVICE("a", "10.0.0.2"));
	write_file(fixture, "..2/b.yaml", SERVICE("b", "10.0.0.3"));
	make_link(fixture, "..2", "..data_tmp");
	rename_file(fixture, "..data_tmp", "..data");
	make_link(fixture, "..data/b.yaml", "b.yaml");
	expect(fixture, "Service default/a 10.0.0.2; Service default/b 10.0.0.3");

	make_directory(fixture, "..3");
	write_file(fixture, "..3/a.yaml", SERVICE("a", "10.0.0.4"));
	make_link(fixture, "..3", "..data_tmp");
	rename_file(fixture, "..data_tmp", "..data");
	delete_file(fixture, "b.yaml");
	expect(fixture, "Service default/a 10.0.0.4; no Service default/b");
}

static void a_directory_that_vanishes_takes_nothing_with_it(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "d");
	struct error err = {0};

	make_directory(fixture, "d");
	write_file(fixture, "d/a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.2"));
	assert_int_equal(open_manifests(fixture, "d", NULL, &err), 0);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");

	delete_tree(path);
	expect(fixture, "bad file d: d: cannot be watched: No such file or directory; what it held "
			"stays in force");
	make_directory(fixture, "d");
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.3"));
	expect(fixture, "Service default/b 10.0.0.3; good file d; no Service default/a");

	rename_file(fixture, "d", "e");
	run_for(fixture, CALM_SECONDS);
	write_file(fixture, "e/b.yaml", SERVICE("b", "10.0.0.4"));
	run_for(fixture, CALM_SECONDS);
	rename_file(fixture, "e", "d");
	run_for(fixture, CALM_SECONDS);
	expect(fixture, "Service default/b 10.0.0.4; bad file d: d: cannot be watched: No such "
			"file or directory; what it held stays in force; good file d");
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.5"));
	expect(fixture, "Service default/b 10.0.0.5");
}

static void follows_a_link_to_a_directory(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	make_directory(fixture, "d1");
	make_directory(fixture, "d2");
	write_file(fixture, "d1/a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "d2/b.yaml", SERVICE("b", "10.0.0.2"));
	make_link(fixture, "d1", "d");
	assert_int_equal(open_manifests(fixture, "d/", NULL, &err), 0);
	expect(fixture, "Service default/a 10.0.0.1");
	make_link(fixture, "d2", "new");
	rename_file(fixture, "new", "d");
	expect(fixture, "Service default/b 10.0.0.2; no Service default/a");
	write_file(fixture, "d1/a.yaml", SERVICE("a", "10.0.0.3"));
	expect_calm(fixture);
	write_file(fixture, "d2/b.yaml", SERVICE("b", "10.0.0.4"));
	expect(fixture, "Service default/b 10.0.0.4");
}

static void follows_single_files(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	make_directory(fixture, "d");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "other.yaml", SERVICE("other", "10.0.0.1"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.2"));
	assert_int_equal(open_manifests(fixture, "a.yaml", "d", &err), 0);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "other.yaml", SERVICE("other", "10.0.0.2"));
	expect_calm(fixture);
	write_file(fixture, "new", SERVICE("a", "10.0.0.3"));
	rename_file(fixture, "new", "a.yaml");
	expect(fixture, "Service default/a 10.0.0.3");
	delete_file(fixture, "a.yaml");
	expect(fixture, "no Service default/a");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.4"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.5"));
	expect(fixture, "Service default/a 10.0.0.4; Service default/b 10.0.0.5");
}

static void reload_reads_without_an_event(void **state)
{
	struct fixture *fixture = *state;

	/* What a link points to is not watched. */
	make_directory(fixture, "else");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.1"));
	make_link(fixture, "else/a", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.2"));
	expect_calm(fixture);
	manifests_reload(fixture->manifests);
	expect(fixture, "Service default/a 10.0.0.2");
	manifests_reload(fixture->manifests);
	expect(fixture, "");
}

static void a_file_too_large_is_refused(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "a.yaml");

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	assert_int_equal(truncate(path, (64 << 20) + 1), 0);
	watch_directory(fixture);
	expect(fixture, "bad file a.yaml: larger than 64 MiB; split it into several files");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
}

static void a_missing_path_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};
	auto_memory char *text = NULL;

	assert_int_equal(open_manifests(fixture, "", "missing", &err), -ENOENT);
	text = without_directory(fixture, err.text);
	assert_string_equal(text, "missing: No such file or directory");
	assert_null(fixture->manifests);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(reads_what_is_there),
		TEST(a_large_file_is_read_whole),
		TEST(an_empty_directory_is_in_order),
		TEST(follows_a_file),
		TEST(follows_the_slices_of_endpoints),
		TEST(a_bad_file_keeps_its_last_good_content),
		TEST(a_bad_object_does_not_affect_others),
		TEST(an_open_file_is_waited_for),
		TEST(a_bad_file_is_tried_again),
		TEST(moved_objects_are_not_removed),
		TEST(the_first_path_wins),
		TEST(follows_the_swap_of_a_volume),
		TEST(a_directory_that_vanishes_takes_nothing_with_it),
		TEST(follows_a_link_to_a_directory),
		TEST(follows_single_files),
		TEST(reload_reads_without_an_event),
		TEST(a_file_too_large_is_refused),
		TEST(a_missing_path_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
