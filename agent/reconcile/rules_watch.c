/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules_watch.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"
#include "lib/kernel/legacy_tables.h"
#include "lib/kernel/nftables.h"

#include <sys/socket.h>

#define LEGACY_SECONDS 1.0

#define REOPEN_SECONDS_MIN 0.1
#define REOPEN_SECONDS_MAX 30.0

static const uint16_t families[] = {AF_INET, AF_INET6};

/**
 * struct rules_watch
 * @monitor:  NULL while nftables cannot be listened to
 * @last:     what the legacy tables had, IPv4 and IPv6
 * @is_written:  since then by us
 */
struct rules_watch {
	struct ev_loop *loop;
	void (*on_changed)(void *owner, uint16_t family, const char *writer);
	void (*on_lost)(void *owner, enum health_part part, const char *reason);
	void *owner;
	struct nftables_monitor *monitor;
	struct legacy_tables last[COUNT(families)];
	bool is_written[COUNT(families)];
	double reopen_seconds;
	ev_io readable;
	struct timer reopen;
	ev_timer legacy;
};

static int open_monitor(struct rules_watch *watch, struct error *err)
{
	int r = nftables_monitor_open(&watch->monitor, err);

	if (r < 0)
		return r;
	ev_io_set(&watch->readable, nftables_monitor_descriptor(watch->monitor), EV_READ);
	ev_io_start(watch->loop, &watch->readable);
	return 0;
}

static void lose_monitor(struct rules_watch *watch, const struct error *err)
{
	ev_io_stop(watch->loop, &watch->readable);
	nftables_monitor_close(take(&watch->monitor));
	watch->on_lost(watch->owner, HEALTH_PART_RULE_EVENTS, err->text);
	timer_start(&watch->reopen, watch->reopen_seconds);
	watch->reopen_seconds *= 4;
	if (watch->reopen_seconds > REOPEN_SECONDS_MAX)
		watch->reopen_seconds = REOPEN_SECONDS_MAX;
}

static void on_reopen(void *owner)
{
	struct rules_watch *watch = owner;
	struct error err = {0};

	if (open_monitor(watch, &err) < 0) {
		lose_monitor(watch, &err);
		return;
	}
	watch->on_lost(watch->owner, HEALTH_PART_RULE_EVENTS, "");
	for (size_t i = 0; i < COUNT(families); i++)
		watch->on_changed(watch->owner, families[i], "");
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct rules_watch *watch = container_of(io, struct rules_watch, readable);
	struct nftables_change change;
	struct error err = {0};

	(void)loop;
	(void)events;
	if (nftables_monitor_read(watch->monitor, &change, &err) < 0) {
		log_warning("%s; reopening it, until then changes of rules are noticed late",
			    err.text);
		lose_monitor(watch, &err);
		return;
	}
	watch->reopen_seconds = REOPEN_SECONDS_MIN;
	for (size_t i = 0; i < COUNT(families); i++)
		if (change.is_relevant[i])
			watch->on_changed(watch->owner, families[i], change.writer);
}

/* Where they cannot be looked at the periodic verification has to do. */
static void on_legacy(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct rules_watch *watch = container_of(timer, struct rules_watch, legacy);

	(void)loop;
	(void)events;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct legacy_tables now;

		if (legacy_tables_look(families[i], &now, NULL) < 0 ||
		    (legacy_tables_is_equal(&now, &watch->last[i]) && !watch->is_written[i]))
			continue;
		watch->last[i] = now;
		watch->is_written[i] = false;
		watch->on_changed(watch->owner, families[i], "");
	}
}

void rules_watch_written(struct rules_watch *watch, enum ip_family family)
{
	watch->is_written[family] = true;
}

void rules_watch_set_legacy(struct rules_watch *watch, bool is_legacy)
{
	if (!is_legacy)
		ev_timer_stop(watch->loop, &watch->legacy);
	else if (!ev_is_active(&watch->legacy))
		ev_timer_again(watch->loop, &watch->legacy);
}

struct rules_watch *rules_watch_new(
	struct ev_loop *loop, void (*on_changed)(void *owner, uint16_t family, const char *writer),
	void (*on_lost)(void *owner, enum health_part part, const char *reason), void *owner)
{
	struct rules_watch *watch = memory_allocate(sizeof(*watch));
	struct error err = {0};

	watch->loop = loop;
	watch->on_changed = on_changed;
	watch->on_lost = on_lost;
	watch->owner = owner;
	watch->reopen_seconds = REOPEN_SECONDS_MIN;
	ev_init(&watch->readable, on_readable);
	timer_init(&watch->reopen, watch->loop, on_reopen, watch);
	ev_timer_init(&watch->legacy, on_legacy, LEGACY_SECONDS, LEGACY_SECONDS);
	if (open_monitor(watch, &err) < 0)
		log_info("%s; relying on periodic verification of the rules", err.text);
	return watch;
}

void rules_watch_free(struct rules_watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->readable);
	timer_stop(&watch->reopen);
	ev_timer_stop(watch->loop, &watch->legacy);
	nftables_monitor_close(watch->monitor);
	free(watch);
}
