/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"

#include <signal.h>
#include <string.h>

struct signals {
	struct ev_loop *loop;
	ev_signal stop[2];
	ev_signal hangup;
	void (*on_hangup)(void *owner);
	void *owner;
};

static void on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)events;
	log_info("%s: stopping; the kernel keeps forwarding as programmed",
		 strsignal(signal->signum));
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events)
{
	struct signals *signals = container_of(signal, struct signals, hangup);

	(void)loop;
	(void)events;
	signals->on_hangup(signals->owner);
}

struct signals *signals_new(struct ev_loop *loop, void (*hung_up)(void *owner), void *owner)
{
	static const int stopping[2] = {SIGTERM, SIGINT};
	struct signals *signals = memory_allocate(sizeof(*signals));

	signals->loop = loop;
	signals->on_hangup = hung_up;
	signals->owner = owner;
	for (size_t i = 0; i < COUNT(stopping); i++) {
		ev_signal_init(&signals->stop[i], on_stop, stopping[i]);
		ev_signal_start(loop, &signals->stop[i]);
	}
	ev_signal_init(&signals->hangup, on_hangup, SIGHUP);
	ev_signal_start(loop, &signals->hangup);
	signal(SIGPIPE, SIG_IGN);
	return signals;
}

void signals_free(struct signals *signals)
{
	if (!signals)
		return;
	for (size_t i = 0; i < COUNT(signals->stop); i++)
		ev_signal_stop(signals->loop, &signals->stop[i]);
	ev_signal_stop(signals->loop, &signals->hangup);
	free(signals);
}
