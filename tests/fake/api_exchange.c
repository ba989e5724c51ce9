/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_exchange.h"

#include <poll.h>
#include <sys/socket.h>

/* How often a thread that waits looks whether its client is still there. */
#define LOOK_SECONDS 0.2

struct timespec api_exchange_seconds_from_now(double seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)seconds;
	at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

bool api_exchange_is_past(const struct timespec *at)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

static int socket_of(struct api_exchange *exchange)
{
	return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

static bool is_client_gone(struct api_exchange *exchange)
{
	struct pollfd descriptor = {.fd = socket_of(exchange), .events = POLLRDHUP};

	return poll(&descriptor, 1, 0) > 0 && descriptor.revents;
}

/* The lock is held. Return: false if the thread is to end */
bool api_exchange_wait(struct api_exchange *exchange)
{
	struct timespec until = api_exchange_seconds_from_now(LOOK_SECONDS);

	pthread_cond_timedwait(&exchange->server->changed, &exchange->server->lock, &until);
	return !exchange->server->is_stopping && !is_client_gone(exchange);
}

bool api_exchange_pause(struct api_exchange *exchange, double seconds)
{
	struct timespec until = api_exchange_seconds_from_now(seconds);

	while (!exchange->server->is_stopping && !api_exchange_is_past(&until))
		pthread_cond_timedwait(&exchange->server->changed, &exchange->server->lock, &until);
	return !exchange->server->is_stopping && !is_client_gone(exchange);
}

ssize_t api_exchange_reset(struct api_exchange *exchange)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(socket_of(exchange), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

void api_exchange_send(struct api_exchange *exchange, const char *bytes, size_t size)
{
	struct pollfd descriptor = {.fd = socket_of(exchange), .events = POLLOUT};

	while (size > 0 && poll(&descriptor, 1, -1) > 0) {
		ssize_t sent = send(descriptor.fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return;
		bytes += sent;
		size -= (size_t)sent;
	}
}
