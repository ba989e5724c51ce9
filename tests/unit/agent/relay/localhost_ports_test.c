/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay/localhost_ports.h"

#include "lib/base/socket_name.h"
#include "tests/unit/agent/log_capture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>

#define RETRY_SECONDS 0.01
#define PORTS_MAX     16

struct fixture {
	struct ev_loop *loop;
	struct localhost_ports *ports;
	struct log_capture log;
	uint16_t first_port; /* of PORTS_MAX that nobody else uses */
};

static int occupy(uint16_t port)
{
	struct socket_name name;
	struct address address;
	int fd;

	assert_true(address_parse("127.0.0.1", &address));
	name = socket_name_of(&address, port);
	fd = socket_name_bind(&name, SOCK_STREAM);
	if (fd >= 0 && listen(fd, 1) < 0) {
		close(fd);
		fd = -errno;
	}
	return fd;
}

static uint16_t find_free_ports(void)
{
	for (uint16_t first = 20000; first < 30000; first = (uint16_t)(first + PORTS_MAX)) {
		int count = 0;

		for (; count < PORTS_MAX; count++) {
			int fd = occupy((uint16_t)(first + count));

			if (fd < 0)
				break;
			close(fd);
		}
		if (count == PORTS_MAX)
			return first;
	}
	fail_msg("no free ports");
	return 0;
}

static void prepare(struct fixture *fixture, size_t descriptors)
{
	const enum loopback_use uses[] = {LOOPBACK_USE_BESIDE, LOOPBACK_USE_NONE};

	fixture->first_port = find_free_ports();
	fixture->loop = ev_loop_new(EVFLAG_AUTO);
	fixture->ports = localhost_ports_new(fixture->loop, descriptors, RETRY_SECONDS);
	assert_true(localhost_ports_select(fixture->ports, uses));
	log_capture_begin(&fixture->log);
}

static void clean_up(struct fixture *fixture)
{
	log_capture_end(&fixture->log);
	localhost_ports_free(fixture->ports);
	ev_loop_destroy(fixture->loop);
}

/* A Service with @count NodePorts from @first on, counted from the fixture's first. */
static void plan(struct fixture *fixture, const char *key, unsigned int first, unsigned int count)
{
	struct service_port ports[PORTS_MAX] = {0};
	struct wanted_server servers[PORTS_MAX] = {0};
	const struct service service = {.ports = ports, .port_count = count};
	const struct service_state state = {.servers = servers, .server_count = count};

	for (unsigned int i = 0; i < count; i++) {
		struct virtual_server_key *server = &servers[i].server.key;

		ports[i].node_port = (uint16_t)(fixture->first_port + first + i);
		ports[i].protocol = IPPROTO_TCP;
		assert_true(address_parse("192.0.2.1", &server->address));
		server->port = ports[i].node_port;
		server->protocol = IPPROTO_TCP;
		servers[i].port_index = i;
		servers[i].destination_count = 1;
	}
	localhost_ports_planned(fixture->ports, key, &service, &state);
}

/* How many of the fixture's ports are listened on. */
static size_t listening_count(const struct fixture *fixture)
{
	size_t count = 0;

	for (unsigned int i = 0; i < PORTS_MAX; i++) {
		int fd = occupy((uint16_t)(fixture->first_port + i));

		if (fd >= 0)
			close(fd);
		else
			count += fd == -EADDRINUSE;
	}
	return count;
}

static void assert_logged(struct fixture *fixture, const char *wanted)
{
	auto_memory char *lines = NULL;

	do {
		ev_run(fixture->loop, EVRUN_ONCE);
		free(lines);
		lines = log_capture_take(&fixture->log);
	} while (!*lines);
	assert_string_equal(lines, wanted);
}

/* While something fails the timer for the next try goes on. */
static void assert_quiet(struct fixture *fixture)
{
	auto_memory char *lines = NULL;

	for (int i = 0; i < 20; i++)
		ev_run(fixture->loop, EVRUN_ONCE);
	lines = log_capture_take(&fixture->log);
	assert_string_equal(lines, "");
}

static void test_sockets_that_are_too_few(void **state)
{
	static const char because[] =
		"RLIMIT_NOFILE is 16, half of it for NodePorts; retrying every 0 s";
	auto_memory char *four =
		string_printf("warning: 4 NodePorts do not listen on localhost: %s\n", because);
	auto_memory char *one =
		string_printf("warning: 1 NodePorts do not listen on localhost: %s\n", because);
	struct fixture fixture = {0};

	(void)state;
	prepare(&fixture, 16);
	plan(&fixture, "default/a", 0, 6);
	plan(&fixture, "default/b", 6, 6);
	assert_int_equal(listening_count(&fixture), 8);
	assert_logged(&fixture, four);
	assert_quiet(&fixture);

	plan(&fixture, "default/a", 0, 3);
	assert_logged(&fixture, one);
	assert_int_equal(listening_count(&fixture), 8);
	plan(&fixture, "default/a", 0, 1);
	assert_logged(&fixture, "info: all NodePorts listen on localhost again\n");
	assert_int_equal(listening_count(&fixture), 7);

	plan(&fixture, "default/a", 0, 0);
	plan(&fixture, "default/b", 6, 0);
	assert_int_equal(listening_count(&fixture), 0);
	clean_up(&fixture);
}

static void set_descriptor_limit(rlim_t number)
{
	struct rlimit limit;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	limit.rlim_cur = number < limit.rlim_max ? number : limit.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
}

/* Others may have taken what should be left. */
static void test_descriptors_that_are_gone(void **state)
{
	struct fixture fixture = {0};

	(void)state;
	prepare(&fixture, 1024);
	set_descriptor_limit(0);
	plan(&fixture, "default/a", 0, 3);
	assert_logged(
		&fixture,
		"warning: 3 NodePorts do not listen on localhost: RLIMIT_NOFILE is 1024, half of it for NodePorts; retrying every 0 s\n");
	set_descriptor_limit(1024);
	assert_logged(&fixture, "info: all NodePorts listen on localhost again\n");
	assert_int_equal(listening_count(&fixture), 3);
	clean_up(&fixture);
}

static void test_a_port_that_somebody_has(void **state)
{
	struct fixture fixture = {0};
	auto_memory char *failed = NULL, *healed = NULL;
	int occupant;

	(void)state;
	prepare(&fixture, 1024);
	occupant = occupy(fixture.first_port);
	assert_return_code(occupant, -occupant);
	failed = string_printf("warning: NodePort %u/TCP of Service default/a on localhost: "
			       "Address already in use; retrying every 0 s\n",
			       fixture.first_port);
	healed = string_printf(
		"info: NodePort %u/TCP of Service default/a on localhost: now listening\n",
		fixture.first_port);
	plan(&fixture, "default/a", 0, 2);
	assert_logged(&fixture, failed);
	assert_quiet(&fixture);
	close(occupant);
	assert_logged(&fixture, healed);
	assert_int_equal(listening_count(&fixture), 2);
	clean_up(&fixture);
}

/* A Service with one NodePort and a cluster IP; with or without an address that has the NodePort. */
static void plan_cluster_ip(struct fixture *fixture, bool has_node_address, uint16_t family)
{
	struct service_port port = {
		.node_port = fixture->first_port, .port = 80, .protocol = IPPROTO_TCP};
	struct wanted_server servers[2] = {0};
	struct address cluster_ip;
	const struct service service = {
		.ports = &port, .port_count = 1, .cluster_ips = &cluster_ip, .cluster_ip_count = 1};
	const struct service_state state = {.servers = servers,
					    .server_count = has_node_address ? 2 : 1};

	assert_true(address_parse(family == AF_INET ? "192.0.2.2" : "2001:db8::2", &cluster_ip));
	for (size_t i = 0; i < COUNT(servers); i++) {
		servers[i].server.key.protocol = IPPROTO_TCP;
		servers[i].destination_count = 1;
	}
	servers[0].server.key.address = cluster_ip;
	servers[0].server.key.port = 80;
	assert_true(address_parse("192.0.2.1", &servers[1].server.key.address));
	servers[1].server.key.port = fixture->first_port;
	localhost_ports_planned(fixture->ports, "default/a", &service, &state);
}

/* Where no address of the node has the NodePort, the cluster IP serves it, if loopback is named. */
static void test_loopback_alone(void **state)
{
	static const struct {
		const char *what;
		enum loopback_use use;
		bool has_node_address;
		uint16_t family;
		size_t listening;
	} rows[] = {
		{"not named, with an address", LOOPBACK_USE_BESIDE, true, AF_INET, 1},
		{"not named, without an address", LOOPBACK_USE_BESIDE, false, AF_INET, 0},
		{"named, with an address", LOOPBACK_USE_ALWAYS, true, AF_INET, 1},
		{"named, without an address", LOOPBACK_USE_ALWAYS, false, AF_INET, 1},
		{"named, a Service of the other family", LOOPBACK_USE_ALWAYS, false, AF_INET6, 0},
		{"no NodePorts on loopback", LOOPBACK_USE_NONE, true, AF_INET, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const enum loopback_use uses[] = {rows[i].use, LOOPBACK_USE_NONE};
		struct fixture fixture = {0};

		print_message("%s\n", rows[i].what);
		prepare(&fixture, 1024);
		localhost_ports_select(fixture.ports, uses);
		plan_cluster_ip(&fixture, rows[i].has_node_address, rows[i].family);
		assert_int_equal(listening_count(&fixture), rows[i].listening);
		clean_up(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_that_are_too_few),
		cmocka_unit_test(test_descriptors_that_are_gone),
		cmocka_unit_test(test_a_port_that_somebody_has),
		cmocka_unit_test(test_loopback_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
