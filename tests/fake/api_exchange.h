/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_EXCHANGE_H
#define FAKE_API_EXCHANGE_H

#include "api_access.h"
#include "api_answer.h"
#include "api_events.h"
#include "api_faults.h"
#include "api_protobuf.h"
#include "api_server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

/*
 * One request and its answer, inside the API server. api_request.c decides on the answer, api_body.c
 * sends it.
 */

struct api_server {
	struct MHD_Daemon *daemon;
	struct api_store *store;
	struct api_lists *lists;
	struct api_faults *faults;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *tokens;
	char *users;
	char *requests;
	FILE *log;
	struct api_events *events;
	double bookmark_seconds;
	bool has_client_authority;
	bool is_stopping;
};

/* A request with its body, and then its answer. */
struct api_exchange {
	struct api_server *server;
	struct MHD_Connection *connection;
	const char *method;
	char *target;
	char user[API_ACCESS_USER_SIZE];
	const char *verb;
	enum api_resource resource;
	struct api_fault fault;
	char *body;
	size_t body_length;
	struct api_watch watch;
	struct timespec end; /* of a watch */
	struct timespec bookmark;
	bool is_watch;
	bool is_protobuf; /* the answer is to be that */
	char *text;	  /* JSON, what is to be said next; a line for each event of a watch */
	struct api_bytes bytes; /* that, as it is sent, from @offset on */
	size_t offset;
	size_t sent;
};

struct timespec api_exchange_seconds_from_now(double seconds);
bool api_exchange_is_past(const struct timespec *at);

/** api_exchange_wait() - for a change of objects or faults; the lock is held. Return: false if the
 *  thread is to end */
bool api_exchange_wait(struct api_exchange *exchange);

/** api_exchange_pause() - for so long, with the lock given up; Return: as api_exchange_wait() */
bool api_exchange_pause(struct api_exchange *exchange, double seconds);

/** api_exchange_reset() - the client sees a reset connection; Return: what to return for that */
ssize_t api_exchange_reset(struct api_exchange *exchange);

/** api_exchange_send() - these bytes, without TLS and past everything else */
void api_exchange_send(struct api_exchange *exchange, const char *bytes, size_t size);

#endif
