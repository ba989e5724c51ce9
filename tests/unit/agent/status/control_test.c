/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/control.h"

#include "agent/status/status_client.h"
#include "tests/unit/agent/agent_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[40];
static char path[80];
static struct control *control;

/* Larger than what a socket takes at once. */
#define ANSWER_SIZE 1000000

static char answer_owner[] = "owner";

static json_t *answer(void *owner, const char *argument)
{
	auto_memory char *padding = memory_allocate(ANSWER_SIZE);

	assert_string_equal(owner, "owner");
	if (strcmp(argument, "bad") == 0)
		return json_pack("{s:s}", "error", "it is bad");
	memset(padding, 'x', ANSWER_SIZE - 1);
	return json_pack("{s:s, s:s}", "argument", argument, "padding", padding);
}

static int open_at(struct fixture *fixture, const char *where, struct control **ret,
		   struct error *err)
{
	struct answer_kind kinds[ANSWERS_COUNT + 1];

	answers_fill(&fixture->sources, kinds);
	kinds[ANSWERS_COUNT] =
		(struct answer_kind){.verb = "explain", .head = answer, .owner = answer_owner};
	return control_open(fixture->loop, where, kinds, COUNT(kinds), ret, err);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));
	struct error err = {0};

	fixture_set_up(fixture);
	strcpy(directory, "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run/socket", directory);
	if (open_at(fixture, path, &control, &err) < 0)
		fail_msg("%s", err.text);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	control_close(control);
	fixture_tear_down(*state);
	free(*state);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(directory);
	return 0;
}

/* The blocking client, in a thread beside the loop. */
struct asking {
	struct fixture *fixture;
	const char *filter;
	const char *question; /* instead of the status */
	ev_async done;
	json_t *document;
	struct error err;
	int result;
};

static void *ask_in_thread(void *data)
{
	struct asking *asking = data;

	if (asking->question)
		asking->result = status_client_question(path, asking->question, &asking->document,
							&asking->err);
	else
		asking->result = status_client_ask(path, "status", asking->filter,
						   &asking->document, &asking->err);
	ev_async_send(asking->fixture->loop, &asking->done);
	return NULL;
}

static void on_done(struct ev_loop *loop, ev_async *done, int events)
{
	(void)done;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

static void run_asking(struct asking *asking)
{
	struct ev_loop *loop = asking->fixture->loop;
	pthread_t thread;

	ev_async_init(&asking->done, on_done);
	ev_async_start(loop, &asking->done);
	assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, asking), 0);
	ev_run(loop, 0);
	pthread_join(thread, NULL);
	ev_async_stop(loop, &asking->done);
}

static json_t *ask(struct fixture *fixture, const char *filter)
{
	struct asking asking = {.fixture = fixture, .filter = filter};

	run_asking(&asking);
	if (asking.result < 0)
		fail_msg("%s", asking.err.text);
	return asking.document;
}

static void assert_count(struct fixture *fixture, const char *filter, size_t expected)
{
	json_t *document = ask(fixture, filter);

	assert_true(json_is_object(json_object_get(document, "agent")));
	assert_int_equal(json_array_size(json_object_get(document, "services")), expected);
	json_decref(document);
}

static void test_filter(void **state)
{
	struct fixture *fixture = *state;

	add_service(fixture, "a/web ip=10.0.0.1 port=:80/TCP");
	add_service(fixture, "a/webs ip=10.0.0.2 port=:80/TCP");
	add_service(fixture, "aa/web ip=10.0.0.3 port=:80/TCP");
	assert_count(fixture, "", 3);
	assert_count(fixture, "a/", 2);
	assert_count(fixture, "a/web", 1);
	assert_count(fixture, "a/we", 0);
}

static void test_answer_of_one_line(void **state)
{
	struct fixture *fixture = *state;
	struct asking good = {.fixture = fixture, .question = "explain a b"};
	struct asking bad = {.fixture = fixture, .question = "explain bad"};
	struct asking other = {.fixture = fixture, .question = "explains a"};

	run_asking(&good);
	assert_int_equal(good.result, 0);
	assert_string_equal(json_string_value(json_object_get(good.document, "argument")), "a b");
	assert_int_equal(json_string_length(json_object_get(good.document, "padding")),
			 ANSWER_SIZE - 1);
	json_decref(good.document);
	run_asking(&bad);
	assert_int_equal(bad.result, -EPROTO);
	assert_non_null(strstr(bad.err.text, "it is bad"));
	run_asking(&other);
	assert_non_null(strstr(other.err.text, "unknown request"));
	assert_count(fixture, "", 0);
}

static int connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
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
		{long_request, "{\"error\":\"request too long\"}\n"},
	};

	memset(long_request, 'x', sizeof(long_request) - 1);
	long_request[sizeof(long_request) - 1] = '\0';
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = connect_client();
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
	slow = connect_client();
	assert_int_equal(write(slow, "status\n", 7), 7);
	gone = connect_client();
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
		fd[i] = connect_client();
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
		fds[i] = connect_client();
		ev_run(fixture->loop, EVRUN_NOWAIT);
	}
	answer = read_all(fixture, fds[16]);
	assert_string_equal(answer, "{\"error\":\"too many status clients\"}\n");
	close(fds[0]);
	ev_run(fixture->loop, EVRUN_NOWAIT);
	assert_count(fixture, "", 0);
	for (size_t i = 1; i < COUNT(fds); i++)
		close(fds[i]);
}

static void test_socket_is_private(void **state)
{
	auto_memory char *parent = string_printf("%s/run", directory);
	struct stat status;

	(void)state;

	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(parent, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
}

static void test_open_errors(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *file = string_printf("%s/run/file", directory);
	auto_memory char *deep = string_printf("%s/no/such/socket", directory);
	char too_long[200] = "/tmp/";
	struct control *second = NULL;
	struct error err = {0};

	assert_int_equal(open_at(fixture, path, &second, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, path));

	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(open_at(fixture, file, &second, &err), -EEXIST);
	assert_non_null(strstr(err.text, "not a socket"));
	unlink(file);

	assert_int_equal(open_at(fixture, deep, &second, &err), -ENOENT);
	memset(too_long + 5, 'x', sizeof(too_long) - 6);
	assert_int_equal(open_at(fixture, too_long, &second, &err), -ENAMETOOLONG);
	assert_null(second);
	assert_count(fixture, "", 0);
}

static void test_stale_socket_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *stale = string_printf("%s/run/stale", directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *second = NULL;
	struct error err = {0};
	json_t *document = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, stale, strlen(stale) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(status_client_ask(stale, "status", "", &document, &err), -ECONNREFUSED);

	if (open_at(fixture, stale, &second, &err) < 0)
		fail_msg("%s", err.text);
	control_close(second);
	assert_int_equal(access(stale, F_OK), -1);
	assert_int_equal(status_client_ask(stale, "status", "", &document, &err), -ECONNREFUSED);
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
		{"", "closed the connection"},
		{"{\"version\":\"1\"}\n{\"name\":\"x\"}\n", "closed the connection"},
		{"{\"version\":\"1\"}\n{\"name\":", "malformed reply"},
		{"[1]\n", "malformed reply"},
		{"{\"complete\":true}\n", "closed the connection"},
		{"{\"error\":\"not today\"}\n", "refused the request: not today"},
	};
	auto_memory char *bad_path = string_printf("%s/run/bad", directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;

	memcpy(address.sun_path, bad_path, strlen(bad_path) + 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bad_agent bad = {cases[i].answer, listener};
		struct error err = {0};
		json_t *document = NULL;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, answer_badly, &bad), 0);
		assert_int_equal(status_client_ask(bad_path, "status", "", &document, &err),
				 -EPROTO);
		pthread_join(thread, NULL);
		assert_non_null(strstr(err.text, cases[i].complaint));
		assert_null(document);
	}
	close(listener);
	unlink(bad_path);
}

/* Return: the end of the connection's answer, in a process of nobody's */
static int ask_as_nobody(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char answer[100] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	if (setresuid(65534, 65534, 65534) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    recv(fd, answer, sizeof(answer) - 1, 0) <= 0)
		return 2;
	return strcmp(answer,
		      "{\"error\":\"permission denied: only root may read the status\"}\n") == 0
		       ? 0
		       : 1;
}

static void on_told(struct ev_loop *loop, ev_io *io, int events)
{
	(void)io;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

/* Only root can become somebody else. */
static void test_the_mode_of_the_socket_is_not_all(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *parent = string_dup(path);
	char result = 'x';
	int ends[2];
	ev_io told;

	if (geteuid() != 0)
		skip();
	*strrchr(parent, '/') = '\0';
	assert_return_code(chmod(directory, 0755), errno);
	assert_return_code(chmod(parent, 0755), errno);
	assert_return_code(chmod(path, 0666), errno);
	assert_return_code(pipe(ends), errno);
	if (fork() == 0) {
		result = (char)('0' + ask_as_nobody());
		_exit(write(ends[1], &result, 1) != 1);
	}
	ev_io_init(&told, on_told, ends[0], EV_READ);
	ev_io_start(fixture->loop, &told);
	ev_run(fixture->loop, 0);
	ev_io_stop(fixture->loop, &told);
	assert_int_equal(read(ends[0], &result, 1), 1);
	assert_int_equal(result, '0');
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answer_of_one_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_client_holds_up_nobody, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_turns_are_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket_is_private, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_mode_of_the_socket_is_not_all, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_open_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_socket_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_answers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
