/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_watch.h"

#include "lib/base/log.h"
#include "lib/base/timer.h"

/* The rest of a burst of address changes arrives within this time. */
#define ADDRESSES_SECONDS 0.02

#define RETRY_SECONDS 1.0

#define REOPEN_SECONDS_MIN 0.1
#define REOPEN_SECONDS_MAX 30.0

/**
 * enum link_watch_state - whether changes are noticed
 *   LISTENING  at once; SILENT when the socket fails
 *   SILENT     not at all, until another socket listens: then LISTENING, and all is read again
 */
enum link_watch_state { LINK_WATCH_STATE_LISTENING, LINK_WATCH_STATE_SILENT };

struct link_watch {
	struct ev_loop *loop;
	struct link *link;
	struct node_state *node;
	struct verifier *verifier;
	void (*on_addresses)(void *owner);
	void (*on_lost)(void *owner, enum health_part part, const char *reason);
	void *owner;
	enum link_watch_state state;
	double reopen_seconds;
	ev_io readable;
	struct timer addresses;
	struct timer reopen;
};

static void schedule(struct link_watch *watch, double after)
{
	if (timer_is_running(&watch->addresses))
		return;
	timer_start(&watch->addresses, after);
}

static void on_due(void *owner)
{
	struct link_watch *watch = owner;
	struct error err = {0};

	if (node_state_read_addresses(watch->node, watch->link, &err) < 0) {
		log_warning("reading the node's addresses: %s; retrying in %.0f s", err.text,
			    RETRY_SECONDS);
		schedule(watch, RETRY_SECONDS);
		return;
	}
	watch->on_addresses(watch->owner);
}

static void listen_to(struct link_watch *watch)
{
	ev_io_set(&watch->readable, link_monitor_descriptor(watch->link), EV_READ);
	ev_io_start(watch->loop, &watch->readable);
}

static void schedule_reopening(struct link_watch *watch)
{
	timer_start(&watch->reopen, watch->reopen_seconds);
	watch->reopen_seconds *= 4;
	if (watch->reopen_seconds > REOPEN_SECONDS_MAX)
		watch->reopen_seconds = REOPEN_SECONDS_MAX;
}

static void fall_silent(struct link_watch *watch, const struct error *err)
{
	ev_io_stop(watch->loop, &watch->readable);
	if (watch->state == LINK_WATCH_STATE_LISTENING)
		log_warning(
			"rtnetlink: %s; reopening it, until then address changes of this node are noticed late",
			err->text);
	watch->state = LINK_WATCH_STATE_SILENT;
	watch->on_lost(watch->owner, HEALTH_PART_ADDRESS_EVENTS, err->text);
	schedule_reopening(watch);
}

static void look_at_all(struct link_watch *watch)
{
	verifier_hurry(watch->verifier, FACILITY_LINK);
	schedule(watch, ADDRESSES_SECONDS);
}

/* Whether the socket works shows when it has brought something, so only then the delay is reset. */
static void on_reopen(void *owner)
{
	struct link_watch *watch = owner;
	struct error err = {0};

	if (link_monitor_reopen(watch->link, &err) < 0) {
		fall_silent(watch, &err);
	} else {
		log_info("rtnetlink works again");
		watch->state = LINK_WATCH_STATE_LISTENING;
		watch->on_lost(watch->owner, HEALTH_PART_ADDRESS_EVENTS, "");
		listen_to(watch);
	}
	look_at_all(watch);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct link_watch *watch = container_of(io, struct link_watch, readable);
	struct error err = {0};
	int seen = link_monitor_read(watch->link, &err);

	(void)loop;
	(void)events;
	if (seen < 0) {
		fall_silent(watch, &err);
		return;
	}
	watch->reopen_seconds = REOPEN_SECONDS_MIN;
	if (seen & LINK_EVENT_LOST)
		look_at_all(watch);
	if (seen & LINK_EVENT_BOUND)
		verifier_hurry(watch->verifier, FACILITY_LINK);
	if (seen & LINK_EVENT_NODE)
		schedule(watch, ADDRESSES_SECONDS);
}

struct link_watch *
link_watch_new(struct ev_loop *loop, struct link *link, struct node_state *node,
	       struct verifier *verifier, void (*on_addresses)(void *owner),
	       void (*on_lost)(void *owner, enum health_part part, const char *reason), void *owner)
{
	struct link_watch *watch = memory_allocate(sizeof(*watch));

	watch->loop = loop;
	watch->link = link;
	watch->node = node;
	watch->verifier = verifier;
	watch->on_addresses = on_addresses;
	watch->on_lost = on_lost;
	watch->owner = owner;
	watch->reopen_seconds = REOPEN_SECONDS_MIN;
	timer_init(&watch->addresses, watch->loop, on_due, watch);
	timer_init(&watch->reopen, watch->loop, on_reopen, watch);
	ev_init(&watch->readable, on_readable);
	listen_to(watch);
	return watch;
}

void link_watch_free(struct link_watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->readable);
	timer_stop(&watch->addresses);
	timer_stop(&watch->reopen);
	free(watch);
}
