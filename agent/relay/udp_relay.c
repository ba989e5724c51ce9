/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udp_relay.h"

#include "lib/base/memory.h"
#include "lib/base/timer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#define DATAGRAM_SIZE	   65536
#define DATAGRAMS_PER_TURN 64

/* @name: what identifies it among the listener's clients; compared as bytes */
struct client {
	UT_hash_handle hh;
	struct client *previous, *next; /* all of the relay, those that were idle longest first */
	struct udp_relay_listener *listener;
	struct sockaddr_storage name;
	socklen_t name_length;
	ev_tstamp used;
	ev_io answers;
};

struct udp_relay {
	struct ev_loop *loop;
	struct client *clients;
	size_t count;
	size_t limit;
	double idle_seconds;
	struct timer expiry;
	char datagram[DATAGRAM_SIZE];
};

struct udp_relay_listener {
	struct udp_relay *relay;
	struct client *clients;
	struct socket_name target;
	ev_io incoming;
};

static void client_drop(struct client *client)
{
	struct udp_relay *relay = client->listener->relay;

	ev_io_stop(relay->loop, &client->answers);
	close(client->answers.fd);
	HASH_DEL(client->listener->clients, client);
	DL_DELETE2(relay->clients, client, previous, next);
	relay->count--;
	free(client);
}

static void client_use(struct client *client)
{
	struct udp_relay *relay = client->listener->relay;

	client->used = ev_now(relay->loop);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a member's neighbours are there */
	DL_DELETE2(relay->clients, client, previous, next);
	DL_APPEND2(relay->clients, client, previous, next);
}

static void on_answers(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = container_of(io, struct client, answers);
	struct udp_relay *relay = client->listener->relay;

	(void)loop;
	(void)events;
	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		ssize_t length = recv(io->fd, relay->datagram, sizeof(relay->datagram), 0);

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length < 0) {
			/* Nobody listens there any more; the client finds out by waiting. */
			client_drop(client);
			return;
		}
		client_use(client);
		(void)!sendto(client->listener->incoming.fd, relay->datagram, (size_t)length, 0,
			      (const struct sockaddr *)&client->name, client->name_length);
	}
}

static void start_expiry(struct udp_relay *relay)
{
	if (timer_is_running(&relay->expiry) || !relay->clients)
		return;
	timer_start(&relay->expiry,
		    relay->clients->used + relay->idle_seconds - ev_now(relay->loop));
}

static void on_expiry(void *owner)
{
	struct udp_relay *relay = owner;

	while (relay->clients && relay->clients->used + relay->idle_seconds <= ev_now(relay->loop))
		client_drop(relay->clients);
	start_expiry(relay);
}

/* Return: the client of that name, perhaps a new one; NULL if the target cannot be reached */
static struct client *client_get(struct udp_relay_listener *listener,
				 const struct sockaddr_storage *name, socklen_t length)
{
	struct udp_relay *relay = listener->relay;
	struct client *client;
	int fd;

	HASH_FIND(hh, listener->clients, name, sizeof(*name), client);
	if (client) {
		client_use(client);
		return client;
	}
	if (relay->count == relay->limit)
		client_drop(relay->clients);
	fd = socket_name_connect(&listener->target, SOCK_DGRAM);
	if (fd < 0)
		return NULL;
	client = memory_allocate(sizeof(*client));
	client->listener = listener;
	client->name = *name;
	client->name_length = length;
	client->used = ev_now(relay->loop);
	ev_io_init(&client->answers, on_answers, fd, EV_READ);
	ev_io_start(relay->loop, &client->answers);
	HASH_ADD(hh, listener->clients, name, sizeof(client->name), client);
	DL_APPEND2(relay->clients, client, previous, next);
	relay->count++;
	start_expiry(relay);
	return client;
}

static void on_incoming(struct ev_loop *loop, ev_io *io, int events)
{
	struct udp_relay_listener *listener = container_of(io, struct udp_relay_listener, incoming);
	struct udp_relay *relay = listener->relay;

	(void)loop;
	(void)events;
	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		struct sockaddr_storage name;
		socklen_t name_length = sizeof(name);
		struct client *client;
		ssize_t length;

		memset(&name, 0, sizeof(name));
		length = recvfrom(io->fd, relay->datagram, sizeof(relay->datagram), 0,
				  (struct sockaddr *)&name, &name_length);
		if (length < 0)
			return;
		client = client_get(listener, &name, name_length);
		if (client)
			(void)!send(client->answers.fd, relay->datagram, (size_t)length, 0);
	}
}

int udp_relay_listen(struct udp_relay *relay, const struct socket_name *name,
		     const struct socket_name *target, struct udp_relay_listener **ret)
{
	struct udp_relay_listener *listener;
	int fd = socket_name_bind(name, SOCK_DGRAM);

	if (fd < 0)
		return fd;
	listener = memory_allocate(sizeof(*listener));
	listener->relay = relay;
	listener->target = *target;
	ev_io_init(&listener->incoming, on_incoming, fd, EV_READ);
	ev_io_start(relay->loop, &listener->incoming);
	*ret = listener;
	return 0;
}

void udp_relay_close(struct udp_relay_listener *listener)
{
	struct client *client, *next;

	if (!listener)
		return;
	HASH_ITER (hh, listener->clients, client, next) {
		client_drop(client);
	}
	ev_io_stop(listener->relay->loop, &listener->incoming);
	close(listener->incoming.fd);
	free(listener);
}

size_t udp_relay_client_count(const struct udp_relay *relay)
{
	return relay->count;
}

struct udp_relay *udp_relay_new(struct ev_loop *loop, size_t limit, double idle_seconds)
{
	struct udp_relay *relay = memory_allocate(sizeof(*relay));

	relay->loop = loop;
	relay->limit = limit;
	relay->idle_seconds = idle_seconds;
	timer_init(&relay->expiry, relay->loop, on_expiry, relay);
	return relay;
}

void udp_relay_free(struct udp_relay *relay)
{
	if (!relay)
		return;
	timer_stop(&relay->expiry);
	free(relay);
}
