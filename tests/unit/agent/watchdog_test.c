/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watchdog.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* What systemd gives to a service with WatchdogSec=20ms. */
static int listen_as_systemd(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	auto_memory char *process = string_printf("%d", getpid());

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "watchdog_test.%s", process);
	assert_return_code(bind(fd, (struct sockaddr *)&address,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					    strlen(address.sun_path + 1))),
			   errno);
	address.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", process, 1);
	return fd;
}

/* Return: signs within so many seconds */
static unsigned int count_signs(struct ev_loop *loop, int fd, double seconds)
{
	double end = clock_now() + seconds;
	unsigned int count = 0;
	char text[64];

	while (clock_now() < end) {
		ssize_t size;

		ev_run(loop, EVRUN_ONCE);
		size = recv(fd, text, sizeof(text), 0);
		if (size < 0)
			continue;
		assert_int_equal(size, strlen("WATCHDOG=1"));
		assert_memory_equal(text, "WATCHDOG=1", strlen("WATCHDOG=1"));
		count++;
	}
	return count;
}

static void test_signs_stop_while_changes_are_late(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	int fd = listen_as_systemd();
	struct proxy_health health;
	struct watchdog *watchdog;

	(void)state;
	proxy_health_init(&health, 0);
	watchdog = watchdog_new(loop, &health);
	assert_true(count_signs(loop, fd, 0.1) >= 1);

	proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, clock_milliseconds(), 0);
	proxy_health_queued(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, clock_milliseconds());
	assert_int_equal(count_signs(loop, fd, 0.1), 0);

	proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, clock_milliseconds(), 0);
	assert_true(count_signs(loop, fd, 0.1) >= 1);
	watchdog_free(watchdog);
	close(fd);
	ev_loop_destroy(loop);
}

static void test_without_a_watchdog_nothing_wakes_the_loop(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct proxy_health health;
	struct watchdog *watchdog;

	(void)state;
	unsetenv("WATCHDOG_USEC");
	proxy_health_init(&health, 10);
	watchdog = watchdog_new(loop, &health);
	assert_int_equal(ev_pending_count(loop), 0);
	assert_false(ev_run(loop, EVRUN_NOWAIT));
	watchdog_free(watchdog);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs_stop_while_changes_are_late),
		cmocka_unit_test(test_without_a_watchdog_nothing_wakes_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
