/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/http/http_server.h"

#include "lib/base/memory.h"
#include "lib/base/socket_name.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CROWD 200

struct fixture {
	struct ev_loop *loop;
	struct http_clients *clients;
	struct http_server *server;
	struct socket_name name;
};

static void answer(void *owner, const struct http_request *request, struct http_reply *reply)
{
	(void)owner;
	reply->status = 200;
	reply->body = string_dup(request->path);
}

/* Return: a port that was free a moment ago */
static uint16_t free_port(const struct address *address)
{
	struct socket_name name = socket_name_of(address, 0);
	int fd = socket_name_bind(&name, SOCK_STREAM);
	struct sockaddr_in in;
	socklen_t length = sizeof(in);

	assert_return_code(fd, errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&in, &length), errno);
	close(fd);
	return ntohs(in.sin_port);
}

static void prepare(struct fixture *fixture, const struct http_limits *limits)
{
	struct error err = {0};
	struct address address;
	uint16_t port;

	assert_true(address_parse("127.0.0.1", &address));
	port = free_port(&address);
	fixture->loop = ev_loop_new(EVFLAG_AUTO);
	fixture->clients = http_clients_new(fixture->loop, limits);
	fixture->name = socket_name_of(&address, port);
	assert_int_equal(http_server_open(fixture->loop, fixture->clients, &address, port, answer,
					  fixture, &fixture->server, &err),
			 0);
}

static void clean_up(struct fixture *fixture)
{
	http_server_close(fixture->server);
	http_clients_free(fixture->clients);
	ev_loop_destroy(fixture->loop);
}

static int connect_to(const struct fixture *fixture)
{
	int fd = socket_name_connect(&fixture->name, SOCK_STREAM);

	assert_return_code(fd, errno);
	return fd;
}

/* Return: what came, "" where the server ended the connection; waits as long as the test may take */
static char *receive(const struct fixture *fixture, int fd)
{
	char *text = memory_allocate(4096);
	ssize_t size;

	do {
		ev_run(fixture->loop, EVRUN_NOWAIT);
		size = recv(fd, text, 4095, 0);
	} while (size < 0 && (errno == EAGAIN || errno == ENOTCONN));
	return text;
}

static void say(const struct fixture *fixture, int fd, const char *text)
{
	while (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EAGAIN)
		ev_run(fixture->loop, EVRUN_NOWAIT);
}

static void assert_answers(const struct fixture *fixture, int fd)
{
	auto_memory char *text = NULL;

	say(fixture, fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	text = receive(fixture, fd);
	assert_memory_equal(text, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 "));
	assert_non_null(strstr(text, "\r\n\r\n/healthz"));
}

/* What left libmicrohttpd's own listener out of epoll for good. */
static void test_a_crowd_that_comes_and_goes_leaves_no_trace(void **state)
{
	const struct http_limits limits = http_limits_default(1024);
	struct fixture fixture;
	int crowd[CROWD], probe;

	(void)state;
	prepare(&fixture, &limits);
	for (int i = 0; i < CROWD; i++)
		crowd[i] = connect_to(&fixture);
	for (int i = 0; i < CROWD / 8; i++)
		ev_run(fixture.loop, EVRUN_NOWAIT);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);

	probe = connect_to(&fixture);
	assert_answers(&fixture, probe);
	assert_answers(&fixture, probe);
	close(probe);
	clean_up(&fixture);
}

static void test_a_crowd_that_stays_leaves_room_for_a_probe(void **state)
{
	const struct http_limits limits = http_limits_default(1024);
	struct fixture fixture;
	int crowd[CROWD], probe;

	(void)state;
	prepare(&fixture, &limits);
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = connect_to(&fixture);
		say(&fixture, crowd[i], "GET /heal");
	}
	probe = connect_to(&fixture);
	assert_answers(&fixture, probe);
	assert_int_equal(http_clients_count(fixture.clients), limits.per_server);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	close(probe);
	clean_up(&fixture);
}

/* A byte now and then is not a request that comes. */
static void test_bytes_do_not_extend_the_time_of_a_request(void **state)
{
	struct http_limits limits = http_limits_default(1024);
	struct fixture fixture;
	char byte;
	int slow;

	(void)state;
	limits.request = 0.01;
	prepare(&fixture, &limits);
	slow = connect_to(&fixture);
	say(&fixture, slow, "GET /healthz HTTP/1.1\r\nX: ");
	do {
		send(slow, "x", 1, MSG_NOSIGNAL);
		ev_run(fixture.loop, EVRUN_ONCE);
	} while (recv(slow, &byte, 1, 0) < 0 && errno == EAGAIN);
	close(slow);
	clean_up(&fixture);
}

static void test_methods_and_paths(void **state)
{
	static const struct {
		const char *what, *request, *status;
	} cases[] = {
		{"HEAD", "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 "},
		{"POST", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		 "HTTP/1.1 405 "},
		{"PUT that nobody takes",
		 "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n4", "HTTP/1.1 405 "},
		{"HTTP/1.0", "GET /x HTTP/1.0\r\n\r\n", "HTTP/1.1 200 "},
	};
	const struct http_limits limits = http_limits_default(1024);
	struct fixture fixture;

	(void)state;
	prepare(&fixture, &limits);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = connect_to(&fixture);
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		say(&fixture, fd, cases[i].request);
		text = receive(&fixture, fd);
		assert_memory_equal(text, cases[i].status, strlen(cases[i].status));
		close(fd);
	}
	clean_up(&fixture);
}

static void set_value(void *owner, const struct http_request *request, struct http_reply *reply)
{
	(void)owner;
	reply->status = 200;
	reply->body = string_printf("set to %s.", request->body);
}

static void test_a_value_is_put(void **state)
{
	static const struct {
		const char *what, *length, *value, *answer;
	} cases[] = {
		{"a number", "1", "4", "set to 4."},
		{"nothing", "0", "", "set to ."},
		{"as much as there is room for", "70",
		 "0123456789012345678901234567890123456789012345678901234567890123456789",
		 "set to 012345678901234567890123456789012345678901234567890123456789012."},
	};
	const struct http_limits limits = http_limits_default(1024);
	struct fixture fixture;

	(void)state;
	prepare(&fixture, &limits);
	http_server_set_put_handler(fixture.server, set_value);
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *request =
			string_printf("PUT /v HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n%s",
				      cases[i].length, cases[i].value);
		auto_memory char *text = NULL;
		int fd = connect_to(&fixture);

		print_message("%s\n", cases[i].what);
		say(&fixture, fd, request);
		text = receive(&fixture, fd);
		assert_non_null(strstr(text, cases[i].answer));
		close(fd);
	}
	clean_up(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_crowd_that_comes_and_goes_leaves_no_trace),
		cmocka_unit_test(test_a_crowd_that_stays_leaves_room_for_a_probe),
		cmocka_unit_test(test_bytes_do_not_extend_the_time_of_a_request),
		cmocka_unit_test(test_methods_and_paths),
		cmocka_unit_test(test_a_value_is_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
