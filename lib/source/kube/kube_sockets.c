/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_sockets.h"

#include "lib/base/timer.h"

#include <stdbool.h>
#include <utlist.h>

/* @events: 0 = libcurl does not wait for it at the moment */
struct watched {
	struct kube_sockets *sockets;
	struct watched *prev, *next;
	int events;
	ev_io io;
};

struct kube_sockets {
	struct ev_loop *loop;
	void (*on_ready)(void *owner, curl_socket_t socket, int events);
	void *owner;
	CURLM *multi;
	struct watched *watched;
	struct timer timeout;
	bool is_paused;
	bool is_due; /* the time came during the pause */
};

static void on_timeout(void *owner)
{
	struct kube_sockets *sockets = owner;

	sockets->is_due = sockets->is_paused;
	if (!sockets->is_paused)
		sockets->on_ready(sockets->owner, CURL_SOCKET_TIMEOUT, 0);
}

static void on_socket_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct kube_sockets *sockets = container_of(io, struct watched, io)->sockets;

	(void)loop;
	/* The pause may have begun in this turn of the loop. */
	if (!sockets->is_paused)
		sockets->on_ready(sockets->owner, io->fd,
				  (events & EV_READ ? CURL_CSELECT_IN : 0) |
					  (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void start_timeout(struct kube_sockets *sockets, double seconds)
{
	ev_now_update(sockets->loop);
	timer_stop(&sockets->timeout);
	timer_start(&sockets->timeout, seconds);
}

static int on_timer_wanted(CURLM *multi, long milliseconds, void *owner)
{
	struct kube_sockets *sockets = owner;

	(void)multi;
	sockets->is_due = false;
	timer_stop(&sockets->timeout);
	if (milliseconds >= 0)
		start_timeout(sockets, (double)milliseconds / 1000);
	return 0;
}

static void watch(struct watched *watched)
{
	struct ev_loop *loop = watched->sockets->loop;

	ev_io_stop(loop, &watched->io);
	ev_io_set(&watched->io, watched->io.fd, watched->events);
	if (watched->events && !watched->sockets->is_paused)
		ev_io_start(loop, &watched->io);
}

static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *owner, void *data)
{
	struct kube_sockets *sockets = owner;
	struct watched *watched = data;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(sockets->multi, socket, NULL);
		if (!watched)
			return 0;
		ev_io_stop(sockets->loop, &watched->io);
		DL_DELETE(sockets->watched, watched);
		free(watched);
		return 0;
	}
	if (!watched) {
		watched = memory_allocate(sizeof(*watched));
		watched->sockets = sockets;
		ev_io_init(&watched->io, on_socket_ready, socket, 0);
		DL_APPEND(sockets->watched, watched);
		curl_multi_assign(sockets->multi, socket, watched);
	}
	watched->events =
		(what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
	watch(watched);
	return 0;
}

struct kube_sockets *
kube_sockets_new(struct ev_loop *loop, CURLM *multi,
		 void (*on_ready)(void *owner, curl_socket_t socket, int events), void *owner)
{
	struct kube_sockets *sockets = memory_allocate(sizeof(*sockets));

	sockets->loop = loop;
	sockets->multi = multi;
	sockets->on_ready = on_ready;
	sockets->owner = owner;
	timer_init(&sockets->timeout, sockets->loop, on_timeout, sockets);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, sockets);
	return sockets;
}

void kube_sockets_free(struct kube_sockets *sockets)
{
	if (!sockets)
		return;
	timer_stop(&sockets->timeout);
	free(sockets);
}

void kube_sockets_pause(struct kube_sockets *sockets)
{
	struct watched *watched;

	if (sockets->is_paused)
		return;
	sockets->is_paused = true;
	DL_FOREACH(sockets->watched, watched)
	watch(watched);
}

void kube_sockets_resume(struct kube_sockets *sockets)
{
	struct watched *watched;

	if (!sockets->is_paused)
		return;
	sockets->is_paused = false;
	DL_FOREACH(sockets->watched, watched)
	watch(watched);
	if (sockets->is_due)
		start_timeout(sockets, 0.);
	sockets->is_due = false;
}
