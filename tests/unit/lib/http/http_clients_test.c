/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/http/http_clients.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS_MAX 16

static const struct http_limits limits = {
	.per_address = 2, .per_server = 4, .total = 6, .request = 3600, .connection = 3600};

struct fixture {
	struct ev_loop *loop;
	struct http_clients *clients;
	size_t count;
	struct http_client *all[CLIENTS_MAX];
	int sockets[CLIENTS_MAX][2]; /* the server's end, and the other */
};

static void prepare(struct fixture *fixture, const struct http_limits *chosen)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->loop = ev_loop_new(EVFLAG_AUTO);
	fixture->clients = http_clients_new(fixture->loop, chosen);
}

static void clean_up(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		http_client_free(fixture->all[i]);
		close(fixture->sockets[i][0]);
		close(fixture->sockets[i][1]);
	}
	assert_int_equal(http_clients_count(fixture->clients), 0);
	http_clients_free(fixture->clients);
	ev_loop_destroy(fixture->loop);
}

/* @server: "1", "2", ... */
static void add(struct fixture *fixture, char server, const char *text, bool is_local)
{
	static const char servers[10];
	size_t i = fixture->count++;
	struct address address;

	assert_true(i < CLIENTS_MAX);
	assert_true(address_parse(text, &address));
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fixture->sockets[i]),
			   errno);
	fixture->all[i] = http_clients_add(fixture->clients, &servers[server - '0'],
					   fixture->sockets[i][0], &address, is_local);
}

static bool is_dismissed(const struct fixture *fixture, size_t i)
{
	char byte;

	return recv(fixture->sockets[i][1], &byte, 1, 0) == 0;
}

/* "a-b-": those that were dismissed show as '-' */
static const char *shown(const struct fixture *fixture, char *text)
{
	for (size_t i = 0; i < fixture->count; i++)
		text[i] = is_dismissed(fixture, i) ? '-' : (char)('a' + i);
	text[fixture->count] = '\0';
	return text;
}

/* One row is one run; "1:10.0.0.1" is a client of server 1, with '*' behind it one of this host. */
static void test_who_makes_room(void **state)
{
	static const struct {
		const char *what;
		const char *clients[8];
		const char *left;
	} cases[] = {
		{"there is room for two of an address", {"1:10.0.0.1", "1:10.0.0.1"}, "ab"},
		{"the oldest of the same address makes room for its third",
		 {"1:10.0.0.1", "1:10.0.0.2", "1:10.0.0.1", "1:10.0.0.1"},
		 "-bcd"},
		{"an address counts at each server for itself",
		 {"1:10.0.0.1", "1:10.0.0.1", "2:10.0.0.1", "2:10.0.0.1"},
		 "abcd"},
		{"a full server drops the oldest of the address with most",
		 {"1:10.0.0.1", "1:10.0.0.2", "1:10.0.0.2", "1:10.0.0.3", "1:10.0.0.4"},
		 "a-cde"},
		{"one address after the other pushes out the oldest",
		 {"1:10.0.0.1", "1:10.0.0.2", "1:10.0.0.3", "1:10.0.0.4", "1:10.0.0.5"},
		 "-bcde"},
		{"IPv6 addresses of one /64 are one client",
		 {"1:fd00::1", "1:fd00::2", "1:fd00::3"},
		 "-bc"},
		{"IPv6 addresses of two /64 are two clients",
		 {"1:fd00::1", "1:fd00::2", "1:fd00:0:0:1::3"},
		 "abc"},
		{"one address of this host may have all its room",
		 {"1:127.0.0.1*", "1:127.0.0.1*", "1:127.0.0.1*", "1:127.0.0.1*"},
		 "abcd"},
		{"the oldest of this host makes room for another of this host",
		 {"1:127.0.0.1*", "1:127.0.0.1*", "1:127.0.0.1*", "1:127.0.0.1*", "1:127.0.0.1*"},
		 "-bcde"},
		{"other hosts leave this one its room",
		 {"1:127.0.0.1*", "1:10.0.0.1", "1:10.0.0.2", "1:10.0.0.3", "1:10.0.0.4",
		  "1:10.0.0.5"},
		 "a-cdef"},
		{"where there is no room at all the oldest of other hosts goes",
		 {"1:127.0.0.1*", "2:10.0.0.1", "2:10.0.0.1", "3:10.0.0.1", "3:10.0.0.1",
		  "4:10.0.0.1", "5:127.0.0.1*"},
		 "a-cdefg"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[CLIENTS_MAX + 1];
		struct fixture fixture;

		print_message("%s\n", cases[i].what);
		prepare(&fixture, &limits);
		for (size_t j = 0; j < COUNT(cases[i].clients) && cases[i].clients[j]; j++) {
			const char *client = cases[i].clients[j];
			size_t length = strcspn(client + 2, "*");
			auto_memory char *address = string_printf("%.*s", (int)length, client + 2);

			add(&fixture, client[0], address, client[2 + length] == '*');
		}
		assert_string_equal(shown(&fixture, text), cases[i].left);
		clean_up(&fixture);
	}
}

static void wait_until_dismissed(const struct fixture *fixture, size_t i)
{
	while (!is_dismissed(fixture, i))
		ev_run(fixture->loop, EVRUN_ONCE);
}

static void test_a_request_has_to_come_in_time(void **state)
{
	struct http_limits chosen = limits;
	struct fixture fixture;

	(void)state;
	chosen.request = 0.01;
	prepare(&fixture, &chosen);
	add(&fixture, '1', "10.0.0.1", false);
	add(&fixture, '1', "10.0.0.2", false);
	http_client_asked(fixture.all[1]);
	wait_until_dismissed(&fixture, 0);
	assert_false(is_dismissed(&fixture, 1));

	http_client_answered(fixture.all[1]);
	wait_until_dismissed(&fixture, 1);
	clean_up(&fixture);
}

static void test_a_connection_ends_in_time(void **state)
{
	struct http_limits chosen = limits;
	struct fixture fixture;

	(void)state;
	chosen.connection = 0.01;
	prepare(&fixture, &chosen);
	add(&fixture, '1', "127.0.0.1", true);
	http_client_asked(fixture.all[0]);
	wait_until_dismissed(&fixture, 0);
	assert_int_equal(http_clients_count(fixture.clients), 0);
	clean_up(&fixture);
}

static void test_descriptors_are_left_for_the_rest(void **state)
{
	(void)state;
	assert_int_equal(http_limits_default(1024).total, 256);
	assert_int_equal(http_limits_default(1 << 20).total, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_makes_room),
		cmocka_unit_test(test_a_request_has_to_come_in_time),
		cmocka_unit_test(test_a_connection_ends_in_time),
		cmocka_unit_test(test_descriptors_are_left_for_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
