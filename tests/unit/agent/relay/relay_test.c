/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay/tcp_relay.h"
#include "agent/relay/udp_relay.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The loop runs while the test waits for its sockets. */
static struct ev_loop *loop;

static struct socket_name local_name(uint16_t port)
{
	struct address address;

	assert_true(address_parse("127.0.0.1", &address));
	return socket_name_of(&address, port);
}

static struct socket_name name_of_socket(int fd)
{
	struct socket_name name = {.length = sizeof(name.storage)};

	assert_return_code(getsockname(fd, (struct sockaddr *)&name.storage, &name.length), errno);
	return name;
}

/* A socket on a port of its own. */
static int open_socket(int type, struct socket_name *ret_name)
{
	struct socket_name any = local_name(0);
	int fd = socket_name_bind(&any, type);

	assert_return_code(fd, errno);
	*ret_name = name_of_socket(fd);
	return fd;
}

/* A name that was free a moment ago. */
static struct socket_name free_name(int type)
{
	struct socket_name name;

	close(open_socket(type, &name));
	return name;
}

/* Repeats @call on the loop as long as it would block. */
#define ON_LOOP(result, call)                        \
	do {                                         \
		ev_run(loop, EVRUN_NOWAIT);          \
		(result) = (call);                   \
		if ((result) < 0 && errno == EAGAIN) \
			usleep(1000);                \
	} while ((result) < 0 && errno == EAGAIN)

static void expect_bytes(int fd, char byte, size_t count)
{
	char buffer[4096];
	ssize_t length;

	while (count) {
		ON_LOOP(length,
			recv(fd, buffer, count < sizeof(buffer) ? count : sizeof(buffer), 0));
		assert_return_code(length, errno);
		assert_true(length > 0);
		for (ssize_t i = 0; i < length; i++)
			assert_int_equal(buffer[i], byte);
		count -= (size_t)length;
	}
}

static void expect_end(int fd)
{
	char byte;
	ssize_t length;

	ON_LOOP(length, recv(fd, &byte, 1, 0));
	assert_int_equal(length, 0);
}

static void expect_reset(int fd)
{
	char byte;
	ssize_t length;

	ON_LOOP(length, recv(fd, &byte, 1, 0));
	assert_int_equal(length, -1);
	assert_int_equal(errno, ECONNRESET);
}

static void settle(void)
{
	for (int i = 0; i < 50; i++) {
		ev_run(loop, EVRUN_NOWAIT);
		usleep(1000);
	}
}

struct tcp_setup {
	struct tcp_relay *relay;
	struct tcp_relay_listener *listener;
	struct socket_name name;
	int server;
};

static void tcp_setup(struct tcp_setup *setup, size_t limit)
{
	struct socket_name target;

	setup->relay = tcp_relay_new(loop, limit);
	setup->server = open_socket(SOCK_STREAM, &target);
	assert_return_code(listen(setup->server, 8), errno);
	setup->name = free_name(SOCK_STREAM);
	assert_int_equal(tcp_relay_listen(setup->relay, &setup->name, &target, &setup->listener),
			 0);
}

static void tcp_end(struct tcp_setup *setup)
{
	tcp_relay_close(setup->listener);
	tcp_relay_free(setup->relay);
	close(setup->server);
}

static void connect_pair(const struct tcp_setup *setup, int *ret_client, int *ret_server)
{
	*ret_client = socket_name_connect(&setup->name, SOCK_STREAM);
	assert_return_code(*ret_client, errno);
	ON_LOOP(*ret_server, accept4(setup->server, NULL, NULL, SOCK_NONBLOCK));
	assert_return_code(*ret_server, errno);
}

static void test_data_passes_both_ways(void **state)
{
	struct tcp_setup setup;
	int client, server;

	(void)state;
	tcp_setup(&setup, 10);
	connect_pair(&setup, &client, &server);
	assert_int_equal(send(client, "aaa", 3, 0), 3);
	expect_bytes(server, 'a', 3);
	assert_int_equal(send(server, "bb", 2, 0), 2);
	expect_bytes(client, 'b', 2);
	close(client);
	expect_end(server);
	close(server);
	settle();
	assert_int_equal(tcp_relay_connection_count(setup.relay), 0);
	tcp_end(&setup);
}

/* The server answers much after the client has said all it had to say. */
static void test_half_closed_goes_on(void **state)
{
	static char chunk[65536];
	const size_t total = 64 * sizeof(chunk);
	size_t sent = 0, received = 0;
	struct tcp_setup setup;
	int client, server;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	tcp_setup(&setup, 10);
	connect_pair(&setup, &client, &server);
	assert_int_equal(send(client, "a", 1, 0), 1);
	assert_return_code(shutdown(client, SHUT_WR), errno);
	expect_bytes(server, 'a', 1);
	expect_end(server);
	while (received < total) {
		ssize_t length =
			sent < total ? send(server, chunk, sizeof(chunk), MSG_NOSIGNAL) : 0;

		if (length > 0)
			sent += (size_t)length;
		ON_LOOP(length, recv(client, chunk, sizeof(chunk), 0));
		assert_true(length > 0);
		received += (size_t)length;
	}
	assert_true(received >= total);
	assert_int_equal(tcp_relay_connection_count(setup.relay), 1);
	close(server);
	while (received < sent) {
		ssize_t length;

		ON_LOOP(length, recv(client, chunk, sizeof(chunk), 0));
		assert_true(length > 0);
		received += (size_t)length;
	}
	expect_end(client);
	close(client);
	settle();
	assert_int_equal(tcp_relay_connection_count(setup.relay), 0);
	tcp_end(&setup);
}

static void test_nobody_at_the_target_is_a_reset(void **state)
{
	struct tcp_setup setup;
	int client;

	(void)state;
	tcp_setup(&setup, 10);
	close(setup.server);
	client = socket_name_connect(&setup.name, SOCK_STREAM);
	expect_reset(client);
	close(client);
	setup.server = -1;
	assert_int_equal(tcp_relay_connection_count(setup.relay), 0);
	tcp_relay_close(setup.listener);
	tcp_relay_free(setup.relay);
}

static void test_more_than_the_limit_is_reset(void **state)
{
	struct tcp_setup setup;
	int client, server, second;

	(void)state;
	tcp_setup(&setup, 1);
	connect_pair(&setup, &client, &server);
	second = socket_name_connect(&setup.name, SOCK_STREAM);
	expect_reset(second);
	close(second);
	assert_int_equal(send(client, "a", 1, 0), 1);
	expect_bytes(server, 'a', 1);
	close(client);
	close(server);
	settle();
	connect_pair(&setup, &client, &server);
	close(client);
	close(server);
	tcp_end(&setup);
}

static void test_connections_outlive_their_listener(void **state)
{
	struct tcp_setup setup;
	int client, server;

	(void)state;
	tcp_setup(&setup, 10);
	connect_pair(&setup, &client, &server);
	tcp_relay_close(setup.listener);
	setup.listener = NULL;
	assert_int_equal(send(client, "a", 1, 0), 1);
	expect_bytes(server, 'a', 1);
	tcp_end(&setup);
	expect_reset(client);
	close(client);
	close(server);
}

/* A relay with room for one client, and where it passes datagrams on to. */
struct udp_setup {
	struct udp_relay *relay;
	struct udp_relay_listener *listener;
	struct socket_name name;
	int server;
};

static void udp_setup(struct udp_setup *setup, double idle_seconds)
{
	struct socket_name target;

	setup->relay = udp_relay_new(loop, 1, idle_seconds);
	setup->server = open_socket(SOCK_DGRAM, &target);
	setup->name = free_name(SOCK_DGRAM);
	assert_int_equal(udp_relay_listen(setup->relay, &setup->name, &target, &setup->listener),
			 0);
}

static void udp_end(struct udp_setup *setup)
{
	udp_relay_close(setup->listener);
	assert_int_equal(udp_relay_client_count(setup->relay), 0);
	udp_relay_free(setup->relay);
	close(setup->server);
}

/* Return: who the server got it from */
static struct socket_name ask(const struct udp_setup *setup, int client)
{
	struct socket_name peer = {.length = sizeof(peer.storage)};
	char byte;
	ssize_t length;

	assert_int_equal(send(client, "q", 1, 0), 1);
	ON_LOOP(length, recvfrom(setup->server, &byte, 1, 0, (struct sockaddr *)&peer.storage,
				 &peer.length));
	assert_int_equal(length, 1);
	return peer;
}

static void test_datagrams(void **state)
{
	struct udp_setup setup;
	int clients[2];

	(void)state;
	udp_setup(&setup, 1000);
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct socket_name peer;

		clients[i] = socket_name_connect(&setup.name, SOCK_DGRAM);
		peer = ask(&setup, clients[i]);
		assert_int_equal(sendto(setup.server, i ? "2" : "1", 1, 0,
					(struct sockaddr *)&peer.storage, peer.length),
				 1);
		expect_bytes(clients[i], i ? '2' : '1', 1);
		/* The second takes the place of the first. */
		assert_int_equal(udp_relay_client_count(setup.relay), 1);
	}
	udp_end(&setup);
	close(clients[0]);
	close(clients[1]);
}

static void test_idle_clients_are_forgotten(void **state)
{
	struct udp_setup setup;
	int client;

	(void)state;
	udp_setup(&setup, 0.05);
	client = socket_name_connect(&setup.name, SOCK_DGRAM);
	for (int i = 0; i < 2; i++) {
		ask(&setup, client);
		while (udp_relay_client_count(setup.relay))
			ev_run(loop, EVRUN_ONCE);
	}
	udp_end(&setup);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_passes_both_ways),
		cmocka_unit_test(test_half_closed_goes_on),
		cmocka_unit_test(test_nobody_at_the_target_is_a_reset),
		cmocka_unit_test(test_more_than_the_limit_is_reset),
		cmocka_unit_test(test_connections_outlive_their_listener),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_idle_clients_are_forgotten),
	};
	int failed;

	loop = ev_loop_new(EVFLAG_AUTO);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ev_loop_destroy(loop);
	return failed;
}
