/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_watch.h"

#include "lib/base/log.h"

/* The rest of a burst of address changes arrives within this time. */
#define ADDRESSES_SECONDS 0.02

#define RETRY_SECONDS 1.0

struct link_watch {
	struct ev_loop *loop;
	struct link *link;
	struct node_state *node;
	struct verifier *verifier;
	void (*on_addresses)(void *owner);
	void *owner;
	ev_io readable;
	ev_timer addresses;
};

static void schedule(struct link_watch *watch, double after)
{
	if (ev_is_active(&watch->addresses))
		return;
	ev_timer_set(&watch->addresses, after, 0.);
	ev_timer_start(watch->loop, &watch->addresses);
}

static void on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct link_watch *watch = container_of(timer, struct link_watch, addresses);
	struct error err = {0};

	(void)loop;
	(void)events;
	if (node_state_read_addresses(watch->node, watch->link, &err) < 0) {
		log_warning("reading the node's addresses: %s; retrying in %.0f s", err.text,
			    RETRY_SECONDS);
		schedule(watch, RETRY_SECONDS);
		return;
	}
	watch->on_addresses(watch->owner);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct link_watch *watch = container_of(io, struct link_watch, readable);
	struct error err = {0};
	int seen = link_monitor_read(watch->link, &err);

	(void)events;
	if (seen < 0) {
		log_warning("rtnetlink: %s; relying on periodic verification", err.text);
		ev_io_stop(loop, io);
		return;
	}
	if (seen & (LINK_EVENT_BOUND | LINK_EVENT_LOST))
		verifier_hurry(watch->verifier, FACILITY_LINK);
	if (seen & (LINK_EVENT_NODE | LINK_EVENT_LOST))
		schedule(watch, ADDRESSES_SECONDS);
}

struct link_watch *link_watch_new(struct ev_loop *loop, struct link *link, struct node_state *node,
				  struct verifier *verifier, void (*on_addresses)(void *owner),
				  void *owner)
{
	struct link_watch *watch = memory_allocate(sizeof(*watch));

	watch->loop = loop;
	watch->link = link;
	watch->node = node;
	watch->verifier = verifier;
	watch->on_addresses = on_addresses;
	watch->owner = owner;
	ev_timer_init(&watch->addresses, on_due, 0., 0.);
	ev_io_init(&watch->readable, on_readable, link_monitor_descriptor(link), EV_READ);
	ev_io_start(loop, &watch->readable);
	return watch;
}

void link_watch_free(struct link_watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->readable);
	ev_timer_stop(watch->loop, &watch->addresses);
	free(watch);
}
