/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_clients.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"

#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

/* How late the end of a time may be noticed. */
#define LOOK_SECONDS 0.5

/* What one host needs at most, by far: its probes and scrapes are answered before the next come. */
#define PER_ADDRESS	   16
#define PER_SERVER	   64
#define TOTAL		   1024
#define REQUEST_SECONDS	   5.0
#define CONNECTION_SECONDS 60.0

/**
 * enum client_state - what a connection is waiting for
 *   ASKING     the rest of a request's header; to ANSWERED, or to LEAVING when its time is over
 *   ANSWERED   the end of the answer; to ASKING
 *   LEAVING    shut down, and to be freed by the server; counts no more
 */
enum client_state { CLIENT_STATE_ASKING, CLIENT_STATE_ANSWERED, CLIENT_STATE_LEAVING };

struct http_client {
	struct http_client *prev, *next; /* the oldest first */
	struct http_clients *clients;
	const void *server;
	struct address address; /* of IPv6 the first half */
	enum client_state state;
	int fd;
	bool is_local;
	double began;
	double asking_since;
};

struct http_clients {
	struct http_limits limits;
	struct http_client *first;
	size_t count;		     /* without those that leave */
	struct http_client **rivals; /* scratch: room for as many as one server may have */
	struct timer look;
};

struct http_limits http_limits_default(size_t descriptors)
{
	return (struct http_limits){
		.per_address = PER_ADDRESS,
		.per_server = PER_SERVER,
		.total = descriptors / 4 < TOTAL ? descriptors / 4 : TOTAL,
		.request = REQUEST_SECONDS,
		.connection = CONNECTION_SECONDS,
	};
}

/* The server notices by the end of the data, and frees it. */
static void dismiss(struct http_client *client)
{
	client->state = CLIENT_STATE_LEAVING;
	client->clients->count--;
	shutdown(client->fd, SHUT_RDWR);
}

static bool is_over(const struct http_client *client, double now)
{
	const struct http_limits *limits = &client->clients->limits;

	return now - client->began >= limits->connection ||
	       (client->state == CLIENT_STATE_ASKING &&
		now - client->asking_since >= limits->request);
}

static void on_look(void *owner)
{
	struct http_clients *clients = owner;
	struct http_client *client;
	double now = clock_now();

	DL_FOREACH(clients->first, client)
	{
		if (client->state != CLIENT_STATE_LEAVING && is_over(client, now))
			dismiss(client);
	}
	if (clients->count)
		timer_start(&clients->look, LOOK_SECONDS);
}

struct http_clients *http_clients_new(struct ev_loop *loop, const struct http_limits *limits)
{
	struct http_clients *clients = memory_allocate(sizeof(*clients));

	clients->limits = *limits;
	clients->rivals = memory_array(limits->per_server, sizeof(struct http_client *));
	timer_init(&clients->look, loop, on_look, clients);
	return clients;
}

void http_clients_free(struct http_clients *clients)
{
	if (!clients)
		return;
	timer_stop(&clients->look);
	free(clients->rivals);
	free(clients);
}

static bool is_rival(const struct http_client *client, const struct http_client *newcomer)
{
	return client->state != CLIENT_STATE_LEAVING && client->server == newcomer->server &&
	       client->is_local == newcomer->is_local;
}

/* Fills clients->rivals; Return: how many: those that @newcomer has to share its room with */
static size_t find_rivals(const struct http_client *newcomer)
{
	struct http_clients *clients = newcomer->clients;
	struct http_client *client;
	size_t count = 0;

	DL_FOREACH(clients->first, client)
	{
		if (is_rival(client, newcomer))
			clients->rivals[count++] = client;
	}
	return count;
}

/* How many of the rivals come from there; @oldest: the first of them */
static size_t count_host(const struct http_clients *clients, size_t rivals,
			 const struct address *address, struct http_client **oldest)
{
	size_t count = 0;

	for (size_t i = rivals; i-- > 0;) {
		if (!address_is_equal(&clients->rivals[i]->address, address))
			continue;
		*oldest = clients->rivals[i];
		count++;
	}
	return count;
}

/* Return: the oldest of the address that has most of the rivals */
static struct http_client *find_greediest(const struct http_clients *clients, size_t rivals)
{
	struct http_client *found = NULL;
	size_t most = 0;

	for (size_t i = 0; i < rivals; i++) {
		struct http_client *oldest = NULL;
		size_t count = count_host(clients, rivals, &clients->rivals[i]->address, &oldest);

		if (count > most) {
			most = count;
			found = oldest;
		}
	}
	return found;
}

static void make_room_at_server(struct http_client *newcomer)
{
	const struct http_clients *clients = newcomer->clients;
	size_t rivals = find_rivals(newcomer);
	struct http_client *oldest = NULL;
	size_t neighbours = count_host(clients, rivals, &newcomer->address, &oldest);

	if (!newcomer->is_local && oldest && neighbours >= clients->limits.per_address)
		dismiss(oldest);
	else if (rivals >= clients->limits.per_server)
		dismiss(find_greediest(clients, rivals));
}

/* Other hosts first: this one's own probes are what restarts the agent. */
static void make_room_at_all(struct http_clients *clients)
{
	struct http_client *client, *oldest = NULL;

	DL_FOREACH(clients->first, client)
	{
		if (client->state == CLIENT_STATE_LEAVING)
			continue;
		if (!client->is_local) {
			dismiss(client);
			return;
		}
		if (!oldest)
			oldest = client;
	}
	if (oldest)
		dismiss(oldest);
}

static struct address host_of(const struct address *address)
{
	struct address host = *address;

	if (host.family == AF_INET6)
		memset(host.bytes + 8, 0, 8);
	return host;
}

struct http_client *http_clients_add(struct http_clients *clients, const void *server, int fd,
				     const struct address *address, bool is_local)
{
	struct http_client *client = memory_allocate(sizeof(*client));

	client->clients = clients;
	client->server = server;
	client->fd = fd;
	client->address = host_of(address);
	client->is_local = is_local;
	client->began = clock_now();
	client->asking_since = client->began;
	make_room_at_server(client);
	if (clients->count >= clients->limits.total)
		make_room_at_all(clients);
	DL_APPEND(clients->first, client);
	clients->count++;
	timer_ensure(&clients->look, LOOK_SECONDS);
	return client;
}

struct http_client *http_clients_find(const struct http_clients *clients, const void *server,
				      int fd)
{
	struct http_client *client;

	DL_FOREACH(clients->first, client)
	{
		if (client->fd == fd && client->server == server)
			return client;
	}
	return NULL;
}

void http_client_asked(struct http_client *client)
{
	if (client->state == CLIENT_STATE_ASKING)
		client->state = CLIENT_STATE_ANSWERED;
}

void http_client_answered(struct http_client *client)
{
	if (client->state != CLIENT_STATE_ANSWERED)
		return;
	client->state = CLIENT_STATE_ASKING;
	client->asking_since = clock_now();
}

void http_client_free(struct http_client *client)
{
	struct http_clients *clients;

	if (!client)
		return;
	clients = client->clients;
	if (client->state != CLIENT_STATE_LEAVING)
		clients->count--;
	DL_DELETE(clients->first, client);
	free(client);
}

size_t http_clients_count(const struct http_clients *clients)
{
	return clients->count;
}
