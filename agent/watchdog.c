/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watchdog.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"

#if HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

struct watchdog {
	const struct proxy_health *health;
	struct timer due;
	double period; /* 0 = nobody waits for a sign */
	bool is_silent;
};

/* Seconds from one sign to the next. */
static double read_period(void)
{
#if HAVE_LIBSYSTEMD
	uint64_t microseconds;

	if (sd_watchdog_enabled(0, &microseconds) > 0)
		return (double)microseconds / 2e6;
#endif
	return 0;
}

static void give_sign(void)
{
#if HAVE_LIBSYSTEMD
	sd_notify(0, "WATCHDOG=1");
#endif
}

static void on_due(void *owner)
{
	struct watchdog *watchdog = owner;
	bool is_healthy = proxy_health_is_healthy(watchdog->health, clock_milliseconds(), NULL);

	timer_start(&watchdog->due, watchdog->period);
	if (is_healthy)
		give_sign();
	else if (!watchdog->is_silent)
		log_warning("changes are late; systemd restarts the agent if that lasts");
	watchdog->is_silent = !is_healthy;
}

struct watchdog *watchdog_new(struct ev_loop *loop, const struct proxy_health *health)
{
	struct watchdog *watchdog = memory_allocate(sizeof(*watchdog));

	watchdog->health = health;
	watchdog->period = read_period();
	timer_init(&watchdog->due, loop, on_due, watchdog);
	if (watchdog->period > 0)
		timer_start(&watchdog->due, 0);
	return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
	if (!watchdog)
		return;
	timer_stop(&watchdog->due);
	free(watchdog);
}
