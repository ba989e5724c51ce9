/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "acceptor.h"

#include "memory.h"
#include "timer.h"

#include <errno.h>
#include <unistd.h>

/* So few that what came with them is read before the next ones are let in. */
#define ACCEPTS_PER_TURN 16

#define PAUSE_SECONDS 0.1

struct acceptor {
	struct ev_loop *loop;
	void (*accepted)(void *owner, int fd, const struct socket_name *peer);
	void *owner;
	ev_io incoming;
	struct timer pause;
};

static bool is_shortage(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS;
}

static void on_incoming(struct ev_loop *loop, ev_io *io, int events)
{
	struct acceptor *acceptor = container_of(io, struct acceptor, incoming);

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct socket_name peer = {.length = sizeof(peer.storage)};
		int fd = accept4(io->fd, (struct sockaddr *)&peer.storage, &peer.length,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			acceptor->accepted(acceptor->owner, fd, &peer);
			continue;
		}
		/* One that has gone again is no reason to leave the others waiting. */
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (is_shortage(errno)) {
			ev_io_stop(loop, io);
			timer_start(&acceptor->pause, PAUSE_SECONDS);
		}
		return;
	}
}

static void on_pause_over(void *owner)
{
	struct acceptor *acceptor = owner;

	ev_io_start(acceptor->loop, &acceptor->incoming);
}

struct acceptor *acceptor_new(struct ev_loop *loop, int fd,
			      void (*accepted)(void *owner, int fd, const struct socket_name *peer),
			      void *owner)
{
	struct acceptor *acceptor = memory_allocate(sizeof(*acceptor));

	acceptor->loop = loop;
	acceptor->accepted = accepted;
	acceptor->owner = owner;
	timer_init(&acceptor->pause, loop, on_pause_over, acceptor);
	ev_io_init(&acceptor->incoming, on_incoming, fd, EV_READ);
	ev_io_start(loop, &acceptor->incoming);
	return acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
	if (!acceptor)
		return;
	ev_io_stop(acceptor->loop, &acceptor->incoming);
	timer_stop(&acceptor->pause);
	close(acceptor->incoming.fd);
	free(acceptor);
}
