/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/health_ports.h"

#include "lib/base/socket_name.h"
#include "tests/unit/agent/log_capture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>

#define RETRY_SECONDS 0.01
#define TRIES	      3

struct fixture {
	struct ev_loop *loop;
	struct http_clients *clients;
	struct proxy_health health;
	struct events *events;
	struct health_ports *ports;
	struct address address;
	unsigned int event_count;
	uint16_t port;
};

static void count_event(void *owner, const struct kube_event *event)
{
	struct fixture *fixture = owner;

	assert_string_equal(event->reason, "FailedToStartServiceHealthcheck");
	fixture->event_count++;
}

/* Return: a socket that listens on a port of its own */
static int occupy(struct fixture *fixture)
{
	struct socket_name name = socket_name_of(&fixture->address, 0);
	struct sockaddr_in in;
	socklen_t length = sizeof(in);
	int fd = socket_name_bind(&name, SOCK_STREAM);

	assert_return_code(fd, errno);
	assert_return_code(listen(fd, 1), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&in, &length), errno);
	fixture->port = ntohs(in.sin_port);
	return fd;
}

static void prepare(struct fixture *fixture)
{
	const struct prefix range = {.address = {.family = AF_INET}, .length = 0};
	const struct http_limits limits = http_limits_default(1024);

	fixture->loop = ev_loop_new(EVFLAG_AUTO);
	proxy_health_init(&fixture->health, 10);
	fixture->events = events_new("node1");
	events_set_writer(fixture->events, count_event, fixture);
	fixture->clients = http_clients_new(fixture->loop, &limits);
	fixture->ports = health_ports_new(fixture->loop, fixture->clients, &fixture->health,
					  fixture->events, "node1", RETRY_SECONDS);
	assert_true(address_parse("127.0.0.1", &fixture->address));
	health_ports_listen_on(fixture->ports, &fixture->address, 1, &range, 1);
}

static void clean_up(struct fixture *fixture)
{
	health_ports_free(fixture->ports);
	http_clients_free(fixture->clients);
	events_free(fixture->events);
	ev_loop_destroy(fixture->loop);
}

static void run_tries(struct fixture *fixture)
{
	unsigned int wanted = fixture->event_count + TRIES;

	while (fixture->event_count < wanted)
		ev_run(fixture->loop, EVRUN_ONCE);
}

static void assert_logged(const struct fixture *fixture, const struct log_capture *log,
			  const char *wanted)
{
	auto_memory char *lines = log_capture_take(log);
	auto_memory char *expected =
		*wanted ? string_printf("%s127.0.0.1:%u%s\n",
					"warning: Service default/web: health check port: "
					"listening on ",
					fixture->port, wanted)
			: string_dup("");

	assert_string_equal(lines, expected);
}

/* Descriptors of this process; those that are there stay. */
static void set_descriptor_limit(rlim_t number)
{
	struct rlimit limit;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	limit.rlim_cur = number < limit.rlim_max ? number : limit.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
}

/* A port that somebody else has is tried again and again, and told of when something changes. */
static void test_a_failure_is_logged_once_for_each_cause(void **state)
{
	struct fixture fixture = {0};
	struct log_capture log;
	auto_memory char *lines = NULL;
	auto_memory char *wanted = NULL;
	int occupant;

	(void)state;
	prepare(&fixture);
	occupant = occupy(&fixture);
	log_capture_begin(&log);

	health_ports_set(fixture.ports, "default/web", fixture.port, 1);
	assert_logged(&fixture, &log, ": Address already in use; retrying every 0 s");
	run_tries(&fixture);
	assert_logged(&fixture, &log, "");

	set_descriptor_limit(0);
	run_tries(&fixture);
	set_descriptor_limit(1024);
	assert_logged(&fixture, &log, ": Too many open files; retrying every 0 s");
	run_tries(&fixture);
	assert_logged(&fixture, &log, ": Address already in use; retrying every 0 s");

	close(occupant);
	do {
		ev_run(fixture.loop, EVRUN_ONCE);
		free(lines);
		lines = log_capture_take(&log);
	} while (!*lines);
	wanted = string_printf("info: Service default/web: health check port: now listening on "
			       "127.0.0.1:%u\n",
			       fixture.port);
	assert_string_equal(lines, wanted);
	log_capture_end(&log);
	clean_up(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_is_logged_once_for_each_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
