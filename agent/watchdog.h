/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_WATCHDOG_H
#define AGENT_WATCHDOG_H

#include "agent/http/proxy_health.h"

#include <ev.h>

/**
 * struct watchdog - tells systemd that the agent works, as long as it does
 *
 * Twice in each WatchdogSec= of its unit, from the event loop: a loop that is stuck says nothing,
 * nor does one whose changes are late, as /livez has it. systemd ends and restarts the agent then;
 * the kernel forwards meanwhile as programmed. Without such a unit, and in a build without
 * libsystemd, it does nothing.
 */
struct watchdog;

/** watchdog_new() - @health: must outlive it */
struct watchdog *watchdog_new(struct ev_loop *loop, const struct proxy_health *health);

/** watchdog_free() - NULL is fine */
void watchdog_free(struct watchdog *watchdog);

#endif
