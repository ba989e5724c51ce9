/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../agent/control.h"

#include "../../agent/status_client.h"
#include "fake/written.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* An agent that programs a kernel which accepts everything but one port. */
#define REFUSED_PORT 666

struct fixture {
	struct ev_loop *loop;
	struct strings *strings;
	struct store *store;
	struct sync *sync;
	struct rejections *rejections;
	struct agent_health health;
	struct control *control;
	struct status_sources sources;
	char directory[40];
	char path[80];
};

static int accept_changes(void *owner, enum facility facility, struct change *changes, size_t count,
			  struct error *err)
{
	(void)owner;
	(void)facility;
	(void)err;
	for (size_t i = 0; i < count; i++)
		changes[i].result = changes[i].kind == CHANGE_KIND_SERVER_ADD &&
						    changes[i].server.key.port == REFUSED_PORT
					    ? -ENOSPC
					    : 0;
	return 0;
}

static void add_service(struct fixture *fixture, const char *text)
{
	store_set_service(fixture->store, written_service(text));
}

static void add_slice(struct fixture *fixture, const char *text)
{
	store_set_endpoint_slice(fixture->store, written_slice(fixture->strings, text));
}

static void reject(struct fixture *fixture, const char *kind, const char *name, const char *reason)
{
	rejections_set(fixture->rejections, &(struct rejection){.kind = kind,
								.namespace_name = "a",
								.name = name,
								.reason = reason});
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));
	struct address node_address = written_address("192.168.0.1");
	struct node_view node = {
		.name = "n", .node_port_addresses = &node_address, .node_port_address_count = 1};
	struct kernel_target target = {.apply = accept_changes};
	struct sync_options options = {
		.desired = {.scheduler = "rr", .affinity_scheduler = "sh"},
		.ledger = {.retry_first_milliseconds = 60000, .retry_most_milliseconds = 60000}};
	struct sync_observer observer = {0};
	struct error err = {0};

	fixture->loop = ev_loop_new(0);
	fixture->strings = strings_new();
	fixture->store = store_new();
	fixture->rejections = rejections_new();
	fixture->sync = sync_new(fixture->loop, &target, fixture->store, &options, &observer);
	sync_set_node(fixture->sync, &node);
	strcpy(fixture->directory, "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/run/socket", fixture->directory);
	fixture->sources = (struct status_sources){.store = fixture->store,
						   .sync = fixture->sync,
						   .rejections = fixture->rejections,
						   .health = &fixture->health};
	if (control_open(fixture->loop, fixture->path, &fixture->sources, &fixture->control, &err))
		fail_msg("%s", err.text);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	control_close(fixture->control);
	sync_free(fixture->sync);
	store_free(fixture->store);
	rejections_free(fixture->rejections);
	strings_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
	*strrchr(fixture->path, '/') = '\0';
	rmdir(fixture->path);
	rmdir(fixture->directory);
	free(fixture);
	return 0;
}

static void program(struct fixture *fixture)
{
	fixture->health.is_source_synced = true;
	fixture->health.are_rules_in_place = true;
	sync_allow(fixture->sync, SYNC_GATE_SOURCE);
	sync_allow(fixture->sync, SYNC_GATE_OBSERVED);
	sync_allow(fixture->sync, SYNC_GATE_RULES);
	sync_wake(fixture->sync);
	while (!sync_is_settled(fixture->sync))
		ev_run(fixture->loop, EVRUN_ONCE);
}

/* The blocking client, in a thread beside the loop. */
struct asking {
	struct fixture *fixture;
	const char *filter;
	ev_async done;
	json_t *document;
	struct error err;
	int result;
};

static void *ask_in_thread(void *data)
{
	struct asking *asking = data;

	asking->result = status_client_ask(asking->fixture->path, asking->filter, &asking->document,
					   &asking->err);
	ev_async_send(asking->fixture->loop, &asking->done);
	return NULL;
}

static void on_done(struct ev_loop *loop, ev_async *done, int events)
{
	(void)done;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

static json_t *ask(struct fixture *fixture, const char *filter)
{
	struct asking asking = {.fixture = fixture, .filter = filter};
	pthread_t thread;

	ev_async_init(&asking.done, on_done);
	ev_async_start(fixture->loop, &asking.done);
	assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, &asking), 0);
	ev_run(fixture->loop, 0);
	pthread_join(thread, NULL);
	ev_async_stop(fixture->loop, &asking.done);
	if (asking.result < 0)
		fail_msg("%s", asking.err.text);
	return asking.document;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void write_texts(FILE *stream, const char *title, const json_t *texts)
{
	const json_t *text;
	size_t i;

	fprintf(stream, " %s", title);
	json_array_foreach (texts, i, text) {
		fprintf(stream, "%s%s", i ? "," : " ", json_string_value(text));
	}
}

/* One line per Service, one more per virtual server. */
static char *write_services(const json_t *document)
{
	const json_t *service, *server;
	char *text = NULL;
	size_t size, i, k;
	FILE *stream = open_memstream(&text, &size);

	json_array_foreach (json_object_get(document, "services"), i, service) {
		fprintf(stream, "%s/%s %s %s: %s\n", text_of(service, "namespace"),
			text_of(service, "name"), text_of(service, "type"),
			text_of(service, "state"), text_of(service, "reason"));
		json_array_foreach (json_object_get(service, "servers"), k, server) {
			fprintf(stream, "  %s %s:%d/%s %s %s %d", text_of(server, "kind"),
				text_of(server, "address"),
				(int)json_integer_value(json_object_get(server, "port")),
				text_of(server, "protocol"), text_of(server, "portName"),
				text_of(server, "scheduler"),
				(int)json_integer_value(
					json_object_get(server, "persistenceSeconds")));
			write_texts(stream, ">", json_object_get(server, "destinations"));
			write_texts(stream, "-", json_object_get(server, "unused"));
			fprintf(stream, " %s: %s\n", text_of(server, "state"),
				text_of(server, "reason"));
		}
	}
	fclose(stream);
	return text;
}

static void assert_services(struct fixture *fixture, const char *filter, const char *expected)
{
	json_t *document = ask(fixture, filter);
	auto_memory char *text = write_services(document);

	assert_string_equal(text, expected);
	json_decref(document);
}

static void test_services(void **state)
{
	struct fixture *fixture = *state;

	add_service(fixture, "a/web ip=10.0.0.1 external=10.9.0.1 lb=10.8.0.1 type=NodePort "
			     "port=http:80/TCP:30080 affinity=600");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n 10.1.0.2!unready");
	add_service(fixture, "a/thief created=5 ip=10.0.0.1 port=http:80/TCP port=dns:53/UDP");
	add_service(fixture, "a/refused ip=10.0.0.2 port=:666/TCP");
	add_service(fixture, "a/headless headless");
	add_service(fixture, "b/old ip=10.0.0.3 port=:80/TCP");
	add_slice(fixture, "b/stray-1 service=stray port=:80/TCP 10.1.0.3");
	program(fixture);
	rejections_set(fixture->rejections, &(struct rejection){.kind = "Service",
								.namespace_name = "b",
								.name = "old",
								.reason = "bad port"});
	reject(fixture, "Service", "never", "bad \xff address");
	reject(fixture, "EndpointSlice", "web-2", "bad endpoint");

	assert_services(
		fixture, "",
		"a/headless ClusterIP skipped: headless\n"
		"a/never  rejected: bad ? address\n"
		"a/refused ClusterIP failed: 10.0.0.2:666/TCP: No space left on device\n"
		"  ClusterIP 10.0.0.2:666/TCP  rr 0 > - failed: No space left on device\n"
		"a/thief ClusterIP conflict: 10.0.0.1:80/TCP: the older Service a/web has it\n"
		"  ClusterIP 10.0.0.1:80/TCP http rr 0 > - conflict: the older Service a/web has "
		"it\n"
		"  ClusterIP 10.0.0.1:53/UDP dns rr 0 > - programmed: \n"
		"a/web NodePort programmed: \n"
		"  ClusterIP 10.0.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 "
		"programmed: \n"
		"  ExternalIP 10.9.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 "
		"programmed: \n"
		"  LoadBalancerIP 10.8.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 "
		"programmed: \n"
		"  NodePort 192.168.0.1:30080/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 "
		"programmed: \n"
		"b/old ClusterIP rejected: bad port\n"
		"  ClusterIP 10.0.0.3:80/TCP  rr 0 > - programmed: \n");
	assert_services(fixture, "a/never", "a/never  rejected: bad ? address\n");
	assert_services(fixture, "b/",
			"b/old ClusterIP rejected: bad port\n"
			"  ClusterIP 10.0.0.3:80/TCP  rr 0 > - programmed: \n");
	assert_services(fixture, "a/no", "");
	assert_services(fixture, "b/stray", "");
}

static void test_pending(void **state)
{
	struct fixture *fixture = *state;

	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	assert_services(fixture, "",
			"a/web ClusterIP pending: the source has not been read completely yet\n");
	fixture->health.is_source_synced = true;
	assert_services(fixture, "", "a/web ClusterIP pending: waits for the iptables rules\n");
	strcpy(fixture->health.rules_error, "no lock");
	assert_services(fixture, "",
			"a/web ClusterIP pending: waits for the iptables rules: no lock\n");
	fixture->health.are_rules_in_place = true;
	assert_services(fixture, "", "a/web ClusterIP pending: its turn comes\n");
}

static void test_agent(void **state)
{
	struct fixture *fixture = *state;
	const json_t *agent;
	json_t *document, *expected;

	strcpy(fixture->health.source_description, "a test");
	fixture->health.started = sync_now();
	fixture->health.last_verification_seconds = 1.5;
	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1 10.1.0.2");
	add_service(fixture, "a/refused ip=10.0.0.2 port=:666/TCP");
	program(fixture);
	reject(fixture, "EndpointSlice", "web-2", "bad endpoint");

	document = ask(fixture, "");
	agent = json_object_get(document, "agent");
	assert_string_equal(text_of(agent, "version"), IPVSAGENT_VERSION);
	assert_int_equal(json_integer_value(json_object_get(agent, "pid")), getpid());
	assert_true(json_number_value(json_object_get(agent, "uptimeSeconds")) < 60);

	/* Times and the pid are gone; what is left does not vary. */
	json_object_del(json_object_get(document, "agent"), "version");
	json_object_del(json_object_get(document, "agent"), "pid");
	json_object_del(json_object_get(document, "agent"), "uptimeSeconds");
	json_object_del(json_object_get(document, "agent"), "firstPassSeconds");
	json_object_del(json_object_get(document, "agent"), "lastPassSeconds");
	expected = json_pack(
		"{s:s, s:b, s:{s:s, s:b, s:i, s:i, s:i}, s:{s:b, s:s}, s:i, s:f, s:i, s:i,"
		" s:{s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}},"
		" s:{s:i, s:i, s:i, s:i}, s:[], s:[{s:s, s:s, s:s, s:s}]}",
		"node", "n", "settled", 1, "source", "description", "a test", "synced", 1,
		"services", 2, "endpointSlices", 1, "endpoints", 2, "rules", "inPlace", 1, "error",
		"", "passes", 1, "lastVerificationSeconds", 1.5, "waitingForRetry", 1, "draining",
		0, "operations", "ipset", "applied", 4, "failed", 0, "repaired", 0, "ipvs",
		"applied", 3, "failed", 1, "repaired", 0, "link", "applied", 2, "failed", 0,
		"repaired", 0, "held", "virtualServers", 1, "destinations", 2, "setMembers", 4,
		"addresses", 2, "sets", "rejections", "kind", "EndpointSlice", "namespace", "a",
		"name", "web-2", "reason", "bad endpoint");
	assert_non_null(expected);
	if (!json_equal(agent, expected)) {
		auto_memory char *is = json_dumps(agent, JSON_INDENT(1) | JSON_SORT_KEYS);
		auto_memory char *should = json_dumps(expected, JSON_INDENT(1) | JSON_SORT_KEYS);

		assert_string_equal(is, should);
	}
	json_decref(expected);
	json_decref(document);
}

static int connect_client(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, fixture->path, strlen(fixture->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Lets the loop work and collects what it sends, until it hangs up; the caller frees it. */
static char *read_all(struct fixture *fixture, int fd)
{
	char *text = memory_allocate(1);
	size_t length = 0;
	char buffer[5000];

	for (int turns = 0; turns < 100000; turns++) {
		ssize_t got = read(fd, buffer, sizeof(buffer));

		if (got == 0)
			return text;
		if (got > 0) {
			text = memory_resize(text, length + (size_t)got + 1, 1);
			memcpy(text + length, buffer, (size_t)got);
			length += (size_t)got;
			text[length] = '\0';
		}
		ev_run(fixture->loop, EVRUN_NOWAIT);
	}
	fail_msg("the answer does not end");
	return NULL;
}

static void test_bad_requests(void **state)
{
	struct fixture *fixture = *state;
	char long_request[700];
	const struct {
		const char *request, *answer;
	} cases[] = {
		{"delete everything\n", "{\"error\":\"unknown request\"}\n"},
		{"statusquo\n", "{\"error\":\"unknown request\"}\n"},
		{"\n", "{\"error\":\"unknown request\"}\n"},
		{long_request, "{\"error\":\"the request is too long\"}\n"},
	};

	memset(long_request, 'x', sizeof(long_request) - 1);
	long_request[sizeof(long_request) - 1] = '\0';
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = connect_client(fixture);
		auto_memory char *answer = NULL;

		/* In two parts, as a stream may bring it. */
		assert_int_equal(write(fd, cases[i].request, 1), 1);
		ev_run(fixture->loop, EVRUN_NOWAIT);
		ev_run(fixture->loop, EVRUN_NOWAIT);
		if (cases[i].request[1])
			assert_true(write(fd, cases[i].request + 1, strlen(cases[i].request) - 1) >
				    0);
		answer = read_all(fixture, fd);
		assert_string_equal(answer, cases[i].answer);
		close(fd);
	}
}

#define MANY 3000

static void add_many(struct fixture *fixture)
{
	char text[200];

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "a/s%04d ip=10.0.%d.%d port=http:80/TCP", i, i / 250,
			 i % 250);
		add_service(fixture, text);
		snprintf(text, sizeof(text),
			 "a/s%04d-1 service=s%04d port=http:8080/TCP 10.1.0.1 10.1.0.2 10.1.0.3", i,
			 i);
		add_slice(fixture, text);
	}
	program(fixture);
}

static void test_slow_client_holds_up_nobody(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *rest = NULL;
	json_t *document, *services;
	int slow, gone;

	add_many(fixture);
	slow = connect_client(fixture);
	assert_int_equal(write(slow, "status\n", 7), 7);
	gone = connect_client(fixture);
	assert_int_equal(write(gone, "status\n", 7), 7);
	for (int i = 0; i < 50; i++)
		ev_run(fixture->loop, EVRUN_NOWAIT);
	close(gone);

	document = ask(fixture, "");
	services = json_object_get(document, "services");
	assert_int_equal(json_array_size(services), MANY);
	for (size_t i = 1; i < MANY; i++)
		assert_true(strcmp(text_of(json_array_get(services, i - 1), "name"),
				   text_of(json_array_get(services, i), "name")) < 0);
	json_decref(document);

	/* Services that go while an answer is on its way are left out of the rest. */
	store_remove_service(fixture->store, "a", "s2999");
	rest = read_all(fixture, slow);
	assert_non_null(strstr(rest, "\"s2998\""));
	assert_null(strstr(rest, "\"s2999\""));
	assert_non_null(strstr(rest, "{\"complete\":true}\n"));
	close(slow);
}

static void test_turns_are_short(void **state)
{
	struct fixture *fixture = *state;
	int fd[4];
	auto_memory char *answer = NULL;
	double longest = 0;

	add_many(fixture);
	for (size_t i = 0; i < COUNT(fd); i++) {
		fd[i] = connect_client(fixture);
		assert_int_equal(write(fd[i], "status\n", 7), 7);
	}
	for (int turns = 0; turns < 40; turns++) {
		double begin = ev_time(), took;
		char buffer[20000];

		ev_run(fixture->loop, EVRUN_NOWAIT);
		took = ev_time() - begin;
		if (took > longest)
			longest = took;
		for (size_t i = 1; i < COUNT(fd); i++)
			while (read(fd[i], buffer, sizeof(buffer)) > 0)
				;
	}
	print_message("the longest turn took %.1f ms\n", longest * 1000);

	/* Generous, for sanitizers on a busy machine: without pieces it would be far more. */
	assert_true(longest < 0.2);
	answer = read_all(fixture, fd[0]);
	assert_non_null(strstr(answer, "\"s2999\""));
	for (size_t i = 0; i < COUNT(fd); i++)
		close(fd[i]);
}

static void test_too_many_clients(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *answer = NULL;
	int fds[17];

	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = connect_client(fixture);
		ev_run(fixture->loop, EVRUN_NOWAIT);
	}
	answer = read_all(fixture, fds[16]);
	assert_string_equal(answer, "{\"error\":\"too many clients ask at once\"}\n");
	close(fds[0]);
	ev_run(fixture->loop, EVRUN_NOWAIT);
	assert_services(fixture, "", "");
	for (size_t i = 1; i < COUNT(fds); i++)
		close(fds[i]);
}

static void test_socket_is_private(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *directory = memory_format("%s/run", fixture->directory);
	struct stat status;

	assert_int_equal(stat(fixture->path, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(directory, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
}

static void test_open_errors(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *file = memory_format("%s/run/file", fixture->directory);
	auto_memory char *deep = memory_format("%s/no/such/socket", fixture->directory);
	char too_long[200] = "/tmp/";
	struct control *control = NULL;
	struct error err = {0};

	assert_int_equal(
		control_open(fixture->loop, fixture->path, &fixture->sources, &control, &err),
		-EADDRINUSE);
	assert_non_null(strstr(err.text, fixture->path));

	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(control_open(fixture->loop, file, &fixture->sources, &control, &err),
			 -EEXIST);
	assert_non_null(strstr(err.text, "not a socket"));
	unlink(file);

	assert_int_equal(control_open(fixture->loop, deep, &fixture->sources, &control, &err),
			 -ENOENT);
	memset(too_long + 5, 'x', sizeof(too_long) - 6);
	assert_int_equal(control_open(fixture->loop, too_long, &fixture->sources, &control, &err),
			 -ENAMETOOLONG);
	assert_null(control);
	assert_services(fixture, "", "");
}

static void test_stale_socket_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = memory_format("%s/run/stale", fixture->directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *control = NULL;
	struct error err = {0};
	json_t *document = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(status_client_ask(path, "", &document, &err), -ECONNREFUSED);

	if (control_open(fixture->loop, path, &fixture->sources, &control, &err) < 0)
		fail_msg("%s", err.text);
	control_close(control);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(status_client_ask(path, "", &document, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "not running"));
}

/* What an agent that dies in the middle of its answer leaves its client with. */
struct bad_agent {
	const char *answer;
	int listener;
};

static void *answer_badly(void *data)
{
	const struct bad_agent *agent = data;
	int fd = accept(agent->listener, NULL, NULL);
	char request[100];

	if (read(fd, request, sizeof(request)) > 0)
		(void)!write(fd, agent->answer, strlen(agent->answer));
	close(fd);
	return NULL;
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *answer, *complaint;
	} cases[] = {
		{"", "hung up"},
		{"{\"version\":\"1\"}\n{\"name\":\"x\"}\n", "hung up"},
		{"{\"version\":\"1\"}\n{\"name\":", "not understood"},
		{"[1]\n", "not understood"},
		{"{\"complete\":true}\n", "hung up"},
		{"{\"error\":\"not today\"}\n", "refuses: not today"},
	};
	struct fixture *fixture = *state;
	auto_memory char *path = memory_format("%s/run/bad", fixture->directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bad_agent bad = {cases[i].answer, listener};
		struct error err = {0};
		json_t *document = NULL;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, answer_badly, &bad), 0);
		assert_int_equal(status_client_ask(path, "", &document, &err), -EPROTO);
		pthread_join(thread, NULL);
		assert_non_null(strstr(err.text, cases[i].complaint));
		assert_null(document);
	}
	close(listener);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_services, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pending, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_agent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_client_holds_up_nobody, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_turns_are_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket_is_private, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_socket_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_answers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
